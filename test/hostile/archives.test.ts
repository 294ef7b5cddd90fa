/**
 * The hostile archives of the numbered list, from a file to a store: what is refused leaves nothing behind, and what is
 * accepted becomes what the list says.
 */

import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { buildFiles } from "../../src/build-files.js";
import { reportFiles } from "../../src/image/files-report.js";
import { type ReadImage, readRootfs } from "../../src/image/read-rootfs.js";
import type { Node } from "../../src/image/rootfs-node.js";
import { verifyImage } from "../../src/image/verify.js";
import { readFileList } from "../../src/package/file-list.js";
import { importPackages } from "../../src/package/import.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { listKinds, unpack } from "../image/unpack.js";
import { archive, base256, directory, file, member, pax, record, symlink } from "../support/hostile-tar.js";
import { missing } from "../support/programs.js";
import { REFUSED } from "../support/refused-archives.js";
import { file as draft, symlink as draftLink, folder, putStack } from "../support/stack.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { createPlace, type Place } from "./place.js";

const test = suite("hostile/archives", { deadlineMs: 120_000 });

/** What the bytes are told to be, seen before anything is read as a tar. */
const NOT_TAR = /^case 73/;

test("every archive that is refused leaves the store as it was, compressed or not", async (context) => {
  const place = await createPlace(context);
  for (const [index, [title, bytes, code]] of REFUSED.entries()) {
    try {
      await place.refusesResource(`${index}.tar.gz`, gzipSync(bytes), code);
      if (index % 4 === 0 && !NOT_TAR.test(title)) await place.refusesResource(`${index}.tar`, bytes, code);
    } catch (error) {
      throw new Error(`${title}: ${String(error)}`, { cause: error });
    }
  }
});

test("every archive that is refused is so after a sound package, too, which is then not listed either", async (context) => {
  const place = await createPlace(context);
  const other = await place.writePackage("other.tar.gz", gzipSync(archive(file("srv/b", "b"))));
  const [, bytes] = REFUSED[0] ?? [];
  const bad = await place.writePackage("bad.tar.gz", gzipSync(bytes ?? ""));
  const names = async () => (await place.local.store.tags()).map(({ name }) => name);
  const before = await names();
  for (const jobs of [1, 2]) {
    try {
      await importPackages(place.local.store, [other, bad], { jobs });
      assert.unreachable();
    } catch (error) {
      assert.match(String(error), "bad.tar.gz");
    }
    assert.equal(await names(), before);
  }
});

/** Imports one tarball and gives the entries of the layer that it became, with the warnings. */
async function importEntries({ local, writePackage }: Place, tar: Buffer) {
  const path = await writePackage("given.tar.gz", gzipSync(tar));
  const [imported] = await importPackages(local.store, [path], { override: true });
  if (imported === undefined) throw new Error("Nothing was imported");
  const { layer } = imported.package;
  return { files: await readFileList(local.store, layer.files), layer, warnings: imported.warnings.join("; ") };
}

/** Builds an image of these tars, lowest first. */
async function buildTars({ local, write }: Place, tars: readonly Buffer[]) {
  const paths: string[] = [];
  for (const [index, tar] of tars.entries()) paths.push(await write(`layer${index}.tar.gz`, gzipSync(tar)));
  const { root } = await buildFiles(paths, { local });
  await verifyImage(local.store, root);
  return root;
}

async function listPaths(place: Place, tars: readonly Buffer[]): Promise<readonly string[]> {
  const { files } = await reportFiles(place.local.store, await buildTars(place, tars));
  return files.map(({ path, type, target }) => (type === "symlink" ? `${path} -> ${target}` : path));
}

test("case 5: an absolute path goes into the layer without its slash", async (context) => {
  const { files, layer, warnings } = await importEntries(await createPlace(context), archive(file("/etc/x", "1")));
  assert.equal(
    files.map(({ path }) => path),
    ["etc/x"],
  );
  assert.match(layer.normalized.join(), "begins with a slash");
  assert.match(warnings, "begins with a slash");
});

