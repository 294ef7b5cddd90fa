import { createHash } from "node:crypto";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import { decompress } from "../../src/stream/codec.js";
import { decodeToc, type TocEntry } from "../../src/tar/toc.js";
import {
  writeZstdChunked,
  type ZstdChunkedOptions,
  type ZstdChunkedResult,
  zstdChunkedAnnotations,
} from "../../src/tar/zstd-chunked.js";
import { archive, file, GNU_MAGIC, long, member, pax, record } from "../support/hostile-tar.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { gather, inPieces, layers, noise, SAMPLE, tarOf } from "./layers.js";

const test = suite("tar/zstd-chunked");

async function zstdChunked(tar: Uint8Array, options: ZstdChunkedOptions = {}, sizes?: readonly number[]) {
  const results: ZstdChunkedResult[] = [];
  const blob = await gather(writeZstdChunked(inPieces(tar, sizes), (end) => results.push(end), options));
  const [result] = results;
  if (result === undefined) throw new Error("No result");
  return { blob, result };
}

const unzstd = (bytes: Uint8Array): Promise<Buffer> => gather(decompress(inPieces(bytes), "zstd"));
const sha256 = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

interface Read {
  readonly entries: readonly TocEntry[];
  readonly lines: readonly { type: number; name?: string; size?: number; payload: string | null; position: number }[];
}

/** Table and tar-split as a consumer finds them: by the annotations alone. */
async function read(blob: Buffer, annotations: Readonly<Record<string, string>>): Promise<Read> {
  const prefix = "io.github.containers.zstd-chunked";
  const part = async (name: string) => {
    const [offset = 0, size = 0, length] = (annotations[`${prefix}.${name}-position`] ?? "").split(":").map(Number);
    const compressed = blob.subarray(offset, offset + size);
    const bytes = await unzstd(compressed);
    assert.is(bytes.length, length);
    return { compressed, bytes };
  };
  const [toc, tarSplit] = [await part("manifest"), await part("tarsplit")];
  assert.is(sha256(toc.compressed), annotations[`${prefix}.manifest-checksum`]);
  const { entries, tarSplitDigest } = decodeToc(toc.bytes);
  assert.is(sha256(tarSplit.compressed), tarSplitDigest);
  const lines = tarSplit.bytes.toString().split("\n").slice(0, -1);
  return { entries, lines: lines.map((line) => JSON.parse(line)) };
}

test("writeZstdChunked() gives the same bytes however the archive comes in, and these", async () => {
  const tar = await tarOf(SAMPLE);
  const whole = await zstdChunked(tar, { chunkSize: 10_000 });
  const pieces = await zstdChunked(tar, { chunkSize: 10_000 }, [1, 700, 100_000]);
  assert.equal(pieces, whole);
  assert.is(digestOf(whole.blob), "sha256:0c02be43871c99e2bc8bda2281c1fe6f74d0efbc41e15a72de724b323869eb24");
});

test("a reader of zstd sees the archive, byte for byte", async () => {
  const odd = Buffer.concat([
    long("l".repeat(120)),
    member({ name: "cut", magic: GNU_MAGIC }, "gnu"),
    pax(record("mtime", "1.5") + record("atime", "7")),
    member({ name: "times", mode: 0o100600 }, "x"),
    Buffer.alloc(10240),
  ]);
  for (const tar of [await tarOf(SAMPLE), odd, Buffer.alloc(1024), file("a", "no end")]) {
    const { blob, result } = await zstdChunked(tar);
    assert.ok((await unzstd(blob)).equals(tar));
    assert.is(result.diffId, sha256(tar));
    assert.is(result.uncompressedSize, tar.length);
  }
});

test("every chunk is readable from its offset to its end alone", async () => {
  const { blob, result } = await zstdChunked(await tarOf(SAMPLE), { chunkSize: 10_000 });
  const { entries } = await read(blob, zstdChunkedAnnotations(result));
  const tool = entries.filter(({ name }) => name === "bin/tool");
  const [first, second, third] = tool;
  assert.equal(
    tool.map(({ type, chunkOffset, chunkSize }) => [type, chunkOffset, chunkSize]),
    [
      ["reg", undefined, 10_000],
      ["chunk", 10_000, 10_000],
      ["chunk", 20_000, 5000],
    ],
  );
  assert.is(first?.digest, sha256(noise(25_000)));
  const ends = [second?.offset, third?.offset, first?.endOffset];
  for (const [index, { offset, chunkDigest }] of tool.entries()) {
    assert.is(sha256(await unzstd(blob.subarray(offset, ends[index]))), chunkDigest);
  }
  const zeros = entries.find(({ name }) => name === "zeros");
  assert.is(zeros?.chunkDigest, undefined);
  assert.is(sha256(await unzstd(blob.subarray(zeros?.offset, zeros?.endOffset))), sha256(Buffer.alloc(10_000)));
});

