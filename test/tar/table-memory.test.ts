import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { inflateRawSync } from "node:zlib";
import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { fromBytes } from "../../src/stream/bytes.js";
import type { ScratchFile } from "../../src/stream/spool.js";
import { encodeHeader } from "../../src/tar/encode.js";
import { writeEstargz } from "../../src/tar/estargz.js";
import { decodeEstargzFooter } from "../../src/tar/estargz-footer.js";
import { writeZstdChunked } from "../../src/tar/zstd-chunked.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { gather, noise, otherEntry } from "./layers.js";

const test = suite("tar/table-memory");

const [FEW, MANY] = [10_000, 30_000];
/** Bytes by which what is held may differ between the two: half of what the smaller of the two tables grows by, compressed. */
const ALLOWED = 2 * 1024 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** An archive of empty files of long names that nothing makes much shorter; `atEnd` is called once all of it has been taken. */
async function* archive(entries: number, atEnd: () => Promise<void>): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < entries; index++) {
    yield encodeHeader(otherEntry(`${noise(45, index + 1).toString("hex")}-${index}`, "file"));
  }
  yield Buffer.alloc(1024);
  await atEnd();
}

/** A file that forgets what it is given: what is written of it means nothing. */
function forgetful(): ScratchFile {
  return { write() {}, read: (into) => into.fill(0).byteLength, close() {} };
}

async function heldFor(write: typeof writeEstargz | typeof writeZstdChunked, entries: number): Promise<number> {
  let held = 0;
  const measure = async () => {
    // What waits for the collector to run twice, or for events to be heard, is not held.
    for (let turn = 0; turn < 3; turn++) {
      await nextTurn();
      collectGarbage();
    }
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    held = heapUsed + Math.max(external, arrayBuffers);
  };
  const stream = write(archive(entries, measure), () => {}, {
    checked: true,
    scratch: forgetful,
    level: 1,
    chunkSize: 64 * 1024,
  });
  for await (const _chunk of stream);
  return held;
}

for (const [name, write] of [
  ["eStargz", writeEstargz],
  ["zstd:chunked", writeZstdChunked],
] as const) {
  test(`what is held of an archive's table in ${name} does not grow with its entries`, async () => {
    await heldFor(write, FEW);
    const few = await heldFor(write, FEW);
    const many = await heldFor(write, MANY);
    assert.ok(many - few < ALLOWED, `${many - few} bytes more for ${MANY - FEW} entries more`);
  });
}

test("a table that waited in a file gives the same bytes as one that waited in memory", async (context) => {
  const store = createLayoutStore(await tempFolder(context));
  await store.put("text/plain", fromBytes("made"));
  for (const write of [writeEstargz, writeZstdChunked]) {
    const tar = () => archive(FEW, async () => {});
    const inMemory = await gather(write(tar(), () => {}));
    assert.ok((await gather(write(tar(), () => {}, { scratch: store.scratch }))).equals(inMemory));
  }
});

test("a table of over 4 MiB is one gzip member too", async () => {
  let tocDigest = "";
  const stream = writeEstargz(
    archive(MANY, async () => {}),
    (end) => {
      tocDigest = end.tocDigest;
    },
  );
  const blob = await gather(stream);
  const offset = decodeEstargzFooter(blob.subarray(-51)) ?? -1;
  // Raw DEFLATE knows one member only.
  const tar = inflateRawSync(blob.subarray(offset + 10, -51 - 8));
  const size = Number.parseInt(tar.toString("latin1", 124, 135), 8);
  assert.ok(size > 4 * 1024 * 1024, `${size} bytes`);
  assert.is(tar.length, 512 + Math.ceil(size / 512) * 512 + 1024);
  assert.is(digestOf(tar.subarray(512, 512 + size)), tocDigest);
});

test.run();
