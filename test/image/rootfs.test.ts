import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { type FileReport, reportFiles } from "../../src/image/files-report.js";
import { digestOf } from "../../src/oci/digest.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { missing, output } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { type Draft, file, folder, hardlink, putStack, symlink } from "../support/stack.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("image/rootfs", { deadlineMs: 180_000 });

/** `path`, `path/` of a folder, `path -> target`, `path == target`; of files with their layer. */
function show({ path, type, target, layer }: FileReport): string {
  if (type === "directory") return path === "/" ? path : `${path}/`;
  if (type === "symlink") return `${path} -> ${target}`;
  return type === "hardlink" ? `${path} == ${target}` : `${path} ${layer}`;
}

async function listStack(layers: readonly (readonly Draft[])[]): Promise<readonly string[]> {
  const store = createMemoryStore();
  const { files } = await reportFiles(store, await putStack(store, layers));
  return files.map(show);
}

const CASES: readonly (readonly [string, readonly (readonly Draft[])[], readonly string[]])[] = [
  ["no layer makes nothing", [], []],
  ["missing parents are made", [[file("a/b/c")]], ["/", "/a/", "/a/b/", "/a/b/c 0"]],
  ["a later layer's file wins", [[file("a", "1")], [file("a", "2")]], ["/", "/a 1"]],
  ["a whiteout hides one path", [[file("d/a"), file("d/b")], [file("d/.wh.a")]], ["/", "/d/", "/d/b 0"]],
  ["a whiteout hides a folder", [[file("d/a"), file("b")], [file(".wh.d")]], ["/", "/b 0"]],
  ["a whiteout of nothing is nothing", [[file("a")], [file(".wh.b"), file("x/.wh.y")]], ["/", "/a 0"]],
  ["a whiteout spares its own layer, before it", [[file("a", "1")], [file("a", "2"), file(".wh.a")]], ["/", "/a 1"]],
  ["a whiteout spares its own layer, after it", [[file("a", "1")], [file(".wh.a"), file("a", "2")]], ["/", "/a 1"]],
  [
    "a whiteout of a folder spares what its own layer put into it",
    [
      [file("d/a"), file("d/e/b")],
      [file("d/e/c"), file(".wh.d")],
    ],
    ["/", "/d/", "/d/e/", "/d/e/c 1"],
  ],
  [
    "an opaque whiteout hides what lower layers have in a folder",
    [
      [file("d/a"), file("d/e/b"), file("x")],
      [file("d/c"), file("d/.wh..wh..opq")],
    ],
    ["/", "/d/", "/d/c 1", "/x 0"],
  ],
  ["an opaque whiteout of the root", [[file("d/a")], [file(".wh..wh..opq"), file("b")]], ["/", "/b 1"]],
  ["a folder on a folder keeps what is in it", [[file("d/a")], [folder("d")]], ["/", "/d/", "/d/a 0"]],
  ["a file takes a folder's place", [[file("d/a")], [file("d", "1")]], ["/", "/d 1"]],
  ["a folder takes a file's place", [[file("d", "1")], [folder("d")]], ["/", "/d/"]],
  [
    "symlinks on the way are followed",
    [[folder("usr/lib"), symlink("lib", "usr/lib")], [file("lib/x")]],
    ["/", "/lib -> usr/lib", "/usr/", "/usr/lib/", "/usr/lib/x 1"],
  ],
  [
    "symlinks stay inside the root",
    [
      [symlink("up", "../../../../etc"), symlink("abs", "/etc")],
      [file("up/a"), file("abs/b")],
    ],
    ["/", "/abs -> /etc", "/etc/", "/etc/a 1", "/etc/b 1", "/up -> ../../../../etc"],
  ],
  [
    "whiteouts go through symlinks",
    [[file("usr/lib/x"), file("usr/lib/y"), symlink("lib", "usr/lib")], [file("lib/.wh.x")]],
    ["/", "/lib -> usr/lib", "/usr/", "/usr/lib/", "/usr/lib/y 0"],
  ],
  ["a whiteout of a symlink spares its target", [[file("a"), symlink("l", "a")], [file(".wh.l")]], ["/", "/a 0"]],
  [
    "a folder takes a symlink's place, as runtimes have it",
    [
      [folder("t"), symlink("l", "t")],
      [folder("l"), file("l/x")],
    ],
    ["/", "/l/", "/l/x 1", "/t/"],
  ],
  [
    "hard links are one file",
    [[file("b", "1"), hardlink("a", "b")], [hardlink("c", "b")]],
    ["/", "/a 0", "/b == /a", "/c == /a"],
  ],
  ["a hard link outlives its target", [[file("a", "1"), hardlink("b", "a")], [file(".wh.a")]], ["/", "/b 0"]],
  ["a hard link to nothing is told as it is", [[hardlink("a", "gone")]], ["/", "/a == /gone"]],
  ["what cannot be seen is escaped", [[file("a\n\x1b[1m\xff")]], ["/", "/a\\u{0a}\\u{1b}[1m\\xff 0"]],
];

