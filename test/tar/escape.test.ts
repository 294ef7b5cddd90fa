import fc from "fast-check";
import * as assert from "uvu/assert";
import { escapePath } from "../../src/tar/escape.js";
import { suite } from "../support/suite.js";

const test = suite("tar/escape");

const CASES: readonly (readonly [bytes: string, text: string])[] = [
  ["plain/name", "plain/name"],
  ["caf\xc3\xa9", "café"],
  ["\xf0\x9f\x9a\xa2", "🚢"],
  ["caf\xe9", "caf\\xe9"],
  ["\xc3", "\\xc3"],
  ["\xed\xa0\x80", "\\xed\\xa0\\x80"],
  ["\xc0\xaf", "\\xc0\\xaf"],
  ["\xe2\x80\xae", "\\u{202e}"],
  ["\xc2\x9b", "\\u{9b}"],
  ["a\tb\x7f", "a\\u{09}b\\u{7f}"],
  ["a\\xff", "a\\\\xff"],
];

for (const [bytes, text] of CASES) {
  test(`escapePath() shows ${JSON.stringify(bytes)} as ${text}`, () => {
    assert.is(escapePath(bytes), text);
  });
}

test("escapePath() shows different bytes differently, and on one line", () => {
  const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map(String.fromCharCode), maxLength: 8 });
  fc.assert(
    fc.property(bytes, bytes, (left, right) => {
      assert.not.match(escapePath(left), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      assert.is(escapePath(left) === escapePath(right), left === right);
    }),
  );
});

test.run();
