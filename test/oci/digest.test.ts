import fc from "fast-check";
import * as assert from "uvu/assert";
import { digestFromHex, digestOf, isDigest, parseDigest, splitDigest } from "../../src/oci/digest.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("oci/digest");
const HEX = "0123456789abcdef".repeat(4);

for (const text of [`sha256:${HEX}`, `sha512:${HEX}${HEX}`]) {
  test(`parseDigest() accepts ${text.slice(0, 12)}`, () => assert.is(parseDigest(text), text));
}

const REFUSED: readonly (readonly [title: string, text: string])[] = [
  ["case 93: a path that climbs", "sha256:../../etc/passwd"],
  ["case 94: upper case", `sha256:${HEX.toUpperCase()}`],
  ["case 95: md5", `md5:${HEX.slice(32)}`],
  ["case 96: 63 digits", `sha256:${HEX.slice(1)}`],
  ["case 96: 65 digits", `sha256:${HEX}0`],
  ["case 97: no digits", "sha256:"],
  ["sha512 with the digits of sha256", `sha512:${HEX}`],
  ["a line end", `sha256:${HEX}\n`],
  ["hex alone", HEX],
  ["nothing", ""],
];
for (const [title, text] of REFUSED) {
  test(`parseDigest() refuses ${title}`, () => {
    const error = throws(() => parseDigest(text), "SYNTAX");
    assert.is(error.detail.kind, "digest");
    assert.not.match(error.message, /\n/);
  });
}

test("digestOf() gives what the algorithm gives", () => {
  assert.is(digestOf(""), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.ok(digestOf("", "sha512").startsWith("sha512:cf83e1357eefb8bd"));
});

test("splitDigest() takes apart what digestFromHex() put together", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.constantFrom("sha256", "sha512"), (bytes, algorithm) => {
      const digest = digestOf(bytes, algorithm);
      assert.ok(isDigest(digest));
      const parts = splitDigest(digest);
      assert.is(parts.algorithm, algorithm);
      assert.is(digestFromHex(parts.algorithm, parts.hex), digest);
    }),
  );
  assert.throws(() => digestFromHex("sha256", "00"), /Not the hex of a sha256/);
});

test.run();