test("the tar-split has the archive but for its files' content, one part before each entry", async () => {
  const tar = archive(file("a", "hello"), file("empty"), member({ name: "d/", typeflag: "5" }));
  const { blob, result } = await zstdChunked(tar);
  const { lines } = await read(blob, zstdChunkedAnnotations(result));
  assert.equal(
    lines.map(({ type, name, size, position }) => [type, name, size, position]),
    [
      [2, undefined, undefined, 0],
      [1, "a", 5, 1],
      [2, undefined, undefined, 2],
      [1, "empty", undefined, 3],
      [2, undefined, undefined, 4],
      [1, "d/", undefined, 5],
      [2, undefined, undefined, 6],
    ],
  );
  assert.is(lines[3]?.payload, null);
  const raw = lines.map(({ type, payload }) => (type === 2 ? Buffer.from(payload ?? "", "base64") : Buffer.alloc(0)));
  assert.is(raw[0]?.length, 512);
  assert.is(raw[2]?.length, 507 + 512);
  const parts = raw.map((bytes, index) => (lines[index]?.name === "a" ? Buffer.from("hello") : bytes));
  assert.ok(Buffer.concat(parts).equals(tar));
});

test("the table says what other readers take from the headers", async () => {
  const tar = archive(
    pax(record("mtime", "1700000000.123") + record("atime", "7") + record("SCHILY.xattr.user.empty", "")),
    member({ name: "a", mode: 0o100644 }, "x"),
    member({ name: "gnu", magic: GNU_MAGIC, patch: [[345, "00000000017\0"]] }, "x"),
  );
  const { blob, result } = await zstdChunked(tar);
  const [a, gnu] = (await read(blob, zstdChunkedAnnotations(result))).entries;
  assert.is(a?.mode, 0o100644);
  assert.is(a?.modtime, "2023-11-14T22:13:20.123Z");
  assert.is(a?.accesstime, "1970-01-01T00:00:07Z");
  assert.equal(a?.xattrs, { "user.empty": "" });
  assert.is(gnu?.accesstime, "1970-01-01T00:00:15Z");
});

test("a million zeros after the end stay, in whole blocks", async () => {
  const tar = Buffer.concat([archive(file("a", "x")), Buffer.alloc(10 * 1024 * 1024 + 100)]);
  const { blob, result } = await zstdChunked(tar);
  assert.is(result.diffId, sha256(tar));
  const { lines } = await read(blob, zstdChunkedAnnotations(result));
  const tail = lines.slice(2).map(({ payload }) => Buffer.from(payload ?? "", "base64").length);
  assert.is(tail.length, 3);
  assert.is((tail[0] ?? 0) % 512, 511);
  assert.ok((tail.at(-1) ?? 0) > 512);
});

test("writeZstdChunked() refuses what a table or a tar-split cannot say", async () => {
  await rejects(zstdChunked(archive(file("a\xff", "x"))), "UNSAFE_ENTRY");
  await rejects(zstdChunked(archive(file("a"), file("./a"))), "UNSAFE_ENTRY");
  await rejects(zstdChunked(archive(pax(record("comment", "x"), "g"), file("a"))), "UNSUPPORTED");
  await rejects(zstdChunked(archive(member({ name: "a", typeflag: "7" }))), "UNSUPPORTED");
});

test("for any layer the archive comes back", async () => {
  await fc.assert(
    fc.asyncProperty(layers, fc.integer({ min: 400, max: 3000 }), async (entries, chunkSize) => {
      const tar = await tarOf(entries);
      const { blob } = await zstdChunked(tar, { chunkSize }, [997]);
      assert.ok((await unzstd(blob)).equals(tar));
    }),
    { numRuns: 60 },
  );
});

test.run();
