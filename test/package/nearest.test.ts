import * as assert from "uvu/assert";
import { nearest } from "../../src/package/nearest.js";
import { suite } from "../support/suite.js";

const test = suite("package/nearest");
const WORDS = ["dependencies", "provides", "name", "os", "environment"];

const CASES: readonly (readonly [string, string | undefined])[] = [
  ["dependencys", "dependencies"],
  ["Provides", "provides"],
  ["provdies", "provides"],
  ["nmae", "name"],
  ["so", "os"],
  ["sos", "os"],
  ["enviroment", "environment"],
  ["zzzzzz", undefined],
  ["", undefined],
  ["x".repeat(1000), undefined],
];

for (const [word, expected] of CASES) {
  test(`nearest() of ${JSON.stringify(word.slice(0, 20))} is ${expected}`, () => {
    assert.is(nearest(word, WORDS), expected);
  });
}

test("nearest() takes the first of several that are as near", () => {
  assert.is(nearest("abx", ["aby", "abz"]), "aby");
});

test.run();
