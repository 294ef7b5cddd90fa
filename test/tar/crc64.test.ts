import * as assert from "uvu/assert";
import { createCrc64 } from "../../src/tar/crc64.js";
import { suite } from "../support/suite.js";

const test = suite("tar/crc64");

/** Sums by Go's hash/crc64 with its ISO table. */
const CASES: readonly (readonly [string, string])[] = [
  ["", "0000000000000000"],
  ["a", "3420000000000000"],
  ["ab", "36c4200000000000"],
  ["abcdefghij", "7f5b6e21b002d367"],
  ["The quick brown fox jumps over the lazy dog", "4ef14e19f4c6e28e"],
  ["\0\0\0\0\xff\xff\xff\xff", "3cffffff6fffffff"],
];

function sum(text: string): string {
  const crc = createCrc64();
  for (const character of text) crc.update(Buffer.from(character, "latin1"));
  return crc.digest().toString("hex");
}

for (const [text, expected] of CASES)
  test(`createCrc64() sums ${JSON.stringify(text)}`, () => assert.is(sum(text), expected));

test.run();
