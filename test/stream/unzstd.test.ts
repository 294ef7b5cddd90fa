import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { unzstd } from "../../src/stream/unzstd.js";
import { createNodeZstdEngine, createScriptZstdEngine, type ZstdEngine } from "../../src/stream/zstd-engine.js";
import { createZstdEncoder } from "../../src/stream/zstd-frame.js";
import { findProgram, missing } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { chunkSizes, corpus, count, gather, pieces } from "./pieces.js";

const test = suite("stream/unzstd");
const context = { what: "layer" };
const hasNodeEngine = (() => {
  const engine = createNodeZstdEngine();
  engine?.close();
  return engine !== undefined;
})();

function nodeEngine(): ZstdEngine {
  const engine = createNodeZstdEngine();
  if (engine === undefined) throw new Error("node:zlib has no zstd");
  return engine;
}

const ENGINES: readonly (readonly [string, () => ZstdEngine])[] = [
  ["fzstd", createScriptZstdEngine],
  ...(hasNodeEngine ? ([["node", nodeEngine]] as const) : []),
];

/** 40 lines, as `zstd -19 --check` writes them. */
const text = Buffer.from(Array.from({ length: 40 }, (_, index) => `lading carries packages ${index + 1}\n`).join(""));
const checked = Buffer.from(
  "KLUv/WQvA8UCAGJEDhCwOyRhd2wflrozMzNnEcOBAHmI9+bVxB3ivXk1UYd4b15NzCHem1dBhncQUYW08E5yjpSAWDJkBSeoEaC7/xvw5RH8v0P0A2Pdxp+7" +
    "F4AwbNhrUgPHd+mx",
  "base64",
);
const frameOf = (bytes: Uint8Array) => Buffer.from(createZstdEncoder(3)(bytes));
const skippable = (size: number, low = 0) => {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x184d2a50 + low, 0);
  header.writeUInt32LE(size, 4);
  return Buffer.concat([header, Buffer.alloc(size, 0x28)]);
};
/** A frame's start with this window descriptor, and one last raw block of 5 bytes. */
const windowed = (descriptor: number) =>
  Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, descriptor, 0x29, 0, 0]), Buffer.from("hello")]);

