/**
 * The hostile and broken compressed contents of the numbered list, from a file to a store.
 */

import { execFileSync } from "node:child_process";
import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { buildFiles } from "../../src/build-files.js";
import type { ErrorCode } from "../../src/errors.js";
import { importPackages } from "../../src/package/import.js";
import { collect } from "../../src/stream/bytes.js";
import { decompress } from "../../src/stream/codec.js";
import { corpus, sha256 } from "../stream/pieces.js";
import { arOf, debMembers, debOf } from "../support/deb.js";
import { archive, directory, file } from "../support/hostile-tar.js";
import { missing } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { createPlace, type Place } from "./place.js";

const test = suite("hostile/compression", { deadlineMs: 180_000 });

const MIB = 1024 * 1024;
const TAR = archive(directory("srv/"), file("srv/data", corpus(30_000).toString("latin1")));
const GZ = gzipSync(TAR);

/** A copy with one byte, counted from the end where negative, of which a bit is turned over. */
function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}

/** Bytes through a program of the machine. */
const by = (program: string, args: readonly string[], input: Buffer): Buffer =>
  execFileSync(program, args, { input, maxBuffer: 64 * MIB });

/** A gzip member of zeros, about a thousandth of their size. */
const ZEROS = gzipSync(Buffer.alloc(64 * MIB), { level: 9 });

