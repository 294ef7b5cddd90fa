import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { type Digest, digestOf } from "../../src/oci/digest.js";
import { loadBlockEncoder } from "../../src/stream/block.js";
import { decompress } from "../../src/stream/codec.js";
import type { WriteEntry } from "../../src/tar/entry.js";
import { writeEstargz } from "../../src/tar/estargz.js";
import { decodeEstargzFooter, encodeEstargzFooter } from "../../src/tar/estargz-footer.js";
import { verifyEstargz } from "../../src/tar/estargz-verify.js";
import { writeZstdChunked } from "../../src/tar/zstd-chunked.js";
import { decodeZstdChunkedFooter, encodeZstdChunkedFooter, type Position } from "../../src/tar/zstd-chunked-footer.js";
import { verifyZstdChunked } from "../../src/tar/zstd-chunked-verify.js";
import { member } from "../support/hostile-tar.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { gather, inPieces, layers, ranges, SAMPLE, tarOf } from "./layers.js";

const test = suite("tar/layer-verify");

const KINDS = [
  { kind: "eStargz", write: writeEstargz, verify: verifyEstargz },
  { kind: "zstd:chunked", write: writeZstdChunked, verify: verifyZstdChunked },
] as const;

/** What a blob may be refused with. */
const CODES: readonly string[] = ["CORRUPT", "DIGEST_MISMATCH", "FORMAT", "TOO_LARGE", "UNSUPPORTED"];

type Kind = (typeof KINDS)[number];

async function make({ write }: Kind, entries: readonly WriteEntry[], chunkSize: number) {
  const results: Awaited<ReturnType<Kind["verify"]>>[] = [];
  const tar = inPieces(await tarOf(entries));
  const blob = await gather(write(tar, (end) => results.push(end), { chunkSize }));
  const [result] = results;
  if (result === undefined) throw new Error("No result");
  return { blob, result };
}

for (const kind of KINDS) {
  test(`${kind.kind}: what is written passes, and is what its writer told`, async () => {
    const { blob, result } = await make(kind, SAMPLE, 10_000);
    assert.equal(await kind.verify(ranges(blob), result.tocDigest), result);
  });

  test(`${kind.kind}: so does any layer`, async () => {
    await fc.assert(
      fc.asyncProperty(layers, fc.integer({ min: 400, max: 3000 }), async (entries, chunkSize) => {
        const { blob, result } = await make(kind, entries, chunkSize);
        assert.equal(await kind.verify(ranges(blob), result.tocDigest), result);
      }),
      { numRuns: 30 },
    );
  });

  test(`${kind.kind}: a bit that is turned over anywhere is seen`, async () => {
    const { blob, result } = await make(
      kind,
      SAMPLE.filter(({ path, type }) => path !== "bin/tool" && type !== "hardlink"),
      4000,
    );
    for (let at = 0; at < blob.length; at += 1 + Math.floor(blob.length / 150)) {
      const wrong = Buffer.from(blob);
      wrong[at] = (wrong[at] ?? 0) ^ 0x10;
      const end = await kind.verify(ranges(wrong), result.tocDigest).catch((error: unknown) => error);
      // A header of gzip or zstd has bits that mean nothing: then all that counts is the same.
      if (isLadingError(end)) assert.ok(CODES.includes(end.code), String(end));
      else assert.equal(end, result);
    }
  });

  test(`${kind.kind}: another table than the manifest promises, and a blob cut short, are refused`, async () => {
    const { blob, result } = await make(kind, SAMPLE, 10_000);
    await rejects(kind.verify(ranges(blob), digestOf("")), "DIGEST_MISMATCH");
    await rejects(kind.verify(ranges(blob.subarray(0, -1)), result.tocDigest), "CORRUPT");
    await rejects(kind.verify(ranges(Buffer.alloc(0)), result.tocDigest), "CORRUPT");
  });
}

/** An eStargz blob whose table was changed: the parts before the table stay where they are. */
async function withTable(change: (json: string) => string): Promise<{ blob: Buffer; tocDigest: Digest }> {
  const { blob } = await make(KINDS[0], SAMPLE, 10_000);
  const offset = decodeEstargzFooter(blob.subarray(-51)) ?? 0;
  const tar = gunzipSync(blob.subarray(offset, -51));
  const size = Number.parseInt(tar.toString("latin1", 124, 135), 8);
  const json = change(tar.toString("utf8", 512, 512 + size));
  const table = Buffer.concat([
    member({ name: "stargz.index.json" }, Buffer.from(json).toString("latin1")),
    Buffer.alloc(1024),
  ]);
  const footer = encodeEstargzFooter(offset);
  return { blob: Buffer.concat([blob.subarray(0, offset), gzipSync(table), footer]), tocDigest: digestOf(json) };
}

