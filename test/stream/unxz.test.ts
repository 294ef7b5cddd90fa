import { spawnSync } from "node:child_process";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { unxz } from "../../src/stream/unxz.js";
import { findProgram, missing } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { corpus, count, gather, pieces } from "./pieces.js";

const test = suite("stream/unxz");
const context = { what: "data.tar.xz" };
const text = Buffer.from(Array.from({ length: 40 }, (_, index) => `lading carries packages ${index + 1}\n`).join(""));

const BODY =
  "4AQuAHNdADYYSL6sVjIwJstIdyKg/KHPzQ4BkYyx85Ho7n1G/xJ0rgHnd8nXJIIVDXxET9lw5lJT2WkqlwSmgkw5HSAuf1JueHKh6+vAChYll9+1Ekh6lVWs" +
  "DuPDk6DXd3Tjxe855W+nlAejOrRfC/uiUZlTvvmAULQAA";
/** `text` as xz 5.4 writes it with these options. */
const packed = (start: string, end: string) => Buffer.from(start + BODY + end, "base64");
const CRC64_END = "M/NvDrJmvs6AAGPAa8IAACLA8gKscRn+wIAAAAABFla";
const crc64 = packed("/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj", CRC64_END);
const crc32 = packed("/Td6WFoAAAFpIt42AgAhARYAAAB0L+Wj", "Gpo4k4AAYsBrwgAAJ1BWZE+MA2LAgAAAAABWVo=");
const sha256 = packed(
  "/Td6WFoAAArh+wyhAgAhARYAAAB0L+Wj",
  "Ad644GX/ZKS91WCN4VPFFjcDKxm//xLixnMVXLuS6tVAAGnAa8IAADQhDfhtunfHAIAAAAAClla",
);
const bcj = packed("/Td6WFoAAATm1rRGAgEEACEBFgANhjUf", CRC64_END);
const dictionaryOf96MiB = packed("/Td6WFoAAATm1rRGAgAhAR0AAAB1qOR0", CRC64_END);

const read = (bytes: Uint8Array, sizes?: readonly number[]) => gather(unxz(pieces(bytes, sizes), context));

for (const [name, bytes] of [
  ["CRC-64", crc64],
  ["CRC-32", crc32],
] as const) {
  test(`unxz() reads a stream with ${name}, in any pieces`, async () => {
    for (const size of [1, 2, 7, 100, 1000]) assert.ok((await read(bytes, [size])).equals(text));
  });

  test(`unxz() refuses one with ${name} that is cut short anywhere`, async () => {
    for (let length = 0; length < bytes.length; length++) {
      await rejects(read(bytes.subarray(0, length), [50]), "CORRUPT");
    }
  });

  test(`unxz() refuses one with ${name} and any flipped bit that means something`, async () => {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const wrong = Buffer.from(bytes);
      wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const outcome = await read(wrong).catch((error: unknown) => error);
      // The range coder's first byte, the seventh of the block, means nothing.
      if (bit >> 3 === 30) assert.ok(Buffer.isBuffer(outcome) && outcome.equals(text));
      else assert.ok(isLadingError(outcome), `bit ${bit}: ${String(outcome).slice(0, 100)}`);
    }
  });
}

test("unxz() reads several streams, and padding in units of four", async () => {
  const pad = Buffer.alloc(4);
  const all = Buffer.concat([crc64, pad, pad, crc32, crc64, pad]);
  for (const size of [3, 200, 5000]) assert.ok((await read(all, [size])).equals(Buffer.concat([text, text, text])));
});

test("unxz() refuses other bytes after the last stream, as xz does", async () => {
  for (const rest of [Buffer.alloc(3), Buffer.alloc(5), Buffer.from("x"), Buffer.from("trailing"), corpus(500)]) {
    const told: number[] = [];
    const trace = { closed: false, pulled: 0 };
    const onTrailing = (offset: number) => told.push(offset);
    const all = Buffer.concat([crc64, rest]);
    await rejects(gather(unxz(pieces(all, [50], trace), { ...context, onTrailing })), "CORRUPT");
    assert.equal({ told, closed: trace.closed }, { told: [], closed: true });
  }
  assert.match(
    (await rejects(read(Buffer.concat([crc64, corpus(500)])), "CORRUPT")).message,
    /bytes after the last xz/,
  );
});

test("unxz() refuses a dictionary above 64 MiB before it takes memory", async () => {
  const before = process.memoryUsage().arrayBuffers;
  const error = await rejects(read(dictionaryOf96MiB), "TOO_LARGE");
  assert.match(error.message, /Cannot decompress data.tar.xz: it needs a dictionary/);
  assert.is(error.detail.limit, 64 * 1024 * 1024);
  assert.ok(process.memoryUsage().arrayBuffers - before < 8e6);
});

test("unxz() says what it does not know", async () => {
  assert.match((await rejects(read(sha256), "UNSUPPORTED")).message, /checksum is of another type/);
  assert.match((await rejects(read(bcj), "UNSUPPORTED")).message, /filter or option/);
});

test("unxz() says what is no xz at all", async () => {
  for (const bytes of [Buffer.from("PK\x03\x04 and what follows it"), Buffer.alloc(100)]) {
    assert.match((await rejects(read(bytes), "CORRUPT")).message, /does not start with an xz header/);
  }
});

test("unxz() reads several inputs in turns", async () => {
  const streams = [crc64, crc32].map((bytes) => unxz(pieces(bytes, [20]), context));
  const results = streams.map(() => [] as Buffer[]);
  for (let open = streams.length; open > 0; ) {
    open = 0;
    for (const [index, stream] of streams.entries()) {
      const { value } = await stream.next();
      if (value) open += results[index]?.push(Buffer.from(value)) ?? 0;
    }
  }
  assert.ok(results.every((chunks) => Buffer.concat(chunks).equals(text)));
});

test("unxz() reads many at once and after each other, and lets inputs go", async () => {
  for (let turn = 0; turn < 5; turn++) {
    const all = await Promise.all(Array.from({ length: 6 }, () => read(crc64, [17])));
    assert.ok(all.every((bytes) => bytes.equals(text)));
  }
  const trace = { closed: false, pulled: 0 };
  for await (const _ of unxz(pieces(crc64, [200], trace), context)) break;
  assert.ok(trace.closed);
});

function xz(args: readonly string[], input: Uint8Array): Buffer {
  return spawnSync(findProgram("xz") ?? "xz", args, { input, maxBuffer: 1 << 28 }).stdout;
}

test.needs(missing("xz"), "unxz() agrees with xz on what is larger than its buffers, in blocks too", async () => {
  const bytes = Buffer.concat([corpus(1_000_000), Buffer.alloc(3_000_000), corpus(200_000, 7)]);
  for (const args of [["-0"], ["-6", "--check=crc32"], ["-1", "--block-size=300000"], ["-1", "--check=none"]]) {
    assert.ok((await read(xz(["-c", ...args], bytes), [65_536])).equals(bytes), args.join(" "));
  }
});

test.needs(missing("xz"), "unxz() gives large dictionaries back", async () => {
  const bytes = xz(["-c", "--lzma2=dict=64MiB"], corpus(200_000));
  const before = process.memoryUsage().arrayBuffers;
  for (let turn = 0; turn < 12; turn++) assert.is(await count(unxz(pieces(bytes), context)), 200_000);
  // Twelve of them would be 800 MB.
  assert.ok(process.memoryUsage().arrayBuffers - before < 400e6);
});

test.run();