/** A tar of one file of that many zeros, in members of 64 MiB each. */
function zerosTar(mebibytes: number): Buffer {
  const members = Array.from({ length: mebibytes / 64 }, () => ZEROS);
  const size = (mebibytes * MIB).toString(8).padStart(11, "0");
  const head = archive(file("zeros")).subarray(0, 512);
  head.write(`${size}\0`, 124, "latin1");
  head.fill(0x20, 148, 156);
  head.write(
    `${head
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
    "latin1",
  );
  return Buffer.concat([gzipSync(head), ...members, gzipSync(Buffer.alloc(1024))]);
}

async function importLayer({ local, writePackage }: Place, name: string, bytes: Buffer, limits?: object) {
  const path = await writePackage(name, bytes);
  const [imported] = await importPackages(local.store, [path], { override: true, limits });
  if (imported === undefined) throw new Error("Nothing was imported");
  return imported.package.layer;
}

const BROKEN: readonly (readonly [string, Buffer, ErrorCode, string])[] = [
  ["case 74: cut inside the header", GZ.subarray(0, 9), "CORRUPT", "header"],
  ["case 74: cut inside the content", GZ.subarray(0, GZ.length >> 1), "CORRUPT", "end"],
  ["case 74: cut inside the trailer", GZ.subarray(0, -1), "CORRUPT", "end"],
  ["case 74: cut before the trailer", GZ.subarray(0, -8), "CORRUPT", "end"],
  ["case 75: a wrong CRC", flipped(GZ, -8), "CORRUPT", "checksum"],
  ["case 75: a flipped bit inside", flipped(GZ, GZ.length >> 1), "CORRUPT", ""],
  ["case 75: a wrong CRC of an early member", Buffer.concat([flipped(GZ, -5), GZ]), "CORRUPT", "checksum"],
  ["case 76: a wrong ISIZE", flipped(GZ, -1), "CORRUPT", "size"],
  ["case 82: gzip inside gzip", gzipSync(GZ), "FORMAT", "gzip stream"],
  ["case 82: zstd inside gzip", gzipSync(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...GZ])), "FORMAT", "zstd stream"],
  ["case 83: a reserved flag", Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0x20]), GZ.subarray(4)]), "CORRUPT", "flags"],
  ["case 83: an unknown method", Buffer.concat([Buffer.from([0x1f, 0x8b, 7]), GZ.subarray(3)]), "CORRUPT", "method"],
];

for (const [title, bytes, code, part] of BROKEN) {
  test(`${title} is refused, in a package, a build and a Debian package`, async (context) => {
    const place = await createPlace(context);
    const { message } = await place.refusesResource("broken.tar.gz", bytes, code);
    assert.match(message, part);
    const { version, control } = debMembers({});
    const deb = await place.write("broken.deb", arOf(version, control, ["data.tar.gz", bytes]));
    await place.refuses(() => importPackages(place.local.store, [deb]), code);
  });
}

test("case 77: bytes after the last member are taken away at import, told, and refused everywhere else", async (context) => {
  const place = await createPlace(context);
  for (const rest of [Buffer.from("rest"), Buffer.from([0]), archive(file("smuggled"))]) {
    const bytes = Buffer.concat([GZ, rest]);
    const layer = await importLayer(place, "trailing.tar.gz", bytes);
    assert.match(layer.normalized.join(), "bytes after its last gzip member");
    const stored = await collect(place.local.store.open(layer.descriptor), MIB);
    assert.is(layer.diffId, `sha256:${sha256(TAR)}`);
    await collect(decompress([stored] as unknown as AsyncIterable<Uint8Array>, "gzip"), MIB);
    await rejects(collect(decompress([bytes] as unknown as AsyncIterable<Uint8Array>, "gzip"), MIB), "CORRUPT");
  }
});

test("case 78: several members are one content, kept as they are", async (context) => {
  const place = await createPlace(context);
  const bytes = Buffer.concat(
    [0, 100, 513, TAR.length].map((to, index, ends) => gzipSync(TAR.subarray(ends[index - 1] ?? 0, to))),
  );
  const layer = await importLayer(place, "members.tar.gz", bytes);
  assert.equal(layer.normalized, []);
  assert.is(layer.descriptor.digest, `sha256:${sha256(bytes)}`);
  assert.is(layer.diffId, `sha256:${sha256(TAR)}`);
});

test("case 79: a bomb is refused in constant memory, by ratio and by size, and passes where it is trusted", async (context) => {
  const place = await createPlace(context);
  const bomb = zerosTar(512);
  const before = process.memoryUsage().rss;
  assert.match((await place.refusesResource("bomb.tar.gz", bomb, "TOO_LARGE")).message, "raise maxRatio");
  const path = await place.writePackage("budget.tar.gz", bomb);
  const limits = { maxRatio: 2000, maxBytes: 100 * MIB };
  const refused = () => importPackages(place.local.store, [path], { limits });
  assert.match((await place.refuses(refused, "TOO_LARGE")).message, "raise maxBytes");
  const layer = await importLayer(place, "zeros.tar.gz", bomb, { maxRatio: 2000 });
  assert.is(layer.uncompressedSize, 512 * MIB + 512 + 1024);
  assert.ok(process.memoryUsage().rss - before < 64 * MIB, "memory does not grow with the content");
});

test("case 79: a bomb of 10 GB, packed twice, stops at the outer layer", async (context) => {
  const place = await createPlace(context);
  const members = Buffer.concat(Array.from({ length: 160 }, () => ZEROS));
  await place.refusesResource("nested.tar.gz", gzipSync(members), "FORMAT");
  await place.refusesResource("large.tar.gz", members, "TOO_LARGE");
});

test("case 79: a bomb of 8 GB in a tar is refused at its beginning", async (context) => {
  const place = await createPlace(context);
  const start = performance.now();
  await place.refusesResource("large.tar.gz", zerosTar(8_128), "TOO_LARGE");
  assert.ok(performance.now() - start < 5_000);
});

test("case 80: a zstd window of 2 GiB and a flood of frames to be skipped are refused", async (context) => {
  const place = await createPlace(context);
  // A frame without a content size, window descriptor for 2^31 bytes, one empty last block.
  const window = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x00, 0x00]);
  assert.match((await place.refusesResource("window.tar.zst", window, "TOO_LARGE")).message, /\b64 MiB|\b67108864\b/);
  const skipped = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
  const flood = Buffer.concat(Array.from({ length: 200_000 }, () => skipped));
  await place.refusesResource("flood.tar.zst", flood, "FORMAT");
});

test.needs(missing("zstd"), "case 80: a zstd bomb is refused", async (context) => {
  const place = await createPlace(context);
  const bomb = by("zstd", ["-q", "-c"], archive(file("zeros", "\0".repeat(64 * MIB))));
  assert.match((await place.refusesResource("bomb.tar.zst", bomb, "TOO_LARGE")).message, "raise maxRatio");
});

for (const [program, suffix] of [
  ["xz", "xz"],
  ["bzip2", "bz2"],
] as const) {
  test.needs(missing(program), `case 81: a bomb by ${program} is refused`, async (context) => {
    const place = await createPlace(context);
    const bomb = by(program, ["-c"], archive(file("zeros", "\0".repeat(40 * MIB))));
    const { message } = await place.refusesResource(`bomb.tar.${suffix}`, bomb, "TOO_LARGE");
    assert.match(message, "raise maxRatio");
  });
}

test.needs(
  missing("zstd", "xz", "bzip2"),
  "case 82: what a name says does not count, only the content",
  async (context) => {
    const place = await createPlace(context);
    const contents = {
      tar: TAR,
      zstd: by("zstd", ["-qc"], TAR),
      xz: by("xz", ["-c"], TAR),
      bz2: by("bzip2", ["-c"], TAR),
    };
    for (const [type, bytes] of Object.entries(contents)) {
      const layer = await importLayer(place, "named.tar.gz", bytes);
      assert.is(layer.diffId, `sha256:${sha256(TAR)}`, type);
      assert.match(layer.descriptor.mediaType, /tar\+gzip$/);
      assert.match(layer.normalized.join(), type === "tar" ? "not compressed" : "compressed with");
      const stored = await collect(place.local.store.open(layer.descriptor), MIB);
      assert.ok((await collect(decompress([stored] as unknown as AsyncIterable<Uint8Array>, "gzip"), MIB)).equals(TAR));
    }
    const kept = await importLayer(place, "named.tar", GZ);
    assert.is(kept.descriptor.digest, `sha256:${sha256(GZ)}`, "gzip under another name is not compressed again");
  },
);

/** A member whose header has an extra field of that size, a file name and its own checksum. */
function adorned(extraSize: number): Buffer {
  const size = Buffer.alloc(2);
  size.writeUInt16LE(extraSize);
  const head = Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 2 | 4 | 8, 1, 2, 3, 4, 0, 3]),
    size,
    Buffer.alloc(extraSize, 7),
    Buffer.from("given.tar\0"),
  ]);
  const check = Buffer.alloc(2);
  check.writeUInt16LE(crc32(head) & 0xffff);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(TAR), 0);
  trailer.writeUInt32LE(TAR.length, 4);
  return Buffer.concat([head, check, deflateRawSync(TAR), trailer]);
}

test("case 83: a header with everything in it is read up to 64 KiB, and never copied to what lading makes", async (context) => {
  const place = await createPlace(context);
  const layer = await importLayer(place, "adorned.tar.gz", adorned(60_000));
  assert.is(layer.diffId, `sha256:${sha256(TAR)}`);
  await place.refusesResource("endless.tar.gz", adorned(65_535), "CORRUPT");
  const unclean = Buffer.concat([adorned(100), Buffer.from("rest")]);
  const rewritten = await importLayer(place, "unclean.tar.gz", unclean);
  const stored = await collect(place.local.store.open(rewritten.descriptor), MIB);
  assert.equal([...stored.subarray(3, 9)], [0, 0, 0, 0, 0, 0], "no flags, no time");
  assert.not.ok(stored.includes("given.tar"));
});

test("what is refused in a Debian package leaves no trace of its other members", async (context) => {
  const place = await createPlace(context);
  const bytes = debOf();
  for (const at of [bytes.length - 9, bytes.length >> 1]) {
    const path = await place.write("flipped.deb", flipped(bytes, at));
    await place.refuses(() => importPackages(place.local.store, [path]), "CORRUPT");
    await place.refuses(() => buildFiles([path], { local: place.local }), "CORRUPT");
  }
});

test.run();