test("a table that speaks of another archive is refused, though its digest is right", async () => {
  const same = await withTable((json) => json);
  assert.is((await verifyEstargz(ranges(same.blob), same.tocDigest)).entries, SAMPLE.length);
  const changes: readonly (readonly [string, (json: string) => string])[] = [
    ["mode", (json) => json.replace('"mode":2541', '"mode":2540')],
    ["owner", (json) => json.replace('"uid":1000', '"uid":0')],
    ["target", (json) => json.replace('"linkName":"bin/tool"', '"linkName":"bin/fool"')],
    ["time", (json) => json.replace("22:13:20Z", "22:13:22Z")],
    ["attributes", (json) => json.replace('"user.a":"eg=="', '"user.a":"eh=="')],
    ["name", (json) => json.replace('"name":"empty"', '"name":"ample"')],
    ["landmark", (json) => json.replace(".no.prefetch.landmark", ".no.prefetch.landmerk")],
    ["version", (json) => json.replace('"version":1', '"version":2')],
    ["chunk", (json) => json.replace('"chunkOffset":10000', '"chunkOffset":10001')],
    ["digest", (json) => json.replace(/"chunkDigest":"sha256:../, '"chunkDigest":"sha256:00')],
    ["entry", (json) => json.replace(/\{"name":"empty"[^}]*\},/, "")],
    ["twice", (json) => json.replace(/(\{"name":"empty"[^}]*\},)/, "$1$1")],
  ];
  for (const [title, change] of changes) {
    const { blob, tocDigest } = await withTable(change);
    assert.is.not(tocDigest, same.tocDigest, title);
    const end = await verifyEstargz(ranges(blob), tocDigest).catch((error: unknown) => error);
    assert.ok(
      isLadingError(end) && ["CORRUPT", "DIGEST_MISMATCH", "SYNTAX"].includes(end.code),
      `${title}: ${String(end)}`,
    );
  }
});

/** A zstd:chunked blob whose tar-split was changed, its table and footer made to agree. */
async function withTarSplit(change: (lines: string) => string): Promise<{ blob: Buffer; tocDigest: Digest }> {
  const { blob } = await make(KINDS[1], SAMPLE, 10_000);
  const positions = decodeZstdChunkedFooter(blob.subarray(-64));
  if (positions === undefined) throw new Error("No footer");
  const { toc, tarSplit } = positions;
  const encodeBlock = await loadBlockEncoder("zstd");
  const encode = (block: Uint8Array) => Buffer.from(encodeBlock(block));
  const text = async ({ offset, size }: Position) =>
    (await gather(decompress(inPieces(blob.subarray(offset, offset + size)), "zstd"))).toString();
  const lines = change(await text(tarSplit));
  const split = encode(Buffer.from(lines));
  const json = (await text(toc)).replace(/"tarSplitDigest":"[^"]*"/, `"tarSplitDigest":"${digestOf(split)}"`);
  const table = encode(Buffer.from(json));
  const place = (offset: number, bytes: Uint8Array, plain: string): Position => {
    return { offset, size: bytes.length, uncompressedSize: Buffer.byteLength(plain) };
  };
  const footer = encodeZstdChunkedFooter({
    toc: place(toc.offset, table, json),
    tarSplit: place(toc.offset + table.length + 8, split, lines),
  });
  const frames = [table, split, footer].flatMap((bytes) => {
    const header = Buffer.from("502a4d1800000000", "hex");
    header.writeUInt32LE(bytes.length, 4);
    return [header, bytes];
  });
  return { blob: Buffer.concat([blob.subarray(0, toc.offset - 8), ...frames]), tocDigest: digestOf(table) };
}

test("a tar-split that does not lead to the archive is refused, though its digest is right", async () => {
  const same = await withTarSplit((lines) => lines);
  assert.is((await verifyZstdChunked(ranges(same.blob), same.tocDigest)).entries, SAMPLE.length);
  const changes: readonly (readonly [string, RegExp, string])[] = [
    ["CRC-64", /("name":"bin\/tool","size":25000,"payload":")./, "$1/"],
    ["size", /"size":25000/, '"size":24999'],
    ["name", /"name":"zeros"/, '"name":"heros"'],
    ["header", /"type":2,"payload":"Ymlu/, '"type":2,"payload":"Ymlv'],
    ["a file left out", /\{"type":1,"name":"zeros"[^\n]*\n/, ""],
    ["no JSON", /^./, "["],
  ];
  for (const [title, pattern, text] of changes) {
    const { blob, tocDigest } = await withTarSplit((lines) => lines.replace(pattern, text));
    assert.is.not(tocDigest, same.tocDigest, title);
    const end = await verifyZstdChunked(ranges(blob), tocDigest).catch((error: unknown) => error);
    assert.ok(isLadingError(end) && ["CORRUPT", "SYNTAX"].includes(end.code), `${title}: ${String(end)}`);
  }
});

test.run();
