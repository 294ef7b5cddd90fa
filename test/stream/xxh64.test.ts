import fc from "fast-check";
import * as assert from "uvu/assert";
import { createXxh64 } from "../../src/stream/xxh64.js";
import { suite } from "../support/suite.js";
import { corpus } from "./pieces.js";

const test = suite("stream/xxh64");

function hashOf(...parts: readonly Uint8Array[]): string {
  const hash = createXxh64();
  for (const part of parts) hash.update(part);
  return hash.end().toString(16).padStart(16, "0");
}

// Known values of the algorithm; test/stream/unzstd.test.ts compares long inputs with what zstd writes.
const KNOWN: readonly (readonly [Uint8Array, string])[] = [
  [Buffer.from(""), "ef46db3751d8e999"],
  [Buffer.from("a"), "d24ec4f1a98c6e5b"],
  [Buffer.from("abc"), "44bc2cf5ad770999"],
];
for (const [bytes, expected] of KNOWN) {
  test(`createXxh64() of ${bytes.byteLength} bytes`, () => assert.is(hashOf(bytes), expected));
}

test("createXxh64() does not care for the pieces", () => {
  const bytes = corpus(3000);
  fc.assert(
    fc.property(fc.nat(3000), fc.nat(3000), fc.nat(3000), (size, one, other) => {
      const part = bytes.subarray(0, size);
      const [low, high] = one < other ? [one, other] : [other, one];
      assert.is(hashOf(part.subarray(0, low), part.subarray(low, high), part.subarray(high)), hashOf(part));
    }),
  );
});

test.run();