test("case 8: a file through a lower layer's symlink lands inside the root, never on the host", async (context) => {
  const place = await createPlace(context);
  const outside = join(place.folder, "outside");
  await mkdir(outside);
  const link = outside.slice(1);
  const paths = await listPaths(place, [archive(symlink("evil", outside)), archive(file("evil/escaped", "x"))]);
  assert.ok(paths.includes(`/evil -> ${outside}`));
  assert.ok(paths.includes(`/${link}/escaped`), paths.join(" "));
  assert.not.ok(
    await access(join(outside, "escaped")).then(
      () => true,
      () => false,
    ),
  );
});

test.needs(missing("umoci"), "case 8: umoci sees the same, and writes nothing outside either", async (context) => {
  const place = await createPlace(context);
  const outside = join(place.folder, "outside");
  await mkdir(outside);
  const root = await buildTars(place, [
    archive(symlink("evil", outside), symlink("up", "usr")),
    archive(file("evil/escaped", "x"), file("up/y", "y")),
  ]);
  await place.local.store.tag([{ name: "t", descriptor: root }]);
  const rootfs = await unpack(place.layout, "t", place.folder);
  assert.is(await readFile(join(rootfs, outside, "escaped"), "utf8"), "x");
  assert.is(await readFile(join(rootfs, "usr/y"), "utf8"), "y");
  assert.not.ok(
    await access(join(outside, "escaped")).then(
      () => true,
      () => false,
    ),
  );
});

test("case 25: a whiteout is no file of a package", async (context) => {
  const place = await createPlace(context);
  for (const name of ["a/.wh.foo", "a/.wh..wh..opq"]) {
    const error = await place.refusesResource("whiteout.tar.gz", gzipSync(archive(file(name))), "UNSAFE_ENTRY");
    assert.match(error.message, "a whiteout, which a package may not have");
  }
});

test("case 36, 37, 42: strange names are kept byte for byte, and escaped where they are shown", async (context) => {
  const names = ["a\u202Eb\x1b[31m\r\nc", "caf\xff\xfe", "C:..\\x"].map((text) =>
    /[\u0100-\uffff]/.test(text) ? Buffer.from(text).toString("latin1") : text,
  );
  const tar = archive(...names.map((name) => file(name, "1")));
  const { files, layer } = await importEntries(await createPlace(context), tar);
  assert.equal(files.map(({ path }) => path).sort(), [...names].sort());
  assert.equal(layer.normalized, []);
});

test("case 43: of a path that is there twice only the last is in the layer", async (context) => {
  const tar = archive(file("a", "first"), file("b"), file("a", "second one"));
  const { files, warnings } = await importEntries(await createPlace(context), tar);
  assert.equal(files.map(({ path, size }) => `${path} ${size}`).sort(), ["a 10", "b 0"]);
  assert.match(warnings, "twice");
});

/** Path and kind of everything in a root file system, as `listKinds` shows what umoci unpacked. */
function kindsOf({ rootfs }: ReadImage): readonly string[] {
  const lines: string[] = [];
  const walk = (node: Node, prefix: string) => {
    for (const [name, child] of node.children ?? []) {
      const path = prefix === "" ? name : `${prefix}/${name}`;
      const { type, target } = child.inode;
      lines.push(type === "symlink" ? `symlink ${path} -> ${target}` : `${type} ${path}`);
      walk(child, path);
    }
  };
  walk(rootfs.root, "");
  return lines.sort();
}

const STACKS = [
  [
    "a symlink becomes a folder",
    [
      [draftLink("l", "t"), folder("t")],
      [folder("l"), draft("l/x")],
    ],
  ],
  ["a folder becomes a symlink", [[folder("d"), draft("d/x"), folder("t")], [draftLink("d", "t")]]],
  ["a file below a symlink to a folder", [[folder("t"), draftLink("l", "t")], [draft("l/x", "1")]]],
] as const;

