import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import { type EstargzOptions, type EstargzResult, estargzAnnotations, writeEstargz } from "../../src/tar/estargz.js";
import { decodeEstargzFooter } from "../../src/tar/estargz-footer.js";
import { decodeToc, type TocEntry } from "../../src/tar/toc.js";
import { archive, file, header, member, pax, record } from "../support/hostile-tar.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { fileEntry, gather, inPieces, layers, noise, otherEntry, SAMPLE, tarOf } from "./layers.js";
import { scan } from "./read.js";

const test = suite("tar/estargz");

async function estargz(tar: Uint8Array, options: EstargzOptions = {}, sizes?: readonly number[]) {
  const results: EstargzResult[] = [];
  const blob = await gather(writeEstargz(inPieces(tar, sizes), (end) => results.push(end), options));
  const [result] = results;
  if (result === undefined) throw new Error("No result");
  return { blob, result };
}

/** The table, read with nothing of src but the footer's offset: JSON of the tar entry in the member that starts there. */
function tableOf(blob: Buffer): { json: Buffer; offset: number; entries: readonly TocEntry[] } {
  const offset = decodeEstargzFooter(blob.subarray(-51)) ?? -1;
  const tar = gunzipSync(blob.subarray(offset, -51));
  assert.is(tar.toString("latin1", 0, 17), "stargz.index.json");
  const json = tar.subarray(512, 512 + Number.parseInt(tar.toString("latin1", 124, 135), 8));
  return { json, offset, entries: decodeToc(json).entries };
}

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

test("writeEstargz() gives the same bytes however the archive comes in, and these", async () => {
  const tar = await tarOf(SAMPLE);
  const whole = await estargz(tar, { chunkSize: 10_000 });
  const pieces = await estargz(tar, { chunkSize: 10_000 }, [1, 700, 100_000]);
  assert.equal(pieces, whole);
  assert.is(whole.result.diffId, "sha256:711fe294591036c9c5bea3f93271e9c294353708097c1ca5f3215be905f75a8d");
  assert.is(whole.result.tocDigest, "sha256:092efb6111ec3089ea9150c26c9396cf28b7e78136ff512d39271b7624e0e6a6");
  assert.is(digestOf(whole.blob), "sha256:6d6bedc7444c916106da47091e221426d36754b4b9a67495c6230be41ce99e9d");
});

test("a reader of gzip and tar sees the archive between a landmark and the table", async () => {
  const tar = await tarOf(SAMPLE);
  const { blob, result } = await estargz(tar, { chunkSize: 4096 });
  const plain = gunzipSync(blob);
  assert.is(sha256(plain), result.diffId);
  assert.is(plain.length, result.uncompressedSize);
  assert.is(result.entries, SAMPLE.length);
  const [ours, theirs] = [scan(tar), scan(plain)];
  assert.equal(theirs.entries.slice(1, -1), ours.entries);
  assert.equal(theirs.contents.slice(1, -1), ours.contents);
  assert.is(theirs.entries[0]?.path, ".no.prefetch.landmark");
  assert.is(theirs.contents[0], "\x0f");
  assert.is(theirs.entries.at(-1)?.path, "stargz.index.json");
  assert.is(theirs.end.endBlocks, 2);
});

test("every chunk is a gzip member of its own at its offset, and the table says what it is", async () => {
  const { blob, result } = await estargz(await tarOf(SAMPLE), { chunkSize: 10_000 });
  const { json, offset, entries } = tableOf(blob);
  assert.is(sha256(json), result.tocDigest);
  const data = entries.filter(({ offset: at }) => at !== undefined);
  const offsets = [...data.map((entry) => entry.offset ?? 0), offset];
  for (const [index, entry] of data.entries()) {
    const content = gunzipSync(blob.subarray(offsets[index], offsets[index + 1]));
    const rest =
      (data.find(({ name, type }) => type === "reg" && name === entry.name)?.size ?? 0) - (entry.chunkOffset ?? 0);
    assert.is(sha256(content.subarray(0, entry.chunkSize ?? rest)), entry.chunkDigest);
  }
  const tool = entries.filter(({ name }) => name === "bin/tool");
  assert.equal(
    tool.map(({ type, size, chunkOffset, chunkSize, mode, digest }) => ({
      type,
      size,
      chunkOffset,
      chunkSize,
      mode,
      digest,
    })),
    [
      {
        type: "reg",
        size: 25_000,
        chunkOffset: undefined,
        chunkSize: 10_000,
        mode: 0o4755,
        digest: sha256(noise(25_000)),
      },
      { type: "chunk", size: undefined, chunkOffset: 10_000, chunkSize: 10_000, mode: undefined, digest: undefined },
      { type: "chunk", size: undefined, chunkOffset: 20_000, chunkSize: undefined, mode: undefined, digest: undefined },
    ],
  );
});

