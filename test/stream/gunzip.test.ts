import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { gunzip } from "../../src/stream/gunzip.js";
import {
  createBindingInflater,
  createInflater,
  createStreamInflater,
  type Inflater,
} from "../../src/stream/inflate.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { chunkSizes, corpus, gather, pieces } from "./pieces.js";

const test = suite("stream/gunzip");
const context = { what: "layer" };

function bindingInflater(): Inflater {
  const inflater = createBindingInflater();
  if (inflater === undefined) throw new Error("This Node has no binding that lading knows: the fast path is lost");
  return inflater;
}

const ENGINES: readonly (readonly [string, () => Inflater])[] = [
  ["binding", bindingInflater],
  ["stream", createStreamInflater],
];

/** A member with what headers may carry. `flags` as in RFC 1952. */
function member(content: Uint8Array, flags: number, fields: readonly Uint8Array[]): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(content), 0);
  trailer.writeUInt32LE(content.byteLength, 4);
  const header = Buffer.from([0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 3]);
  return Buffer.concat([header, ...fields, deflateRawSync(content), trailer]);
}

/** The extra field of that many bytes. */
const extra = (size: number) => Buffer.concat([Buffer.from([size & 255, size >> 8]), Buffer.alloc(size, 7)]);
const text = Buffer.from("lading carries packages\n".repeat(20));
const packedLength = gzipSync(text).length;
const HEADER_CRC = 2;
const EXTRA = 4;
const NAME = 8;
const COMMENT = 16;

test("createInflater() takes the binding on every Node that the project supports", () => {
  const inflater = createInflater();
  assert.not.instance(inflater.step(deflateRawSync("x")), Promise);
  inflater.close();
});

for (const [name, create] of ENGINES) {
  const read = (bytes: Uint8Array, sizes?: readonly number[]) =>
    gather(gunzip(pieces(bytes, sizes), context, create()));

  test(`gunzip() by ${name} reads members of any size in any pieces`, async () => {
    const contents = fc.array(fc.nat(3000), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(contents, chunkSizes, async (lengths, sizes) => {
        const parts = lengths.map((length, index) => corpus(length, index + 1));
        const packed = Buffer.concat(parts.map((part) => gzipSync(part)));
        assert.ok((await read(packed, sizes)).equals(Buffer.concat(parts)));
      }),
      { numRuns: 40 },
    );
  });

  test(`gunzip() by ${name} reads what is much larger than its buffers`, async () => {
    const zeros = Buffer.alloc(3_000_000);
    const mixed = Buffer.concat([corpus(2_000_000), zeros, corpus(777, 9)]);
    for (const level of [0, 1, 9]) assert.ok((await read(gzipSync(mixed, { level }), [10_000])).equals(mixed));
    // The output ends where the buffer does.
    for (const size of [262_143, 262_144, 262_145, 524_288]) {
      const exact = corpus(size);
      assert.ok((await read(gzipSync(exact), [1_000_000])).equals(exact));
    }
  });

  test(`gunzip() by ${name} refuses a stream that is cut short anywhere`, async () => {
    const packed = Buffer.concat([
      gzipSync(text),
      member(text, NAME | HEADER_CRC, [Buffer.from("a\0"), Buffer.from([0, 0])]),
    ]);
    const first = gzipSync(text).length;
    for (let length = 0; length < packed.length; length++) {
      if (length === first) continue;
      await rejects(read(packed.subarray(0, length), [50]), "CORRUPT");
    }
  });

  test(`gunzip() by ${name} gives the right bytes or an error for any flipped bit`, async () => {
    const packed = gzipSync(text);
    let idle = 0;
    for (let bit = 0; bit < packed.length * 8; bit++) {
      const wrong = Buffer.from(packed);
      wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const outcome = await read(wrong).catch((error: unknown) => error);
      if (Buffer.isBuffer(outcome)) assert.ok(outcome.equals(text));
      else assert.ok(isLadingError(outcome, "CORRUPT"), String(outcome));
      idle += Buffer.isBuffer(outcome) ? 1 : 0;
    }
    // The text flag, the time, extra flags, the operating system, and up to seven bits after the data mean nothing.
    assert.ok(idle >= 49 && idle <= 49 + 7, `${idle} flips did not matter`);
  });

  for (const [title, rest] of [
    ["zeros", Buffer.alloc(3)],
    ["many zeros", Buffer.alloc(100_000)],
    ["text", Buffer.from("trailing")],
  ] as const) {
    test(`gunzip() by ${name} refuses ${title} after the last member, unless told to tell`, async () => {
      const packed = gzipSync(text);
      const all = Buffer.concat([packed, rest]);
      const error = await rejects(read(all, [60]), "CORRUPT");
      assert.match(
        error.message,
        /Cannot decompress layer: there are bytes after the last gzip member \(at byte \d+\)/,
      );
      assert.is(error.detail.offset, packed.length);
      const told: number[] = [];
      const trace = { closed: false, pulled: 0 };
      const onTrailing = (offset: number) => told.push(offset);
      const stream = gunzip(pieces(all, [60], trace), { ...context, onTrailing }, create());
      assert.ok((await gather(stream)).equals(text));
      assert.equal({ told, ...trace }, { told: [packed.length], closed: true, pulled: all.length });
    });
  }
}

