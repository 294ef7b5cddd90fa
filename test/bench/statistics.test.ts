import fc from "fast-check";
import * as assert from "uvu/assert";
import { growth, median, medianOfPairs, spread } from "../../bench/statistics.js";
import { suite } from "../support/suite.js";

const test = suite("bench/statistics");

test("median() is the value in the middle, whatever the order", () => {
  assert.is(median([9, 1, 5]), 5);
  assert.is(median([4, 1, 3, 2]), 2.5);
  assert.is(median([7]), 7);
  assert.ok(Number.isNaN(median([])));
});

test("median() leaves as many values below as above", () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
      const middle = median(values);
      const below = values.filter((value) => value < middle).length;
      const above = values.filter((value) => value > middle).length;
      assert.ok(below <= values.length / 2 && above <= values.length / 2);
    }),
  );
});

test("spread() is not moved by one run that went wrong", () => {
  assert.is(spread([10, 11, 12, 13, 14]), 1);
  assert.is(spread([10, 11, 12, 13, 1400]), 1);
});

test("medianOfPairs() does not see a machine that slows down", () => {
  const theirs = [100, 200, 400, 800];
  const ours = theirs.map((value) => value * 0.4);
  assert.is(
    medianOfPairs(ours, theirs, (our, their) => our / their),
    0.4,
  );
  assert.throws(() => medianOfPairs([1], [1, 2], (our) => our), /no pairs/);
});

test("growth() tells linear from quadratic", () => {
  const at = (cost: (size: number) => number) => growth([1, 4, 16].map((size) => ({ size, cost: cost(size) })));
  assert.ok(Math.abs(at((size) => 3 * size) - 1) < 1e-9);
  assert.ok(Math.abs(at((size) => 5 * size ** 2) - 2) < 1e-9);
  assert.ok(Math.abs(at(() => 7)) < 1e-9);
  assert.ok(Number.isNaN(growth([{ size: 1, cost: 1 }])));
});

test.run();
