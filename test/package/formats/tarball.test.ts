import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { findSidecar, TARBALL_FORMAT } from "../../../src/package/formats/tarball.js";
import { collect } from "../../../src/stream/bytes.js";
import { diskFile, tarOf } from "../../support/deb.js";
import { rejects } from "../../support/rejects.js";
import { suite } from "../../support/suite.js";
import { tempFolder } from "../../support/temp.js";

const test = suite("package/formats/tarball");
const TAR = tarOf(["a", "1"]);

const SUFFIXES = [
  ".tar",
  ".tar.gz",
  ".tgz",
  ".tar.bz2",
  ".tbz2",
  ".tar.xz",
  ".txz",
  ".tar.zst",
  ".tzst",
  ".deb",
  ".TGZ",
];

for (const suffix of SUFFIXES) {
  test(`findSidecar() takes .json in place of ${suffix}`, async (context) => {
    const folder = await tempFolder(context);
    const path = join(folder, `ruby-2.0${suffix}`);
    assert.is(await findSidecar(path), undefined);
    await writeFile(join(folder, "ruby-2.0.json"), "{}");
    assert.is(await findSidecar(path), join(folder, "ruby-2.0.json"));
    await writeFile(`${path}.json`, "{}");
    assert.is(await findSidecar(path), `${path}.json`);
  });
}

test("findSidecar() takes files alone, and no other suffix away", async (context) => {
  const folder = await tempFolder(context);
  await mkdir(join(folder, "a.json"));
  assert.is(await findSidecar(join(folder, "a.tar")), undefined);
  await writeFile(join(folder, "b.json"), "{}");
  assert.is(await findSidecar(join(folder, "b.gz")), undefined);
  assert.is(await findSidecar(join(folder, "none", "b.tar")), undefined);
});

test("matches() wants a tarball by content, and a document", async (context) => {
  const folder = await tempFolder(context);
  const file = await diskFile(folder, "a.tar.gz", TAR);
  assert.is(await TARBALL_FORMAT.matches(file), false);
  await writeFile(join(folder, "a.json"), "{}");
  assert.is(await TARBALL_FORMAT.matches(file), true);
  assert.is(await TARBALL_FORMAT.matches(await diskFile(folder, "a.tar", gzipSync(TAR))), true);
  assert.is(await TARBALL_FORMAT.matches(await diskFile(folder, "a.tgz", Buffer.alloc(10240))), true);
  assert.is(await TARBALL_FORMAT.matches(await diskFile(folder, "a.txz", Buffer.from("<html>"))), false);
  assert.is(await TARBALL_FORMAT.matches(await diskFile(folder, "a.tzst", Buffer.alloc(2000, "x"))), false);
});

test("open() gives metadata, claims and the bytes as they stand", async (context) => {
  const folder = await tempFolder(context);
  const bytes = gzipSync(TAR);
  const file = await diskFile(folder, "a.tar.gz", bytes);
  await writeFile(join(folder, "a.json"), JSON.stringify({ name: "a", version: "1", resource: { length: 3 } }));
  const source = await TARBALL_FORMAT.open(file);
  assert.is(source.metadata.fqn, "package::/::a");
  assert.is(source.metadata.ecosystem, "apcera");
  assert.equal(source.claims, { length: 3 });
  for (let i = 0; i < 2; i++) assert.equal(await collect(source.open(), 1 << 20), bytes);
});

test("open() refuses what is no package", async (context) => {
  const folder = await tempFolder(context);
  const page = await rejects(TARBALL_FORMAT.open(await diskFile(folder, "a.tar", Buffer.from("<html>"))), "FORMAT");
  assert.match(page.message, /it is an HTML page, expected a tarball/);
  const lone = await rejects(TARBALL_FORMAT.open(await diskFile(folder, "b.tar", TAR)), "NOT_FOUND");
  assert.match(lone.message, /expected ".*b\.tar\.json"/);
  await writeFile(join(folder, "b.json"), '{"nmae":"b"}');
  const wrong = await rejects(TARBALL_FORMAT.open(await diskFile(folder, "b.tar", TAR)), "SYNTAX");
  assert.match(wrong.message, /b\.json": unknown field "nmae"; did you mean "name"/);
});

test.run();