const read = (bytes: Uint8Array, sizes?: readonly number[]) => gather(gunzip(pieces(bytes, sizes), context));

test("gunzip() reads headers with every field, up to 64 KiB", async () => {
  const fields = [extra(300), Buffer.from("name.tar\0"), Buffer.from("comment\0")];
  assert.ok((await read(member(text, EXTRA | NAME | COMMENT, fields), [11])).equals(text));
  const head = Buffer.concat([Buffer.from([0x1f, 0x8b, 8, EXTRA | HEADER_CRC, 1, 2, 3, 4, 0, 3]), extra(300)]);
  const sum = Buffer.alloc(2);
  sum.writeUInt16LE(crc32(head) & 0xffff);
  assert.ok((await read(member(text, EXTRA | HEADER_CRC, [extra(300), sum]), [11])).equals(text));
  const largest = Buffer.concat([Buffer.alloc(65_536 - 11, 0x61), Buffer.alloc(1)]);
  assert.ok((await read(member(text, NAME, [largest]))).equals(text));
});

const BROKEN: readonly (readonly [string, Buffer, RegExp])[] = [
  [
    "a header above 64 KiB",
    member(text, NAME, [Buffer.alloc(65_536 - 10, 0x61), Buffer.alloc(1)]),
    /longer than 65536/,
  ],
  ["an extra field above 64 KiB", member(text, EXTRA, [extra(65_535)]), /longer than 65536/],
  ["a name without an end", member(text, NAME, [Buffer.alloc(200_000, 0x61)]), /longer than 65536/],
  ["reserved flags", member(text, 0x20, []), /reserved flags/],
  ["a wrong checksum of the header", member(text, HEADER_CRC, [Buffer.from([1, 2])]), /header fails its checksum/],
  ["another method", Buffer.from(gzipSync(text)).fill(7, 2, 3), /method 7, expected 8/],
  ["no gzip at all", Buffer.from("PK\x03\x04 and so on, and on"), /does not start with a gzip header/],
  ["nothing", Buffer.alloc(0), /ends inside the gzip header/],
  ["a wrong CRC", gzipSync(text).fill(0, packedLength - 8, packedLength - 4), /\(CRC-32\) does not match/],
  ["a wrong size", gzipSync(text).fill(1, packedLength - 4), /\(ISIZE\) does not match/],
  ["broken deflate data", gzipSync(text).fill(0xff, 10, 30), /deflate data is broken: invalid block type/],
];
for (const [title, bytes, message] of BROKEN) {
  test(`gunzip() refuses ${title}`, async () => {
    assert.match((await rejects(read(bytes), "CORRUPT")).message, message);
  });
}

test("gunzip() lets its input go when it is left early", async () => {
  const trace = { closed: false, pulled: 0 };
  for await (const _ of gunzip(pieces(gzipSync(corpus(1_000_000)), [1000], trace), context)) break;
  assert.ok(trace.closed);
});

test("gunzip() passes an error of its input on", async () => {
  async function* broken() {
    yield gzipSync(corpus(100_000)).subarray(0, 1000);
    throw new TypeError("from upstream");
  }
  assert.instance(await gather(gunzip(broken(), context)).catch((error: unknown) => error), TypeError);
});

test.run();
