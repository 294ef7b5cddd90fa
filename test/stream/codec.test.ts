import { spawnSync } from "node:child_process";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { BLOCK_SIZE, loadBlockEncoder, readBlocks } from "../../src/stream/block.js";
import { compress, decompress, type OutputCompression } from "../../src/stream/codec.js";
import { detectCompression } from "../../src/stream/detect.js";
import { findProgram, missing } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { chunkSizes, corpus, count, gather, pieces, sha256 } from "./pieces.js";

const test = suite("stream/codec");

const packed = (bytes: Uint8Array, type: OutputCompression, sizes?: readonly number[], level?: number) =>
  gather(compress(pieces(bytes, sizes), { type, level }));

/** Three blocks of text, runs and noise: 2 621 440 bytes. */
const sample = Buffer.concat([
  corpus(BLOCK_SIZE + 100_000),
  Buffer.alloc(BLOCK_SIZE - 100_000),
  corpus(BLOCK_SIZE / 2, 5),
]);
sample.forEach((byte, index) => {
  if (index % 1024 < 200) sample[index] = (byte + Math.imul(index, 2_654_435_761) / 65_536) & 255;
});

// These bytes are the digests of everybody's layers: a change of any breaks every rebuild.
const GOLDEN: readonly (readonly [string, Uint8Array, "gzip" | "zstd", number | undefined, string])[] = [
  ["nothing", Buffer.alloc(0), "gzip", undefined, "30e6fa98fb48c2b132824d1ac5e2243c0be9e9082ff32598d34d7687ca7f6c7f"],
  [
    "a word",
    Buffer.from("lading\n"),
    "gzip",
    undefined,
    "91700ab3ba07a5b82e29d4cfabbf2e43c13461d957b2176d1f94acc1d06bebc9",
  ],
  [
    "a block",
    corpus(BLOCK_SIZE),
    "gzip",
    undefined,
    "aa8dd90d016a1ca8443e8e11a6e8dab689ff61f7d930c6b73ed2f8a3e3446512",
  ],
  ["three blocks", sample, "gzip", 6, "6d1cbdf79282f4b0a3a541855b4a33240b1b70ccae53707473c3d7567ee7ba14"],
  ["three blocks", sample, "gzip", 1, "7ee139f17f1c25fc65a1ac68e8e5e50493a503a9d8ae8e7f212ebd74dd66328f"],
  ["three blocks", sample, "gzip", 12, "8e8af928cf0df0582abbc6af40315612b23536b22530e3c27d47fd5cc03b43e6"],
  ["nothing", Buffer.alloc(0), "zstd", undefined, "6fb8543883dafcc2ed0934866b8b3f775231f5b0933add08bf502e9e84944cbd"],
  [
    "a word",
    Buffer.from("lading\n"),
    "zstd",
    undefined,
    "297dd42c748cc03c4cef0662de9dfcb7db031714ccdac408ef0721c5ed5db32a",
  ],
  [
    "a block",
    corpus(BLOCK_SIZE),
    "zstd",
    undefined,
    "3a44defe983bc115f295ccf743613e49949644b24e1fa218db0800fe91b96bad",
  ],
  ["three blocks", sample, "zstd", 3, "1c66fd1f4de68b010bfb4127f0a9d8abf4b44f23752f7a37978682b9d33947f3"],
  ["three blocks", sample, "zstd", 19, "efbdb4b5e5c8bcde30f7aede8a6a9dc386b23a8644f37c9a08bcce5eda371948"],
];
test("the sample is what it was", () =>
  assert.is(sha256(sample), "bdab24f3313cbed74ba6b79de7d5f2c633a5048f8051f7f83add2ddc457e5331"));
for (const [title, bytes, type, level, digest] of GOLDEN) {
  test(`compress() of ${title} by ${type} at level ${level ?? "unset"} gives the bytes it always gave`, async () => {
    assert.is(sha256(await packed(bytes, type, undefined, level)), digest);
  });
}

for (const type of ["gzip", "zstd"] as const) {
  test(`compress() by ${type} does not care for the pieces, and decompress() gives them back`, async () => {
    const bytes = corpus(BLOCK_SIZE + 3000);
    const expected = sha256(await packed(bytes, type));
    await fc.assert(
      fc.asyncProperty(chunkSizes, async (sizes) => {
        const result = await packed(bytes, type, [...sizes, 9000]);
        assert.is(sha256(result), expected);
        assert.is(detectCompression(result), type);
        assert.ok((await gather(decompress(pieces(result, sizes), type))).equals(bytes));
      }),
      { numRuns: 8 },
    );
  });

  test(`compress() by ${type} cuts at exactly 1 MiB`, async () => {
    const encode = await loadBlockEncoder(type);
    for (const size of [0, 1, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 2 * BLOCK_SIZE]) {
      const bytes = corpus(size);
      const blocks: Uint8Array[] = [];
      for (let at = 0; at < Math.max(size, 1); at += BLOCK_SIZE)
        blocks.push(Buffer.from(encode(bytes.subarray(at, at + BLOCK_SIZE))));
      assert.ok((await packed(bytes, type, [100_003])).equals(Buffer.concat(blocks)));
    }
  });

  test(`compress() by ${type} refuses a level that is none`, async () => {
    for (const level of [0, -1, 1.5, 23, Number.NaN]) {
      assert.instance(await packed(sample, type, undefined, level).catch((error: unknown) => error), RangeError);
    }
  });

  test.needs(missing(type), `${type} reads what compress() writes`, async () => {
    for (const bytes of [Buffer.alloc(0), sample]) {
      const input = await packed(bytes, type);
      const { stdout, status } = spawnSync(findProgram(type) ?? type, ["-dc"], { input, maxBuffer: 1 << 28 });
      assert.is(status, 0);
      assert.ok(stdout.equals(bytes));
    }
  });
}