for (const [title, layers] of STACKS) {
  test.needs(missing("umoci"), `case 46: ${title}: as umoci has it`, async (context) => {
    const layout = join(await tempFolder(context), "layout");
    const store = createLayoutStore(layout);
    const root = await putStack(store, layers);
    await store.tag([{ name: "t", descriptor: root }]);
    const unpacked = await listKinds(await unpack(layout, "t", await tempFolder(context)));
    assert.equal(kindsOf(await readRootfs(store, root)), unpacked);
  });
}

test("case 47: .git and dev are kept, with a warning", async (context) => {
  const { files, layer, warnings } = await importEntries(
    await createPlace(context),
    archive(file(".gitignore"), file("dev/x")),
  );
  assert.is(files.length, 2);
  assert.equal(layer.normalized, []);
  assert.match(warnings, ".git");
  assert.match(warnings, "dev");
});

test("case 48: an image of a lone top folder has the standard folders beside it", async (context) => {
  const paths = await listPaths(await createPlace(context), [archive(directory("only/"), file("only/x"))]);
  for (const path of ["/only/x", "/dev", "/etc", "/proc", "/sys", "/tmp"]) assert.ok(paths.includes(path), path);
});

test("case 52, 53, 65, 70: an archive that is not clean becomes one that is", async (context) => {
  const place = await createPlace(context);
  const tars = {
    "lacks its two closing blocks": file("a", "x"),
    "follows the end": Buffer.concat([archive(file("a", "x")), Buffer.from("rest")]),
    "global pax headers": archive(pax(record("comment", "x"), "g"), file("a", "x")),
    owner: archive(member({ name: "a", uid: base256(2n ** 31n, 8), gid: 100_000 }, "x")),
  };
  for (const [reason, tar] of Object.entries(tars)) {
    const { layer, files } = await importEntries(place, tar);
    assert.match(layer.normalized.join(), reason);
    assert.equal(
      files.map(({ path, uid, gid, size }) => [path, uid, gid, size]),
      [["a", 0, 0, 1]],
    );
  }
});

test("case 59: what a pax size hides is content, and no entry of the layer", async (context) => {
  const smuggled = archive(file("smuggled", "evil"));
  const tar = archive(
    pax(record("size", String(smuggled.length))),
    Buffer.concat([member({ name: "a", size: 0 }), smuggled]),
    file("b"),
  );
  const { files } = await importEntries(await createPlace(context), tar);
  assert.equal(files.map(({ path }) => path).sort(), ["a", "b"]);
});

test("case 69: setuid stays as the package has it, and is told", async (context) => {
  const tar = archive(member({ name: "su", mode: 0o4755 }));
  const { files, warnings } = await importEntries(await createPlace(context), tar);
  assert.is(files[0]?.mode, 0o4755);
  assert.match(warnings, "setuid");
});

test("case 73: what is no archive is refused as what it is, by any name", async (context) => {
  const place = await createPlace(context);
  const contents = [
    [Buffer.from(`PK\x03\x04${"x".repeat(600)}`, "latin1"), "zip archive"],
    [Buffer.from("7z\xbc\xaf\x27\x1cshort", "latin1"), "7z archive"],
    [Buffer.from(`<!DOCTYPE html>${" ".repeat(600)}`), "HTML page"],
    [Buffer.alloc(0), "empty"],
    [Buffer.from('{"errors": []}'), "JSON document"],
  ] as const;
  for (const [index, [bytes, word]] of contents.entries()) {
    const path = await place.write(`page${index}.tar.gz`, bytes);
    await writeFile(`${path}.json`, JSON.stringify({ name: "page" }));
    const error = await place.refuses(() => importPackages(place.local.store, [path]), "FORMAT");
    assert.match(error.message, word);
    assert.match((await place.refuses(() => buildFiles([path], { local: place.local }), "FORMAT")).message, word);
  }
});

test.run();
