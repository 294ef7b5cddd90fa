import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { createCleanCheck } from "../../src/tar/clean.js";
import { rewriteTar } from "../../src/tar/rewrite.js";
import { createScanner, scanTar } from "../../src/tar/scan.js";
import {
  archive,
  directory,
  file,
  GNU_MAGIC,
  hardlink,
  long,
  member,
  pax,
  record,
  symlink,
} from "../support/hostile-tar.js";
import { suite } from "../support/suite.js";
import { check, scan } from "./read.js";

const test = suite("tar/scan");

const MIXED = archive(
  pax(record("mtime", "5"), "g"),
  directory("./"),
  directory("a/"),
  file("a/f", "content".repeat(200)),
  pax(record("path", `a/${"p".repeat(200)}`) + record("SCHILY.xattr.user.x", "1")),
  file("short", "pax"),
  long(`a/${"g".repeat(200)}\0`),
  member({ name: "short2", magic: GNU_MAGIC }, "gnu"),
  symlink("a/s", "../b"),
  hardlink("a/h", "a/f"),
  file("empty"),
);

test("createScanner() tells where entries stand and how they were said", () => {
  const { entries, metas, contents, end } = scan(MIXED);
  assert.equal(
    entries.map(({ type }) => type),
    ["directory", "directory", "file", "file", "file", "symlink", "hardlink", "file"],
  );
  assert.equal(
    metas.map(({ pax, gnuLong, globalPax }) => [pax, gnuLong, globalPax].map(Number).join("")),
    ["001", "001", "001", "101", "011", "001", "001", "001"],
  );
  for (const [index, meta] of metas.entries()) {
    const size = entries[index]?.size ?? 0;
    assert.is(MIXED.toString("latin1", meta.dataOffset, meta.dataOffset + size), contents[index]);
    assert.is(meta.dataOffset, meta.headerOffset + 512);
  }
  assert.equal(end, { endBlocks: 2, trailingData: false, globalHeaders: 1, entries: 8, size: MIXED.length });
});

test("createScanner() sees the same whatever the pieces", () => {
  const whole = scan(MIXED);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1 }), (sizes) => {
      assert.equal(scan(MIXED, sizes), whole);
    }),
  );
  assert.equal(scan(MIXED, [1]), whole);
});

test("createScanner() hands content on without a copy", () => {
  const bytes = archive(file("a", "content"));
  const pieces: Uint8Array[] = [];
  const scanner = createScanner({ data: (chunk) => pieces.push(chunk) });
  scanner.write(bytes);
  scanner.end();
  assert.is(pieces.length, 1);
  assert.is(pieces[0]?.buffer, bytes.buffer);
});

test("scanTar() scans a stream, and stops when its signal says so", async () => {
  const names: string[] = [];
  const end = await scanTar(fromBytes(MIXED), { entry: ({ path }) => names.push(path) });
  assert.is(names.length, end.entries);
  try {
    await scanTar(fromBytes(MIXED), {}, { signal: AbortSignal.abort() });
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).name, "AbortError");
  }
});

/** An archive with some bytes changed, cut or doubled, its checksums set right or left wrong. */
const mutated = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(MIXED.length - 1), fc.nat(255)), { maxLength: 6 }),
    fc.integer({ min: 0, max: MIXED.length }),
    fc.boolean(),
  )
  .map(([changes, length, sign]) => {
    const bytes = Buffer.from(MIXED.subarray(0, length));
    for (const [at, byte] of changes) if (at < length) bytes[at] = byte;
    if (sign) for (const [at] of changes) resign(bytes, at - (at % 512));
    return bytes;
  });

function resign(bytes: Buffer, start: number): void {
  if (start + 512 > bytes.length) return;
  bytes.fill(0x20, start + 148, start + 156);
  let sum = 0;
  for (const byte of bytes.subarray(start, start + 512)) sum += byte;
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, start + 148, "latin1");
}

test("any damage gives entries or lading's error, and what is accepted can be made clean", async () => {
  await fc.assert(
    fc.asyncProperty(mutated, async (bytes) => {
      try {
        const { clean, dropped } = check(bytes, { allowDevices: true, allowWhiteouts: true });
        const rewritten = clean ? bytes : await collect(rewriteTar(fromBytes(bytes), { dropped }), 1e8);
        assert.equal(check(rewritten, { allowDevices: true, allowWhiteouts: true }).reasons, []);
      } catch (error) {
        if (!isLadingError(error)) throw error;
      }
    }),
    { numRuns: 1000 },
  );
});

test("a million entries take no more than a table of 16 bytes for each path", () => {
  const clean = createCleanCheck();
  const before = process.memoryUsage().arrayBuffers;
  const said = {
    typeflag: 0x30,
    pax: false,
    globalPax: false,
    gnuLong: false,
    headerOffset: 0,
    dataOffset: 0,
  } as const;
  for (let index = 0; index < 1_000_000; index++) {
    const path = `usr/share/${index % 1000}/${index}`;
    clean.entry(
      { path, type: "file", mode: 0o644, uid: 0, gid: 0, mtime: 0, size: 0 },
      Object.assign(said, { rawPath: path, rawLinkpath: undefined }),
    );
  }
  clean.end({ endBlocks: 2, trailingData: false, globalHeaders: 0, entries: 1_000_000, size: 0 });
  const { entries, clean: isClean } = clean.result();
  assert.ok(isClean);
  assert.is(entries, 1_000_000);
  // The tables that it grew out of may not have been collected yet; each is half of the next.
  assert.ok(process.memoryUsage().arrayBuffers - before <= 2 * 33 * 1024 * 1024);
});

test.run();
