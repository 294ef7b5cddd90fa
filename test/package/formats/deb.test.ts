import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../../src/errors.js";
import { DEB_FORMAT } from "../../../src/package/formats/deb.js";
import { collect } from "../../../src/stream/bytes.js";
import { arOf, controlOf, debMembers, debOf, diskFile, memoryFile, tarOf } from "../../support/deb.js";
import { missing, output } from "../../support/programs.js";
import { rejects } from "../../support/rejects.js";
import { suite } from "../../support/suite.js";
import { tempFolder } from "../../support/temp.js";

const test = suite("package/formats/deb");
const LIMIT = 1 << 24;
const open = (bytes: Uint8Array) => DEB_FORMAT.open(memoryFile("/nowhere/demo.deb", bytes));
const { version, control, data } = debMembers({});

test("open() takes a package apart", async () => {
  const source = await open(debOf({ control: controlOf({ Depends: "libc6 (>= 2.36)" }) }));
  assert.is(source.metadata.fqn, "package::/debian::demo");
  assert.equal(source.metadata.dependencies, [
    { anyOf: [{ type: "package", name: "libc6", range: { operator: ">=", version: "2.36" } }] },
  ]);
  assert.equal(source.claims, {});
  const md5 = createHash("md5").update("#!/bin/sh\n").digest("hex");
  assert.equal([...(source.fileChecksums ?? [])], [["usr/bin/demo", md5]]);
});

test("open() gives data.tar as it stands, at each call", async () => {
  const source = await open(debOf());
  for (let i = 0; i < 2; i++) assert.equal(await collect(source.open(), LIMIT), data[1]);
});

test("open() reads control alone", async () => {
  const big = Buffer.alloc(500_000, "x");
  const file = memoryFile("/nowhere/a.deb", arOf(version, control, ["data.tar", big]));
  await DEB_FORMAT.open(file);
  assert.ok(file.bytesRead() < 10_000, String(file.bytesRead()));
});

test("open() takes members with a slash, members to skip, and members after data.tar", async () => {
  const extra = ["_extra", "x"] as const;
  const bytes = arOf(["debian-binary/", "2.1\nmore"], extra, control, extra, data, ["_gpgorigin", "s"], ["new", "x"]);
  assert.is(await DEB_FORMAT.matches(memoryFile("a.deb", bytes)), true);
  assert.equal(await collect((await open(bytes)).open(), LIMIT), data[1]);
});

test("open() sees compression from the content", async () => {
  const plain = tarOf(["./control", controlOf()]);
  for (const [name, bytes] of [
    ["control.tar", plain],
    ["control.tar.xz", gzipSync(plain)],
    ["control.tar.gz", plain],
  ] as const) {
    const source = await open(arOf(version, [name, bytes], data));
    assert.is(source.metadata.name, "demo");
    assert.is(source.fileChecksums, undefined);
  }
});

test("open() reads a control file that is latin1", async () => {
  const text = Buffer.from(controlOf({ Maintainer: "J\xf6rg" }), "latin1");
  const source = await open(arOf(version, ["control.tar", tarOf(["control", text])], data));
  assert.match(source.metadata.control ?? "", /Jörg/);
});

test("matches() judges by content", async () => {
  assert.is(await DEB_FORMAT.matches(memoryFile("a.tar", debOf())), true);
  assert.is(await DEB_FORMAT.matches(memoryFile("a.deb", arOf(["a.o", "x"]))), false);
  assert.is(await DEB_FORMAT.matches(memoryFile("a.deb", Buffer.from("<html>"))), false);
  assert.is(await DEB_FORMAT.matches(memoryFile("a.deb", Buffer.alloc(0))), false);
});

const BAD: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ["another first member", arOf(["a", ""], control, data), /first member is a/],
  ["a version that is none", arOf(["debian-binary", "two\n"], control, data), /says version "two/],
  ["no control.tar", arOf(version, data), /second member is data\.tar\.gz/],
  ["no further member", arOf(version), /second member is missing/],
  ["no data.tar", arOf(version, control), /third member is missing/],
  ["another order", arOf(version, data, control), /second member is data\.tar\.gz/],
  ["an unknown member between", arOf(version, control, ["x", ""], data), /third member is x/],
  ["no control file", arOf(version, ["control.tar", tarOf(["./other", ""])], data), /no file control/],
  [
    "two control files",
    arOf(version, ["control.tar", tarOf(["control", "A: 1"], ["./control", "A: 1"])], data),
    /twice/,
  ],
  ["control.tar that is no tar", arOf(version, ["control.tar", "no tar"], data), /control\.tar is damaged/],
  [
    "control.tar.gz that is cut",
    arOf(version, ["control.tar.gz", control[1].subarray(0, -9)], data),
    /control\.tar is damaged/,
  ],
  ["md5sums that are none", debOf({ md5sums: "x\n" }), /line 1 of its md5sums/],
];