test("compress() writes members with one fixed header", async () => {
  const result = await packed(Buffer.alloc(0), "gzip");
  assert.is(result.toString("hex"), "1f8b08000000000000ff" + "010000ffff" + "0000000000000000");
  assert.ok(gunzipSync(await packed(sample, "gzip")).equals(sample));
});

test("compress() leaves the process's handlers as they were", async () => {
  const handler = () => {};
  process.on("unhandledRejection", handler);
  await packed(sample, "gzip");
  const left = [process.listenerCount("uncaughtException"), process.listeners("unhandledRejection")];
  process.off("unhandledRejection", handler);
  assert.equal(left, [0, [handler]]);
});

test("compress() and decompress() pass bytes on with none", async () => {
  assert.ok((await packed(sample, "none")).equals(sample));
  assert.ok((await gather(decompress(pieces(sample), "none"))).equals(sample));
});

/** Becomes no smaller, so that every buffer is as large as it can be. */
const noise = Buffer.alloc(BLOCK_SIZE);
for (let at = 0, state = 1; at < noise.length; at++) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  noise[at] = state >>> 24;
}

test("compress() takes no more memory for more content", async () => {
  const block = corpus(BLOCK_SIZE);
  async function* endless(blocks: number) {
    for (let index = 0; index < blocks; index++) yield block;
  }
  await count(compress(endless(5), { type: "gzip", level: 1 }));
  const before = process.memoryUsage().rss;
  await count(compress(endless(120), { type: "gzip", level: 1 }));
  assert.ok(process.memoryUsage().rss - before < 60e6);
});

test("compress() by zstd lets none of the native module's buffers lie", async () => {
  async function* endless(blocks: number) {
    for (let index = 0; index < blocks; index++) yield noise;
  }
  await count(compress(endless(16), { type: "zstd" }));
  const before = process.memoryUsage().rss;
  await count(compress(endless(160), { type: "zstd" }));
  assert.ok(process.memoryUsage().rss - before < 40e6);
});

/** Enough blocks for threads, all of them different and the last one short. */
const long = Buffer.concat([...Array(11).keys()].map((seed) => corpus(BLOCK_SIZE, seed + 1)).concat(corpus(5000)));

for (const type of ["gzip", "zstd"] as const) {
  test(`compress() by ${type} gives the same bytes by any number of threads`, async () => {
    const expected = await packed(long, type);
    for (const jobs of [2, 3, 5]) {
      assert.ok((await gather(compress(pieces(long), { type, jobs }))).equals(expected));
    }
  });
}

for (const type of ["gzip", "zstd"] as const) {
  test(`compress() by ${type} of several streams at once keeps them apart`, async () => {
    const seeds = [20, 21, 22];
    const alone: string[] = [];
    for (const seed of seeds) alone.push(sha256(await packed(corpus(9000, seed), type)));
    async function slowly(seed: number): Promise<string> {
      const chunks: Buffer[] = [];
      for await (const chunk of compress(pieces(corpus(9000, seed)), { type })) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        chunks.push(Buffer.from(chunk));
      }
      return sha256(Buffer.concat(chunks));
    }
    assert.equal(await Promise.all(seeds.map(slowly)), alone);
  });
}

test("compress() by threads reads no more than a few blocks ahead, and lets its input go when it is left", async () => {
  const endless = Buffer.alloc(40 * BLOCK_SIZE, long);
  for (const taken of [2, 6]) {
    const trace = { closed: false, pulled: 0 };
    let left = taken;
    for await (const _ of compress(pieces(endless, undefined, trace), { type: "gzip", level: 1, jobs: 3 })) {
      if (--left === 0) break;
    }
    assert.ok(trace.closed && trace.pulled <= (taken + 5) * BLOCK_SIZE);
  }
});

