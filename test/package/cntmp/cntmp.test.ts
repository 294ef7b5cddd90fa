import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { digestOf } from "../../../src/oci/digest.js";
import { listPackages, showPackages } from "../../../src/package/catalog.js";
import { exportPackages } from "../../../src/package/cntmp/write.js";
import { createPackage } from "../../../src/package/create.js";
import { type ImportedPackage, importPackages } from "../../../src/package/import.js";
import { createFolderCache } from "../../../src/store/cache.js";
import { createMemoryStore } from "../../../src/store/memory.js";
import { debOf } from "../../support/deb.js";
import { archive, file } from "../../support/hostile-tar.js";
import { missing, output } from "../../support/programs.js";
import { rejects } from "../../support/rejects.js";
import { suite } from "../../support/suite.js";
import { tempFolder } from "../../support/temp.js";
import { createPlace, names, tarGzWith, tarWith, writePackage } from "../files.js";
import { type Member, zipOf } from "./zip-of.js";

const test = suite("package/cntmp");

const sha1 = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest("hex");
const bzip2 = (bytes: Uint8Array) => execFileSync("bzip2", ["-c"], { input: bytes });
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const statuses = (imported: readonly ImportedPackage[]) => imported.map(({ status }) => status);

/** A document as such a file may hold it. */
const documentOf = (name: string, data: Uint8Array, more: object = {}) => ({
  uuid: "3f0a7c52",
  name,
  state: "ready",
  provides: [{ type: "runtime", name }],
  resource: { digest: `sha1:${sha1(data)}`, length: data.byteLength },
  ...more,
});

async function writeZip(context: Parameters<typeof tempFolder>[0], members: readonly Member[], name = "x.cntmp") {
  const path = join(await tempFolder(context), name);
  await writeFile(path, await zipOf(members));
  return path;
}

test("what is exported reads back to the same packages, whatever their layers are", async (context) => {
  const { folder, store } = await createPlace(context);
  const cache = createFolderCache(join(folder, "cache"), folder);
  await writeFile(join(folder, "plain.tar"), tarWith("plain"));
  const document = { fqn: "package::/lang/x::Ruby 2.0", version: "2", provides: ["runtime=ruby"], tags: { a: "b" } };
  const ruby = await writePackage(folder, "ruby.tar.gz", tarGzWith("ruby"), document);
  const demo = await writePackage(folder, "demo.deb", debOf());
  await importPackages(store, [ruby, demo]);
  for (const type of ["gzip", "zstd", "none"] as const) {
    await createPackage(store, { name: type, from: join(folder, "plain.tar") }, { compression: { type } });
  }
  const before = await listPackages(store);
  assert.is(before.length, 5);
  const path = join(folder, "all.cntmp");
  const whole = await showPackages(
    store,
    before.map(({ fqn }) => fqn),
  );
  const { size } = await exportPackages(store, whole, path);
  assert.is((await readFile(path)).byteLength, size);
  for (const to of [createMemoryStore(), (await createPlace(context)).store]) {
    const imported = await importPackages(to, [path], { cache });
    assert.equal([...new Set(statuses(imported))], ["imported"]);
    assert.equal(await listPackages(to), before, "the same packages, manifest for manifest");
    assert.equal([...new Set(statuses(await importPackages(to, [path], { cache })))], ["unchanged"]);
  }
  const again = join(folder, "again.cntmp");
  await exportPackages(store, whole, again);
  assert.ok((await readFile(again)).equals(await readFile(path)), "the same bytes again");
});

test.needs(missing("python3", "tar"), "python reads what is exported", async (context) => {
  const { folder, store } = await createPlace(context);
  await importPackages(store, [await writePackage(folder, "a.tar.gz", tarGzWith("a"), { name: "a" })]);
  const path = join(folder, "a.cntmp");
  await exportPackages(store, await showPackages(store, ["a"]), path);
  const read =
    "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; sys.stdout.buffer.write(z.read(sys.argv[2]))";
  const shell = 'python3 -c "$0" "$1" PACKAGE_RESOURCE_0001.tar.gz | tar xzO srv/data';
  assert.is(await output("sh", ["-c", shell, read, path]), "a");
  const listed = await output("python3", ["-m", "zipfile", "-l", path]);
  assert.match(listed, /PACKAGE_RESOURCE_0001\.tar\.gz[\s\S]*PACKAGE_0001\.json +1980-01-01 00:00:00/);
});

test.needs(
  missing("bzip2"),
  "gzip, bzip2 and plain tar are read whatever the member is called, stored or deflated",
  async (context) => {
    const tar = tarWith("same");
    for (const deflate of [false, true]) {
      for (const data of [tar, gzipSync(tar), bzip2(tar)]) {
        const members = [
          { name: "PACKAGE_RESOURCE_0001.tar.gz", data, deflate },
          { name: "metadata/PACKAGE_0001.json", data: json(documentOf("a", data)), deflate },
        ];
        const store = createMemoryStore();
        const [imported] = await importPackages(store, [await writeZip(context, members)]);
        assert.is(imported?.package.layer.uncompressedSize, tar.byteLength);
        assert.equal(names(await listPackages(store)), ["package::/::a"]);
      }
    }
  },
);