for (const [title, bytes, why] of BAD) {
  test(`open() refuses ${title}`, async () => {
    const { message } = await rejects(open(bytes), "CORRUPT");
    assert.match(message, why);
    assert.match(message, /^Cannot read "\/nowhere\/demo\.deb": [^\n]+$/);
  });
}

test("open() refuses what it does not do", async () => {
  const old = arOf(["debian-binary", "3.0\n"], control, data);
  assert.match((await rejects(open(old), "UNSUPPORTED")).message, /Debian package format 3\.0/);
  const lzma = arOf(version, control, ["data.tar.lzma", "x"]);
  assert.match((await rejects(open(lzma), "UNSUPPORTED")).message, /data\.tar\.lzma/);
});

test("open() refuses a control archive that unpacks to more than 16 MiB", async () => {
  const big = tarOf(["./big", Buffer.alloc(17 * 1024 * 1024)], ["./control", controlOf()]);
  for (const bytes of [big, gzipSync(big)]) {
    await rejects(open(arOf(version, ["control.tar", bytes], data)), "TOO_LARGE");
  }
});

test("open() sees every truncation", async () => {
  const bytes = debOf();
  for (let size = 8; size < bytes.length; size++) {
    const { message } = await rejects(open(bytes.subarray(0, size)), "CORRUPT");
    assert.match(message, /truncated|third member is missing|second member is missing/, String(size));
  }
});

test("open() gives a source or an error of lading's for damaged bytes", async () => {
  const whole = debOf();
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ flip;
      try {
        await collect((await open(bytes)).open(), LIMIT);
      } catch (error) {
        assert.ok(isLadingError(error), String(error));
        assert.not.match(error.message, /\n/);
      }
    }),
    { numRuns: 500 },
  );
});

test("open() holds the claims beside the package against the whole file", async (context) => {
  const folder = await tempFolder(context);
  const bytes = debOf();
  const file = await diskFile(folder, "demo.deb", bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const claim = (name: string, resource: object) => writeFile(join(folder, name), JSON.stringify({ resource }));
  await claim("demo.json", { digest: `sha256:${sha256}`, length: bytes.length });
  assert.is((await DEB_FORMAT.open(file)).metadata.name, "demo");
  await claim("demo.deb.json", { digest: `sha256:${sha256.replace(/^./, (digit) => (digit === "0" ? "1" : "0"))}` });
  assert.match((await rejects(DEB_FORMAT.open(file), "DIGEST_MISMATCH")).message, /demo\.deb": its sha256 is /);
  await claim("demo.deb.json", { length: 1 });
  await rejects(DEB_FORMAT.open(file), "DIGEST_MISMATCH");
  await claim("demo.deb.json", { lenght: 1 });
  await rejects(DEB_FORMAT.open(file), "SYNTAX");
});

for (const type of ["gzip", "xz", "zstd", "none"]) {
  test.needs(missing("dpkg-deb"), `open() reads what dpkg-deb builds with ${type}`, async (context) => {
    const folder = await tempFolder(context);
    const tree = join(folder, "tree");
    await mkdir(join(tree, "DEBIAN"), { recursive: true });
    await mkdir(join(tree, "usr"), { recursive: true });
    await writeFile(join(tree, "usr/demo"), "demo\n");
    const text = controlOf({
      Maintainer: "A <a@example.org>",
      Depends: "libc6 (>= 2.36), a | b:any",
      Description: "x",
    });
    await writeFile(join(tree, "DEBIAN/control"), text);
    const path = join(folder, "demo.deb");
    await output("dpkg-deb", ["--root-owner-group", "--uniform-compression", `-Z${type}`, "-b", tree, path]);
    const source = await DEB_FORMAT.open(memoryFile(path, await readFile(path)));
    assert.is(source.metadata.control, text);
    const tar = join(folder, "data");
    await writeFile(tar, await collect(source.open(), LIMIT));
    assert.match(await output("tar", ["-tf", tar]), /^\.\/usr\/demo$/m);
  });
}

test.run();
