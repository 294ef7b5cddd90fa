/**
 * The numbered list of hostile input has a test for each case of an archive, a compression, and the file system.
 */

import * as assert from "uvu/assert";
import { readSources } from "../support/source.js";
import { suite } from "../support/suite.js";

const test = suite("hostile/numbers");

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

/** Archives 1 to 73, compression 74 to 83, file system 137 to 146. */
const WANTED = [...range(1, 83), ...range(137, 146)];

/** The numbers in titles such as `case 39, 40: the limits`. */
function numbersIn(text: string): readonly number[] {
  const titles = [...text.matchAll(/["`]case ((?:\d+, )*\d+):/g)];
  return titles.flatMap(([, numbers = ""]) => numbers.split(", ").map(Number));
}

test("numbersIn() finds titles, single and several", () => {
  assert.equal(numbersIn('test("case 7: x"); test(`case 8, 9: y`); // case 10: none'), [7, 8, 9]);
});

test("every numbered case of archives, compression and the file system has a test of its number", async () => {
  const found = new Set((await readSources("test")).flatMap(({ text }) => numbersIn(text)));
  assert.equal(
    WANTED.filter((number) => !found.has(number)),
    [],
  );
});

test.run();