test("the table says what the headers say, and nothing after its last brace", async () => {
  const { blob } = await estargz(await tarOf(SAMPLE));
  const { json, entries } = tableOf(blob);
  assert.is(json.at(-1), "}".charCodeAt(0));
  const of = (name: string) => entries.find((entry) => entry.name === name);
  assert.equal(of("bin/"), { name: "bin/", type: "dir", mode: 0o755, uid: 0, gid: 0, modtime: "2023-11-14T22:13:20Z" });
  assert.is(of("hard")?.linkName, "bin/tool");
  assert.is(of("empty")?.digest, undefined);
  assert.is(of("umläut-↑")?.modtime, undefined);
  assert.is(of("umläut-↑")?.gid, 3_000_000);
  assert.equal(of("xattr")?.xattrs, { "user.a": "eg==", "user.b": "/wA=" });
});

test("what the archive has of another table or landmark goes away, with its padding", async () => {
  const entries = [fileEntry("a", noise(700)), fileEntry("b", noise(900))];
  const more = [
    fileEntry(".no.prefetch.landmark", Buffer.of(15)),
    entries[0] ?? fileEntry("", noise(0)),
    fileEntry(".prefetch.landmark", Buffer.of(15)),
    otherEntry("link", "hardlink", { linkpath: ".prefetch.landmark" }),
    entries[1] ?? fileEntry("", noise(0)),
    fileEntry("stargz.index.json", noise(5000)),
  ];
  const [clean, again] = [await estargz(await tarOf(entries)), await estargz(await tarOf(more))];
  assert.equal(again, clean);
  const twice = await estargz(gunzipSync(clean.blob));
  assert.equal(twice, clean);
});

test("an empty archive, and one without its end, become layers", async () => {
  assert.is((await estargz(Buffer.alloc(1024))).result.entries, 0);
  const { result } = await estargz(file("a", "x"));
  assert.equal(result, (await estargz(archive(file("a", "x")))).result);
});

test("times keep their fraction, and file type bits of modes stay", async () => {
  const tar = archive(
    pax(record("mtime", "1700000000.250")),
    member({ name: "a", mode: 0o100644 }, "x"),
    pax(record("mtime", "-1.5")),
    member({ name: "b" }, "x"),
  );
  const { entries } = tableOf((await estargz(tar)).blob);
  assert.is(entries[1]?.modtime, "2023-11-14T22:13:20.25Z");
  assert.is(entries[1]?.mode, 0o100644);
  assert.is(entries[2]?.modtime, "1969-12-31T23:59:58.5Z");
});

test("writeEstargz() refuses what a table cannot say", async () => {
  await rejects(estargz(archive(file("a\xff", "x"))), "UNSAFE_ENTRY");
  await rejects(estargz(archive(file("a"), file("a"))), "UNSAFE_ENTRY");
  await rejects(estargz(archive(pax(record("comment", "x"), "g"), file("a"))), "UNSUPPORTED");
  await rejects(estargz(archive(member({ name: "a", typeflag: "7" }))), "UNSUPPORTED");
  await rejects(estargz(archive(pax(record("mtime", "999999999999")), file("a"))), "UNSUPPORTED");
  await rejects(estargz(archive(file("a")).subarray(0, 300)), "FORMAT");
  await rejects(estargz(gzipSync(archive(file("a", "x")))), "FORMAT");
  await rejects(estargz(Buffer.concat([archive(file("a")), Buffer.from("x")])), "CORRUPT");
  await rejects(estargz(header({ name: "a", size: 5 })), "CORRUPT");
  for (const chunkSize of [0, 1.5, 2 ** 25]) {
    try {
      await estargz(archive(), { chunkSize });
      assert.unreachable();
    } catch (error) {
      assert.instance(error, RangeError);
    }
  }
});

test("estargzAnnotations() names the table's digest and the archive's size", async () => {
  const { result } = await estargz(await tarOf(SAMPLE));
  assert.equal(estargzAnnotations(result), {
    "containerd.io/snapshot/stargz/toc.digest": result.tocDigest,
    "io.containers.estargz.uncompressed-size": String(result.uncompressedSize),
  });
});

test("for any layer the plain archive is the input's, entry by entry", async () => {
  await fc.assert(
    fc.asyncProperty(layers, fc.integer({ min: 400, max: 3000 }), async (entries, chunkSize) => {
      const tar = await tarOf(entries);
      const { blob } = await estargz(tar, { chunkSize }, [997]);
      const [ours, theirs] = [scan(tar), scan(gunzipSync(blob))];
      assert.equal(theirs.entries.slice(1, -1), ours.entries);
      assert.equal(theirs.contents.slice(1, -1), ours.contents);
    }),
    { numRuns: 60 },
  );
});

test.run();