for (const [name, create] of ENGINES) {
  const read = (bytes: Uint8Array, sizes?: readonly number[]) =>
    gather(unzstd(pieces(bytes, sizes), context, create()));

  test(`unzstd() by ${name} reads frames, and skips what is to be skipped, in any pieces`, async () => {
    const contents = fc.array(fc.tuple(fc.nat(4000), fc.nat(15)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(contents, chunkSizes, async (lengths, sizes) => {
        const parts = lengths.map(([length], index) => corpus(length, index + 1));
        const packed = Buffer.concat(
          parts.flatMap((part, index) => [skippable(index * 9, lengths[index]?.[1]), frameOf(part)]),
        );
        assert.ok((await read(packed, sizes)).equals(Buffer.concat(parts)));
      }),
      { numRuns: 40 },
    );
  });

  test(`unzstd() by ${name} reads what is much larger than its buffers`, async () => {
    const mixed = Buffer.concat([corpus(1_500_000), Buffer.alloc(2_000_000), corpus(777, 9)]);
    assert.ok((await read(frameOf(mixed), [100_000])).equals(mixed));
  });

  test(`unzstd() by ${name} refuses a stream that is cut short anywhere`, async () => {
    const packed = Buffer.concat([checked, skippable(20), checked]);
    for (let length = 0; length < packed.length; length++) {
      if (length === checked.length || length === checked.length + 28) continue;
      await rejects(read(packed.subarray(0, length), [30]), "CORRUPT");
    }
  });

  test(`unzstd() by ${name} gives the right bytes or an error for any flipped bit`, async () => {
    for (let bit = 0; bit < checked.length * 8; bit++) {
      const wrong = Buffer.from(checked);
      wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const outcome = await read(wrong).catch((error: unknown) => error);
      // Without its flag, the checksum is bytes after the end; a larger window is as good.
      if (Buffer.isBuffer(outcome)) assert.ok(outcome.equals(text), `bit ${bit}`);
      else assert.ok(isLadingError(outcome), String(outcome));
    }
  });

  test(`unzstd() by ${name} checks the content's checksum`, async () => {
    assert.ok((await read(checked, [7])).equals(text));
    const wrong = Buffer.from(checked);
    wrong[wrong.length - 1] = 0;
    await rejects(read(wrong), "CORRUPT");
  });

  test(`unzstd() by ${name} refuses windows above 64 MiB before it takes memory`, async () => {
    // 2^26 bytes: exponent 16, mantissa 0; then an eighth more.
    assert.is((await read(windowed(16 << 3))).toString(), "hello");
    const error = await rejects(read(windowed((16 << 3) + 1)), "TOO_LARGE");
    assert.equal({ ...error.detail }, { what: "dictionary of layer", limit: 2 ** 26, actual: 2 ** 26 * 1.125 });
    await rejects(read(windowed(21 << 3)), "TOO_LARGE");
    // A single segment whose content is 1 TiB.
    const segment = Buffer.from("28b52ffd e0 0000000000010000 2900006869".replace(/ /g, ""), "hex");
    await rejects(read(segment), "TOO_LARGE");
  });

  test(`unzstd() by ${name} reads a flood of frames that are to be skipped`, async () => {
    const flood = Buffer.concat([...Array.from({ length: 20_000 }, () => skippable(0)), frameOf(text)]);
    assert.ok((await read(flood)).equals(text));
  });

  test.needs(missing("zstd"), `unzstd() by ${name} agrees with the checksums and sizes that zstd writes`, async () => {
    for (const size of [0, 1, 31, 32, 33, 1000, 131_072, 500_001]) {
      const bytes = corpus(size);
      for (const level of ["-1", "-19"]) {
        const packed = await zstd([level, "--check", "-c"], bytes);
        assert.ok((await read(packed, [60_000])).equals(bytes));
      }
    }
  });
}

/** The program's output as bytes. */
async function zstd(args: readonly string[], input: Uint8Array): Promise<Buffer> {
  const { spawnSync } = await import("node:child_process");
  return spawnSync(findProgram("zstd") ?? "zstd", args, { input, maxBuffer: 1 << 28 }).stdout;
}

const read = (bytes: Uint8Array) => gather(unzstd(pieces(bytes), context));

const REFUSED: readonly (readonly [string, Buffer, "CORRUPT" | "UNSUPPORTED", RegExp])[] = [
  ["nothing", Buffer.alloc(0), "CORRUPT", /does not start with a zstd frame/],
  ["another format", Buffer.from("PK\x03\x04"), "CORRUPT", /does not start with a zstd frame/],
  ["a reserved flag", Buffer.from("28b52ffd0800010000", "hex"), "CORRUPT", /reserved flags/],
  ["a reserved block type", Buffer.from("28b52ffd0000070000", "hex"), "CORRUPT", /reserved type/],
  ["a dictionary", Buffer.from("28b52ffd010007010000", "hex"), "UNSUPPORTED", /zstd dictionary 7/],
  ["a block above 128 KiB", Buffer.from("28b52ffd00700b0010aa", "hex"), "CORRUPT", /more than 131072/],
  [
    "less than its header says",
    Buffer.from("28b52ffd2006290000" + "68656c6c6f", "hex"),
    "CORRUPT",
    /5 bytes, and says 6|zstd data is broken/,
  ],
];
for (const [title, bytes, code, message] of REFUSED) {
  test(`unzstd() refuses ${title}`, async () => {
    assert.match((await rejects(read(bytes), code)).message, message);
  });
}

test("unzstd() refuses bytes after the last frame, unless told to tell", async () => {
  for (const rest of [Buffer.alloc(1), Buffer.alloc(9), Buffer.from("more than four")]) {
    const all = Buffer.concat([checked, rest]);
    const error = await rejects(read(all), "CORRUPT");
    assert.is(error.detail.offset, checked.length);
    const told: number[] = [];
    const trace = { closed: false, pulled: 0 };
    const onTrailing = (offset: number) => told.push(offset);
    assert.ok((await gather(unzstd(pieces(all, [50], trace), { ...context, onTrailing }))).equals(text));
    assert.equal({ told, ...trace }, { told: [checked.length], closed: true, pulled: all.length });
  }
});

test("unzstd() lets its input go when it is left early", async () => {
  const trace = { closed: false, pulled: 0 };
  for await (const _ of unzstd(pieces(frameOf(corpus(1_000_000)), [1000], trace), context)) break;
  assert.ok(trace.closed);
});

test("unzstd() takes no more memory for more frames", async () => {
  const frame = frameOf(Buffer.alloc(1 << 20));
  async function* frames() {
    for (let index = 0; index < 500; index++) yield frame;
  }
  const before = process.memoryUsage().rss;
  assert.is(await count(unzstd(frames(), context)), 500 * (1 << 20));
  assert.ok(process.memoryUsage().rss - before < 100e6);
});

test.run();
