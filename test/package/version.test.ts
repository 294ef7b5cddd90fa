import fc from "fast-check";
import * as assert from "uvu/assert";
import { compareNaturalVersions } from "../../src/package/version.js";
import { suite } from "../support/suite.js";

const test = suite("package/version");

/** Oldest first. */
const ORDER = [
  "",
  "1",
  "1.0",
  "1.0-rc2",
  "1.0-rc10",
  "1.2",
  "1.10",
  "2.0.0-p98",
  "2.0.0-p195",
  "10",
  "10000000000000000000001",
  "a",
  "b1",
];

test("compareNaturalVersions() orders runs of digits as numbers", () => {
  for (const [i, left] of ORDER.entries()) {
    for (const [j, right] of ORDER.entries()) {
      assert.is(Math.sign(compareNaturalVersions(left, right)), Math.sign(i - j), `${left} and ${right}`);
    }
  }
});

test("compareNaturalVersions() looks through leading zeros", () => {
  assert.is(compareNaturalVersions("1.01", "1.1"), 0);
  assert.is(compareNaturalVersions("1.00", "1.0"), 0);
});

const text = fc.string({ unit: fc.constantFrom(..."0129.-abü") });

test("compareNaturalVersions() is an order", () => {
  fc.assert(
    fc.property(text, text, text, (a, b, c) => {
      const sign = (x: string, y: string) => Math.sign(compareNaturalVersions(x, y));
      assert.is(sign(a, b) + sign(b, a), 0);
      assert.is(sign(a, a), 0);
      const [x, y, z] = [a, b, c].sort(compareNaturalVersions) as [string, string, string];
      assert.ok(sign(x, y) <= 0 && sign(y, z) <= 0 && sign(x, z) <= 0);
    }),
  );
});

test.run();
