import * as assert from "uvu/assert";
import { formatMark, formatValue, type GoalKind, judge } from "../../bench/goal.js";
import { type Compared, formatTable, isReached, type Line, type Row, verdictOf } from "../../bench/table.js";
import { suite } from "../support/suite.js";

const test = suite("bench/table");

const LINE: Line = { name: "lading build", runs: 3, medianMs: 1910, spreadMs: 30, syncedMs: 2000, peakBytes: 141e6 };
const TIMES = { kind: "times", bar: 0.4, aim: 0.28 } as const;

function row(theirs: Partial<Compared>, tiny = false): Row {
  const line = { ...LINE, name: "crane append", medianMs: 4840, goal: TIMES, ...theirs };
  return { id: "cold", title: "20 packages", ours: LINE, theirs: [line], notes: ["a note"], tiny };
}

const CASES: readonly (readonly [GoalKind, number, number, number, string])[] = [
  ["times", 0.4, 0.28, 0.28, "aim"],
  ["times", 0.4, 0.28, 0.4, "bar"],
  ["times", 0.4, 0.28, 0.41, "MISS"],
  ["more", 40, 20, -3, "aim"],
  ["more", 40, 20, 41, "MISS"],
  ["faster", 5, 10, 12, "aim"],
  ["faster", 5, 10, 5, "bar"],
  ["faster", 5, 10, 4.9, "MISS"],
  ["memory", 150e6, 100e6, 151e6, "MISS"],
  ["power", 1.15, 1.05, 1.1, "bar"],
  ["times", 0.4, 0.28, Number.NaN, "MISS"],
];

for (const [kind, bar, aim, value, verdict] of CASES) {
  test(`judge() of ${formatValue(kind, value)} against ${formatMark(kind, bar)} is ${verdict}`, () => {
    assert.is(judge({ kind, bar, aim }, value), verdict);
  });
}

test("formatTable() puts ratio, bar, aim and verdict beside each other", () => {
  const text = formatTable([row({ value: 0.39, syncedValue: 0.38 })]);
  const [head = "", ours = "", theirs = ""] = text.split("\n");
  assert.match(head, /^row +side +runs +median +spread .* bar +aim/);
  assert.match(ours, /^cold +lading build +3 +1\.91 s +± 30\.0 ms +2\.00 s +141 MB$/);
  assert.match(theirs, /^ +crane append .*4\.84 s.* 0\.39 × +0\.38 × +≤ 0\.40 × +≤ 0\.28 × +bar$/);
  assert.match(text, /\ncold: 20 packages\n {2}a note\n/);
});

test("formatTable() keeps every column in one place", () => {
  const lines = formatTable([row({ value: 0.39 }), row({ value: 10.5, name: "x" })]).split("\n");
  const [first = "", second = ""] = [lines[2], lines[4]];
  assert.is(first.indexOf("≤ 0.40"), second.indexOf("≤ 0.40"));
});

test("formatTable() says why there is no ratio", () => {
  const text = formatTable([row({ refused: "layer 2 differs" })]);
  assert.match(text, /REFUSED/);
  assert.match(text, /crane append refused: layer 2 differs/);
  assert.not.match(text.slice(0, text.indexOf("≤")), /×/);
});

test("verdictOf() judges nothing that is too small", () => {
  assert.is(verdictOf({ ...LINE, goal: TIMES, value: 9 }, true), "");
  assert.is(verdictOf({ ...LINE, goal: TIMES, value: 9, refused: "other content" }, true), "REFUSED");
});

test("isReached() is false for a missed bar and for a refused comparison that has one", () => {
  assert.is(isReached([row({ value: 0.4 })]), true);
  assert.is(isReached([row({ value: 0.41 })]), false);
  assert.is(isReached([row({ value: 0.41 }, true)]), true);
  assert.is(isReached([row({ refused: "other content" })]), false);
  assert.is(isReached([row({ refused: "not comparable", goal: undefined })]), true);
});

test.run();