const A = tarGzWith("a");
const B = tarGzWith("the other one");
const RESOURCES = [
  { name: "PACKAGE_RESOURCE_0001.tar.gz", data: A },
  { name: "PACKAGE_RESOURCE_0002.tar.gz", data: B },
];

test("documents find their data: by number, by length, by place; alone, in lists, and below a key", async (context) => {
  const [a, b] = [documentOf("a", A), documentOf("b", B)];
  const { resource: _, ...bare } = a;
  const shapes: readonly (readonly Member[])[] = [
    [
      { name: "PACKAGE_0002.json", data: json(b) },
      { name: "PACKAGE_0001.json", data: json(a) },
    ],
    [{ name: "metadata.json", data: json([b, a]) }],
    [{ name: "Manifest.JSON", data: json({ version: 3, packages: [bare, { ...b, resource: undefined }] }) }],
    [{ name: "meta.json", data: json({ one: b, two: a }) }],
  ];
  for (const shape of shapes) {
    const store = createMemoryStore();
    await importPackages(store, [await writeZip(context, [...shape, ...RESOURCES])]);
    const listed = await listPackages(store);
    assert.equal(
      listed.map(({ name, layer }) => [name, layer.descriptor.size]),
      [
        ["a", A.byteLength],
        ["b", B.byteLength],
      ],
    );
  }
});

test("a member that is not known is passed over with a warning; a namespace and a retarget are followed", async (context) => {
  const members = [
    { name: "1.json", data: json(documentOf("a", A, { cluster: "x" })) },
    { name: "2.json", data: json(documentOf("b", B, { name: undefined, fqn: "package::/old::b" })) },
    ...RESOURCES,
  ];
  const path = await writeZip(context, members);
  const store = createMemoryStore();
  const imported = await importPackages(store, [path], { namespace: "/new" });
  assert.equal(names(await listPackages(store)), ["package::/new::a", "package::/old::b"]);
  assert.equal(imported[0]?.warnings, ['its document has "cluster", which is not known']);
  const other = createMemoryStore();
  await importPackages(other, [path], { namespace: "/new", retarget: true });
  assert.equal(names(await listPackages(other)), ["package::/new::a", "package::/new::b"]);
  assert.equal(statuses(await importPackages(other, [path], { namespace: "/new", retarget: true })), [
    "unchanged",
    "unchanged",
  ]);
});

test("what is there already stays or is replaced, as the options say; none is listed where one is refused", async (context) => {
  const { folder, store } = await createPlace(context);
  await importPackages(store, [await writePackage(folder, "a.tar.gz", tarGzWith("old"), { name: "a" })]);
  const documents = [
    { name: "1.json", data: json(documentOf("a", A)) },
    { name: "2.json", data: json(documentOf("b", B)) },
  ];
  const path = await writeZip(context, [...documents, ...RESOURCES]);
  const error = await rejects(importPackages(store, [path]), "EXISTS");
  assert.match(error.message, /x\.cntmp": package::\/::a: .*--override replaces it/);
  assert.equal(names(await listPackages(store)), ["package::/::a"]);
  assert.equal(statuses(await importPackages(store, [path], { skipExisting: true })), ["skipped", "imported"]);
  assert.equal(statuses(await importPackages(store, [path], { override: true })), ["replaced", "unchanged"]);
  const twice = [
    { name: "1.json", data: json(documentOf("a", A)) },
    { name: "2.json", data: json({ ...documentOf("b", B), name: "a" }) },
  ];
  const same = await writeZip(context, [...twice, ...RESOURCES]);
  const refused = await rejects(importPackages(createMemoryStore(), [same]), "EXISTS");
  assert.match(refused.message, /another package in it is package::\/::a too/);
});

test("an export replaces a file, and nothing else; it leaves nothing behind", async (context) => {
  const { folder, store } = await createPlace(context);
  await importPackages(store, [await writePackage(folder, "a.tar.gz", A, { name: "a" })]);
  const packages = await showPackages(store, ["a"]);
  await rejects(exportPackages(store, packages, folder), "FORMAT");
  const at = await tempFolder(context);
  const path = join(at, "a.cntmp");
  await writeFile(path, "old");
  const lost = packages.map((pkg) => ({
    ...pkg,
    layer: { ...pkg.layer, descriptor: { ...pkg.layer.descriptor, digest: digestOf("lost") } },
  }));
  await rejects(exportPackages(store, lost, path), "NOT_FOUND");
  assert.is(await readFile(path, "utf8"), "old");
  await exportPackages(store, packages, path);
  assert.equal((await output("ls", ["-A", at])).trim(), "a.cntmp");
  await rejects(showPackages(store, ["none"]), "NOT_FOUND");
});

test("an export file of a bare archive of files is refused as what it is", async (context) => {
  const path = await writeZip(context, [{ name: "readme.txt", data: Buffer.from("x") }], "x.zip");
  const error = await rejects(importPackages(createMemoryStore(), [path]), "FORMAT");
  assert.match(error.message, /x\.zip": it is a zip archive without packages, wanted an export file/);
  const tar = archive(file("a", "b"));
  const sized = await writeZip(context, [{ name: "PACKAGE_RESOURCE_0001.tar", data: tar }]);
  await rejects(importPackages(createMemoryStore(), [sized]), "FORMAT");
});

test.run();
