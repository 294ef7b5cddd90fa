import { chmod, link, symlink as makeSymlink, mkdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { identifyRecipeFiles, readRecipeFiles } from "../../src/image/recipe-files.js";
import { createTree } from "../../src/image/tree.js";
import type { RecipeFiles } from "../../src/recipe/recipe.js";
import { collect } from "../../src/stream/bytes.js";
import type { WriteEntry } from "../../src/tar/entry.js";
import { sortEntries } from "../../src/tar/sort.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { directory, file, listedFiles, symlink, tarOf } from "./make.js";

const test = suite("image/recipe-files");

const FILES: Readonly<Record<string, string>> = {
  "app/main.js": "main",
  "app/lib/a.js": "a",
  "app/lib/b.ts": "b",
  "app/lib/deep/c.js": "c",
  "app/.env": "secret",
  "readme.md": "readme",
  "ignore.txt": "# comment\n*.ts\n.env\n",
};

/** A recipe's folder with those files. */
async function recipeFolder(context: TestContext): Promise<string> {
  const folder = await tempFolder(context);
  for (const [path, content] of Object.entries(FILES)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

const item = (from: string, to: string, more: Partial<RecipeFiles> = {}): RecipeFiles => ({
  from,
  to,
  ignore: [],
  ...more,
});

async function read(folder: string, files: readonly RecipeFiles[], lower: readonly WriteEntry[] = []) {
  const tree = createTree();
  tree.apply(await listedFiles(lower));
  const entries = await readRecipeFiles(tree, files, { folder, mtime: 7 });
  // What is given can be written: no path twice, no link without its target.
  await tarOf(sortEntries(entries));
  return { tree, entries };
}

/** Directories end in a slash, symlinks and hard links tell their target. */
const show = ({ path, type, linkpath }: WriteEntry) =>
  type === "directory" ? `${path}/` : linkpath === undefined ? path : `${path} ${type} ${linkpath}`;

const CASES: readonly (readonly [title: string, files: readonly RecipeFiles[], expected: readonly string[]])[] = [
  ["a file to a path", [item("readme.md", "/srv/README")], ["srv/", "srv/README"]],
  ["a file into a folder", [item("readme.md", "/srv/")], ["srv/", "srv/readme.md"]],
  ["a file into the root", [item("readme.md", "/")], ["readme.md"]],
  ["a file with ./ before it", [item("./readme.md", "/srv/")], ["srv/", "srv/readme.md"]],
  [
    "a folder: what is in it",
    [item("app/lib", "/srv/lib")],
    ["srv/", "srv/lib/", "srv/lib/a.js", "srv/lib/b.ts", "srv/lib/deep/", "srv/lib/deep/c.js"],
  ],
  [
    "a folder with a slash, into a folder with one",
    [item("app/lib/", "/srv/lib/")],
    ["srv/", "srv/lib/", "srv/lib/a.js", "srv/lib/b.ts", "srv/lib/deep/", "srv/lib/deep/c.js"],
  ],
  ["a glob, from its first wildcard on", [item("app/*/*.js", "/srv")], ["srv/", "srv/lib/", "srv/lib/a.js"]],
  [
    "a glob over folders",
    [item("app/**/*.js", "/srv/")],
    ["srv/", "srv/lib/", "srv/lib/a.js", "srv/lib/deep/", "srv/lib/deep/c.js", "srv/main.js"],
  ],
  ["a list of globs to ignore", [item("app", "/srv", { ignore: ["lib", "*.env"] })], ["srv/", "srv/main.js"]],
  [
    "an ignore file, and what takes back",
    [item("app/", "/srv", { ignoreFile: "ignore.txt", ignore: ["!b.ts"] })],
    ["srv/", "srv/lib/", "srv/lib/a.js", "srv/lib/b.ts", "srv/lib/deep/", "srv/lib/deep/c.js", "srv/main.js"],
  ],
];

for (const [title, files, expected] of CASES) {
  test(`readRecipeFiles() takes ${title}`, async (context) => {
    const { entries } = await read(await recipeFolder(context), files);
    assert.equal(entries.map(show).sort(), expected);
    assert.ok(entries.every(({ uid, gid, mtime }) => uid === 0 && gid === 0 && mtime === 7));
  });
}

test("an empty folder makes the folder that it goes to", async (context) => {
  const folder = await recipeFolder(context);
  await mkdir(join(folder, "empty"));
  assert.equal((await read(folder, [item("empty", "/srv/data")])).entries.map(show), ["srv/", "srv/data/"]);
});

test("modes tell only whether a file is executable; symlinks and hard links stay", async (context) => {
  const folder = await recipeFolder(context);
  await chmod(join(folder, "app/main.js"), 0o700);
  await chmod(join(folder, "app/.env"), 0o600);
  await makeSymlink("../main.js", join(folder, "app/lib/main"));
  await link(join(folder, "app/lib/a.js"), join(folder, "app/lib/z.js"));
  const { entries } = await read(folder, [item("app", "/srv")]);
  const modes = new Map(entries.map(({ path, mode }) => [path, mode]));
  assert.equal([modes.get("srv/main.js"), modes.get("srv/.env")], [0o755, 0o644]);
  assert.ok(entries.map(show).includes("srv/lib/main symlink ../main.js"));
  assert.ok(entries.map(show).includes("srv/lib/z.js hardlink srv/lib/a.js"));
});

test("a symlink that is named is followed to a folder, and kept to a file or to nothing", async (context) => {
  const folder = await recipeFolder(context);
  await makeSymlink("app/lib", join(folder, "current"));
  await makeSymlink("readme.md", join(folder, "doc"));
  await makeSymlink("/opt/elsewhere", join(folder, "dangling"));
  const files = [item("current", "/srv"), item("doc", "/doc"), item("dangling", "/opt/x")];
  assert.equal((await read(folder, files)).entries.map(show), [
    "srv/",
    "srv/a.js",
    "srv/b.ts",
    "srv/deep/",
    "srv/deep/c.js",
    "doc symlink readme.md",
    "opt/",
    "opt/x symlink /opt/elsewhere",
  ]);
});

test("folders of lower layers are not stated again, and their symlinks are gone through", async (context) => {
  const lower = [directory("srv", 0o700), directory("usr"), directory("usr/bin"), symlink("bin", "usr/bin")];
  const folder = await recipeFolder(context);
  const files = [item("app/lib", "/bin"), item("readme.md", "/srv/readme")];
  const { entries, tree } = await read(folder, files, lower);
  assert.equal(entries.map(show), ["usr/bin/a.js", "usr/bin/b.ts", "usr/bin/deep/", "usr/bin/deep/c.js", "srv/readme"]);
  assert.is(tree.lookup("srv")?.mode, 0o700);
});

test("a folder goes to the end of a symlink that leads nowhere", async (context) => {
  const { entries } = await read(
    await recipeFolder(context),
    [item("app/lib/deep", "/var/x")],
    [symlink("var", "data/var")],
  );
  assert.equal(entries.map(show), ["data/", "data/var/", "data/var/x/", "data/var/x/c.js"]);
});

test("later items replace earlier ones, and what lay below a folder that becomes a file is gone", async (context) => {
  const folder = await recipeFolder(context);
  await mkdir(join(folder, "other/lib"), { recursive: true });
  await writeFile(join(folder, "other/lib/deep"), "a file now");
  await writeFile(join(folder, "other/main.js"), "new");
  const { entries } = await read(folder, [item("app", "/srv"), item("other", "/srv")]);
  assert.equal(entries.map(show).sort(), [
    "srv/",
    "srv/.env",
    "srv/lib/",
    "srv/lib/a.js",
    "srv/lib/b.ts",
    "srv/lib/deep",
    "srv/main.js",
  ]);
  const main = entries.find(({ path }) => path === "srv/main.js");
  assert.is((await collect(main?.open?.() ?? ([].values() as never), 100)).toString(), "new");
});

test("an item goes through the symlink of an earlier item", async (context) => {
  const folder = await recipeFolder(context);
  await makeSymlink("/opt/data", join(folder, "link"));
  const { entries } = await read(folder, [item("link", "/srv/data"), item("readme.md", "/srv/data/")]);
  assert.equal(entries.map(show), ["srv/", "srv/data symlink /opt/data", "opt/", "opt/data/", "opt/data/readme.md"]);
});

test("hard links keep the content of a file that a later item replaces", async (context) => {
  const folder = await tempFolder(context);
  await mkdir(join(folder, "linked"));
  await writeFile(join(folder, "linked/a"), "old");
  for (const name of ["b", "c"]) await link(join(folder, "linked/a"), join(folder, "linked", name));
  await writeFile(join(folder, "new"), "new");
  const { entries } = await read(folder, [item("linked", "/"), item("new", "/a")]);
  assert.equal(entries.map(show).sort(), ["a", "b", "c hardlink b"]);
  const contents = sortEntries(entries).map(async ({ open }) => (open ? String(await collect(open(), 9)) : "-"));
  assert.equal(await Promise.all(contents), ["new", "old", "-"]);
});

test("a file of a lower layer on the way becomes a folder", async (context) => {
  const { entries } = await read(await recipeFolder(context), [item("readme.md", "/srv/x")], [file("srv")]);
  assert.equal(entries.map(show), ["srv/", "srv/x"]);
});

const REFUSED: readonly (readonly [title: string, files: RecipeFiles, words: RegExp])[] = [
  ["a from that leaves the folder", item("../x", "/srv"), /"\.\.\/x": it leaves the recipe's folder/],
  ["one that leaves it on the way", item("app/../../x", "/srv"), /leaves/],
  ["an absolute from", item("/etc/passwd", "/srv"), /leaves/],
  ["a symlink out of it", item("out", "/srv"), /"out": it leaves/],
  ["a file behind a symlink out of it", item("out/passwd", "/srv/"), /leaves/],
  ["a glob behind a symlink out of it", item("out/*", "/srv/"), /leaves/],
  ["a glob that matches nothing", item("*.rb", "/srv"), /nothing matches/],
  ["a file as a folder", item("readme.md/", "/srv"), /it is no folder/],
  ["a file in the place of a folder", item("readme.md", "/usr"), /"\/usr" is a folder in the image, wanted "\/usr\/"/],
];

for (const [title, files, words] of REFUSED) {
  test(`readRecipeFiles() refuses ${title}`, async (context) => {
    const folder = await recipeFolder(context);
    await makeSymlink("/etc", join(folder, "out"));
    const { message, detail } = await rejects(read(folder, [files], [directory("usr"), file("usr/x")]), "SYNTAX");
    assert.match(message, words);
    assert.is(detail.input, files.from);
  });
}

test("what is missing is an error of the operating system, by its path", async (context) => {
  const folder = await recipeFolder(context);
  const missing = [item("none", "/srv"), item("none/*", "/srv"), item("app", "/srv", { ignoreFile: "none" })];
  for (const files of missing) {
    const { detail } = await rejects(read(folder, [files]), "IO");
    assert.equal(detail, { path: join(folder, "none"), errno: "ENOENT" });
  }
});

test("no item takes away what another brings", async (context) => {
  const folder = await recipeFolder(context);
  const error = await rejects(read(folder, [item("readme.md", "/x"), item("readme.md", "/x/y")]), "SYNTAX");
  assert.match(error.message, /"\/x\/y": another item makes "\/x" a file/);
});

test("identifyRecipeFiles() changes with each file, its mode and its time, and reads none", async (context) => {
  const folder = await recipeFolder(context);
  await chmod(join(folder, "app/.env"), 0);
  const identify = async () => JSON.stringify(await identifyRecipeFiles([item("app", "/")], { folder, mtime: 0 }));
  let before = await identify();
  assert.is(await identify(), before);
  const changes = [
    () => writeFile(join(folder, "app/main.js"), "MAIN"),
    () => chmod(join(folder, "app/main.js"), 0o755),
    () => utimes(join(folder, "app/lib/a.js"), 1, 1),
    () => writeFile(join(folder, "app/new"), ""),
  ];
  for (const change of changes) {
    await change();
    const after = await identify();
    assert.is.not(after, before, String(change));
    before = after;
  }
});

test.run();
