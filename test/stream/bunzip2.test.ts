import { spawnSync } from "node:child_process";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { bunzip2 } from "../../src/stream/bunzip2.js";
import { findProgram, missing } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { corpus, gather, pieces } from "./pieces.js";

const test = suite("stream/bunzip2");
const context = { what: "data.tar.bz2" };
const text = Buffer.from(Array.from({ length: 40 }, (_, index) => `lading carries packages ${index + 1}\n`).join(""));
/** `text` as bzip2 1.0.8 writes it. */
const packed = Buffer.from(
  "QlpoOTFBWSZTWd7erS4AAYvZgAAQQAB/4C6tWAAwAKYGlN+qpvUn/qkmgAFBo0aDIDQKlUf6qMgaDRtJjfTlre3NzvsuFVW1RVXVu7u/0kqeJJU0klS85zjg" +
    "MSoGDSVACqgBAAAC221bcCNhGwjURmI1CO4jYRgRRG4jAjMRgRkI6COYjIRuEfxdyRThQkN7erS4",
  "base64",
);
const empty = Buffer.from("QlpoORdyRThQkAAAAAA=", "base64");

const read = (bytes: Uint8Array, sizes?: readonly number[]) => gather(bunzip2(pieces(bytes, sizes), context));

test("bunzip2() reads one stream and several, in any pieces", async () => {
  for (const size of [1, 2, 13, 1000]) {
    assert.ok((await read(packed, [size])).equals(text));
    assert.ok((await read(Buffer.concat([packed, empty, packed]), [size])).equals(Buffer.concat([text, text])));
    assert.is((await read(empty, [size])).length, 0);
  }
});

test("bunzip2() refuses a stream that is cut short anywhere", async () => {
  const all = Buffer.concat([packed, packed]);
  for (let length = 0; length < all.length; length++) {
    if (length === packed.length) continue;
    const error = await rejects(read(all.subarray(0, length), [50]), "CORRUPT");
    assert.match(error.message, /it ends inside a bzip2 stream/);
  }
});

test("bunzip2() gives the right bytes or an error for any flipped bit", async () => {
  for (let bit = 0; bit < packed.length * 8; bit++) {
    const wrong = Buffer.from(packed);
    wrong[bit >> 3] = (wrong[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const outcome = await read(wrong).catch((error: unknown) => error);
    // The level is the size of the buffer, and bits after the end mean nothing.
    if (Buffer.isBuffer(outcome)) assert.ok(outcome.equals(text), `bit ${bit}`);
    else assert.ok(isLadingError(outcome, "CORRUPT"), String(outcome));
  }
});

test("bunzip2() refuses bytes after the last stream, unless told to tell", async () => {
  for (const rest of [Buffer.alloc(1), Buffer.from("trailing")]) {
    const all = Buffer.concat([packed, rest]);
    assert.is((await rejects(read(all), "CORRUPT")).detail.offset, packed.length);
    const told: number[] = [];
    const trace = { closed: false, pulled: 0 };
    const onTrailing = (offset: number) => told.push(offset);
    assert.ok((await gather(bunzip2(pieces(all, [50], trace), { ...context, onTrailing }))).equals(text));
    assert.equal({ told, ...trace }, { told: [packed.length], closed: true, pulled: all.length });
  }
});

test("bunzip2() says what fails", async () => {
  const wrong = Buffer.from(packed);
  wrong[10] = 0;
  assert.match((await rejects(read(wrong), "CORRUPT")).message, /bzip2 checksum does not match/);
  assert.match((await rejects(read(Buffer.from("PK\x03\x04....")), "CORRUPT")).message, /bzip2 data is broken/);
});

test("bunzip2() lets its input go when it is left early, and reads inputs in turns", async () => {
  const trace = { closed: false, pulled: 0 };
  for await (const _ of bunzip2(pieces(Buffer.concat([packed, packed]), [200], trace), context)) {
    assert.ok((await read(packed)).equals(text));
    break;
  }
  assert.ok(trace.closed);
});

function bzip2(args: readonly string[], input: Uint8Array): Buffer {
  return spawnSync(findProgram("bzip2") ?? "bzip2", args, { input, maxBuffer: 1 << 28 }).stdout;
}

test.needs(missing("bzip2"), "bunzip2() agrees with bzip2 on several blocks, on noise, and on runs", async () => {
  const noise = Buffer.from(corpus(700_000).map((byte, index) => (byte * 31 + index * index * 7 + (index >> 3)) & 255));
  for (const bytes of [corpus(400_000), noise, Buffer.alloc(20_000_000), Buffer.concat([noise, Buffer.alloc(999)])]) {
    for (const level of ["-1", "-9"]) assert.ok((await read(bzip2(["-c", level], bytes))).equals(bytes));
  }
});

test.run();
