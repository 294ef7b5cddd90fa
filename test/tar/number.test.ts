import fc from "fast-check";
import * as assert from "uvu/assert";
import { decodeNumber, encodeOctal } from "../../src/tar/number.js";
import { base256 } from "../support/hostile-tar.js";
import { suite } from "../support/suite.js";

const test = suite("tar/number");

const CASES: readonly (readonly [string, string, number])[] = [
  ["octal ended by a NUL", "0000644\0", 0o644],
  ["octal ended by a blank", "000644 \0", 0o644],
  ["octal to the end of the field", "77777777", 0o77777777],
  ["octal led by blanks", "   644 \0", 0o644],
  ["nothing", "\0\0\0\0\0\0\0\0", 0],
  ["only blanks", "        ", Number.NaN],
  ["a NUL before digits", "\x000000644", Number.NaN],
  ["a sign", "-0000644", Number.NaN],
  ["a letter", "00006a4\0", Number.NaN],
  ["text behind the end", "644\0 7\0\0", Number.NaN],
  ["base-256", "\x80\0\0\0\0\0\x01\x02", 258],
  ["base-256, -1", "\xff\xff\xff\xff\xff\xff\xff\xff", -1],
  ["base-256, the largest safe integer", "\x80\x1f\xff\xff\xff\xff\xff\xff", Number.MAX_SAFE_INTEGER],
  ["base-256, one more", "\x80\x20\0\0\0\0\0\0", Number.POSITIVE_INFINITY],
  ["base-256, very negative", "\xc0\0\0\0\0\0\0\0", Number.NEGATIVE_INFINITY],
];

for (const [title, bytes, expected] of CASES) {
  test(`decodeNumber() reads ${title}`, () => {
    assert.ok(Object.is(decodeNumber(Buffer.from(`##${bytes}##`, "latin1"), 2, 8), expected));
  });
}

test("decodeNumber() reads what encodeOctal() writes, and base-256", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0o77777777777 }), fc.maxSafeInteger(), (octal, any) => {
      const field = Buffer.alloc(12, 0x23);
      const sum = encodeOctal(octal, field, 0, 12);
      assert.is(decodeNumber(field, 0, 12), octal);
      assert.is(
        field.reduce((total, byte) => total + byte),
        sum,
      );
      assert.is(decodeNumber(Buffer.from(base256(BigInt(any), 12), "latin1"), 0, 12), any);
    }),
  );
});

test.run();