test("compress() by threads ends with what its input throws, and for its signal", async () => {
  async function* broken() {
    yield* pieces(long);
    throw new TypeError("no more");
  }
  const error = await count(compress(broken(), { type: "gzip", jobs: 2 })).catch((thrown: unknown) => thrown);
  assert.is((error as Error).message, "no more");
  const controller = new AbortController();
  const read = async () => {
    let blocks = 0;
    for await (const _ of compress(pieces(long), { type: "gzip", jobs: 2, signal: controller.signal })) {
      if (++blocks === 6) controller.abort();
    }
  };
  assert.is(((await read().catch((thrown: unknown) => thrown)) as Error).name, "AbortError");
});

test("readBlocks() cuts any stream", async () => {
  const bytes = corpus(1000);
  await fc.assert(
    fc.asyncProperty(chunkSizes, fc.integer({ min: 1, max: 1200 }), async (sizes, size) => {
      const blocks: Buffer[] = [];
      for await (const block of readBlocks(pieces(bytes, sizes), size)) blocks.push(Buffer.from(block));
      assert.ok(Buffer.concat(blocks).equals(bytes));
      assert.ok(blocks.slice(0, -1).every((block) => block.length === size));
    }),
    { numRuns: 40 },
  );
});

const ZEROS = Buffer.alloc(1 << 20);
/** gzip of that many MiB of zeros: a thousandth of them. */
const bomb = (mebibytes: number) => Buffer.concat(Array.from({ length: mebibytes }, () => gzipSync(ZEROS)));

test("decompress() refuses a bomb by its ratio, after 16 MiB", async () => {
  const error = await rejects(count(decompress(pieces(bomb(64), [1000]), "gzip", { what: "app.tar.gz" })), "TOO_LARGE");
  assert.match(error.message, /Cannot decompress app.tar.gz: it becomes more than 500 times as large.*raise maxRatio/);
  assert.is(error.detail.limit, 500);
  assert.is(await count(decompress(pieces(bomb(16), [1000]), "gzip")), 16 << 20);
  assert.is(await count(decompress(pieces(bomb(64)), "gzip", { limits: { maxRatio: 2000 } })), 64 << 20);
  assert.is(await count(decompress(pieces(bomb(64)), "gzip", { limits: { ratioFloor: 64 << 20 } })), 64 << 20);
  await rejects(count(decompress(pieces(bomb(1)), "gzip", { limits: { ratioFloor: 0 } })), "TOO_LARGE");
});

test("decompress() stops at maxBytes, whatever the compression", async () => {
  for (const type of ["gzip", "zstd", "none"] as const) {
    const input = await packed(sample, type);
    const read = (maxBytes: number) => count(decompress(pieces(input), type, { limits: { maxBytes } }));
    assert.is(await read(sample.length), sample.length);
    const error = await rejects(read(sample.length - 1), "TOO_LARGE");
    assert.is(error.detail.what, "maxBytes");
  }
});

test("decompress() takes no more memory for a bomb that is allowed", async () => {
  const limits = { maxRatio: Number.POSITIVE_INFINITY };
  const input = bomb(1);
  async function* endless() {
    for (let index = 0; index < 1000; index++) yield input;
  }
  await count(decompress(pieces(input), "gzip", { limits }));
  const before = process.memoryUsage().rss;
  assert.is(await count(decompress(endless(), "gzip", { limits })), 1000 << 20);
  assert.ok(process.memoryUsage().rss - before < 60e6);
});

test.needs(missing("xz", "bzip2", "zstd"), "decompress() refuses bombs of every format", async () => {
  const zeros = Buffer.alloc(160 << 20);
  for (const type of ["xz", "bzip2", "zstd"] as const) {
    const { stdout } = spawnSync(findProgram(type) ?? type, ["-1", "-c"], { input: zeros, maxBuffer: 1 << 28 });
    assert.is(detectCompression(stdout), type);
    const error = await rejects(count(decompress(pieces(stdout), type)), "TOO_LARGE");
    assert.is(error.detail.what, "maxRatio");
  }
});

test("decompress() refuses one compression for another", async () => {
  const zstd = await packed(sample, "zstd");
  for (const type of ["gzip", "xz", "bzip2"] as const) await rejects(count(decompress(pieces(zstd), type)), "CORRUPT");
  await rejects(count(decompress(pieces(gzipSync("x")), "zstd")), "CORRUPT");
});

test("compress() and decompress() stop for their signal", async () => {
  const input = await packed(sample, "gzip");
  for (const make of [
    (signal: AbortSignal) => compress(pieces(sample), { type: "gzip", signal }),
    (signal: AbortSignal) => decompress(pieces(input), "gzip", { signal }),
  ]) {
    const controller = new AbortController();
    const read = async () => {
      for await (const _ of make(controller.signal)) controller.abort();
    };
    const error = await read().catch((thrown: unknown) => thrown);
    assert.is((error as Error).name, "AbortError");
  }
});

test("decompress() lets its input go when it is left early", async () => {
  const input = await packed(sample, "gzip");
  const trace = { closed: false, pulled: 0 };
  for await (const _ of decompress(pieces(input, [1000], trace), "gzip")) break;
  assert.ok(trace.closed && trace.pulled < input.length);
});

test.run();