for (const [title, layers, expected] of CASES) {
  test(title, async () => assert.equal(await listStack(layers), expected));
}

test("symlinks in a circle are refused", async () => {
  const error = await rejects(listStack([[symlink("a", "b"), symlink("b", "a")], [file("a/x")]]), "UNSAFE_ENTRY");
  assert.match(error.message, /circle/);
});

test("symlinks that lead deeper than a path may are refused", async () => {
  const deep = Array.from({ length: 900 }, () => "d").join("/");
  await rejects(listStack([[symlink("l", deep), file("l/l2/x")], [file(`l/${deep}/x`)]]), "UNSAFE_ENTRY");
});

/** Paths of everything below a folder; unlike `readdir` of Node 20, it follows no symlink. */
async function listNames(root: string, path = ""): Promise<readonly string[]> {
  const entries = await readdir(join(root, path), { withFileTypes: true });
  const lists = entries.map(async (entry) => {
    const name = join(path, entry.name);
    return entry.isDirectory() ? [name, ...(await listNames(root, name))] : [name];
  });
  return (await Promise.all(lists)).flat();
}

/** What umoci unpacked, as {@link listOwn} tells it; names of one file by the first of them. */
async function listUnpacked(root: string): Promise<readonly string[]> {
  const names = [...(await listNames(root))].sort();
  const firsts = new Map<number, string>();
  const lines: string[] = [];
  for (const name of names) {
    const path = join(root, name);
    const stats = await lstat(path);
    const mode = (stats.mode & 0o7777).toString(8);
    if (stats.isDirectory()) lines.push(`/${name}/ ${mode}`);
    else if (stats.isSymbolicLink()) lines.push(`/${name} -> ${await readlink(path)}`);
    else {
      const first = stats.nlink > 1 ? (firsts.get(stats.ino) ?? name) : name;
      firsts.set(stats.ino, first);
      lines.push(`/${name} ${mode} ${digestOf(await readFile(path))} /${first}`);
    }
  }
  return lines;
}

function listOwn(files: readonly FileReport[]): readonly string[] {
  const sorted = files.filter(({ path }) => path !== "/").sort((a, b) => (a.path < b.path ? -1 : 1));
  const firsts = new Map<string, string>();
  return sorted.map(({ path, type, mode, target, digest }) => {
    if (type === "directory") return `${path}/ ${mode.toString(8)}`;
    if (type === "symlink") return `${path} -> ${target}`;
    const group = target ?? path;
    firsts.set(group, firsts.get(group) ?? path);
    return `${path} ${mode.toString(8)} ${digest} ${firsts.get(group)}`;
  });
}

const names = fc.constantFrom("a", "b", "c", "d");
const paths = fc.array(names, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const modes = fc.constantFrom(0o755, 0o750, 0o700);
const drafts: fc.Arbitrary<Draft> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(paths, fc.constantFrom("", "1", "22"), modes).map(([p, t, mode]) => file(p, t, { mode })),
  },
  { weight: 3, arbitrary: fc.tuple(paths, modes).map(([p, mode]) => folder(p, { mode })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        paths,
        fc.oneof(
          paths,
          paths.map((p) => `/${p}`),
          paths.map((p) => `../${p}`),
        ),
      )
      .map(([p, t]) => symlink(p, t)),
  },
  { weight: 1, arbitrary: fc.tuple(paths, paths).map(([p, t]) => hardlink(p, t)) },
  { weight: 2, arbitrary: paths.map((p) => file(p.replace(/[^/]+$/, ".wh.$&"))) },
  { weight: 1, arbitrary: paths.map((p) => file(`${p}/.wh..wh..opq`)) },
);
const stacks = fc.array(fc.uniqueArray(drafts, { selector: ({ path }) => path, minLength: 1, maxLength: 8 }), {
  minLength: 1,
  maxLength: 4,
});

test.needs(missing("umoci"), "random stacks are what umoci unpacks", async (context) => {
  const scratch = await tempFolder(context);
  let run = 0;
  let compared = 0;
  const property = fc.asyncProperty(stacks, async (layers) => {
    const layout = join(scratch, String(run++));
    const store = createLayoutStore(layout);
    const root = await putStack(store, layers);
    await store.tag([{ name: "t", descriptor: root }]);
    const bundle = `${layout}-bundle`;
    const unpacked = await output("umoci", ["unpack", "--rootless", "--image", `${layout}:t`, bundle]).then(
      () => true,
      () => false,
    );
    // Stacks that umoci refuses (a file on the way, a link to nothing, a circle) tell nothing.
    if (!unpacked) return;
    compared++;
    const { files } = await reportFiles(store, root);
    assert.equal(listOwn(files), await listUnpacked(join(bundle, "rootfs")));
  });
  await fc.assert(property, { numRuns: 60, endOnFailure: false });
  assert.ok(compared >= 10, `umoci took only ${compared} stacks`);
});

test.run();
