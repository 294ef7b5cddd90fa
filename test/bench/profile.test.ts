import * as assert from "uvu/assert";
import { topFunctions } from "../../bench/profile.js";
import { summaryRows } from "../../bench/summary.js";
import type { Row } from "../../bench/table.js";
import { suite } from "../support/suite.js";

const test = suite("bench/profile");

const node = (id: number, functionName: string, url: string) => ({
  id,
  callFrame: { functionName, url, lineNumber: 9 },
});

test("topFunctions() sums over threads and leaves idle time out", () => {
  const nodes = [node(1, "(idle)", ""), node(2, "inflate", "file:///x/inflate.js"), node(3, "hash", "")];
  const one = { nodes, samples: [1, 2, 3], timeDeltas: [1000, 60, 20] };
  const two = { nodes, samples: [2], timeDeltas: [20] };
  assert.equal(topFunctions([one, two]), [
    { name: "inflate (inflate.js:10)", share: 0.8 },
    { name: "hash", share: 0.2 },
  ]);
  assert.is(topFunctions([one, two], 1).length, 1);
});

const rowOf = (id: string, medianMs: number, peakBytes: number): Row => {
  const ours = { name: "lading build", runs: 1, medianMs, spreadMs: 0, syncedMs: medianMs, peakBytes };
  return { id, title: id, ours, theirs: [], notes: [], tiny: false };
};

test("summaryRows() gives the slope and the largest memory", () => {
  const bare = { ...rowOf("x", 50, 1).ours, name: "node -e 0" };
  const rows = [
    { ...rowOf("cold", 900, 90e6), theirs: [bare] },
    rowOf("grow-bytes 1×", 150, 80e6),
    rowOf("grow-bytes 4×", 450, 151e6),
    rowOf("grow-bytes 16×", 1650, 80e6),
  ];
  const [slope, memory] = summaryRows(rows, false);
  assert.is(slope?.id, "grow-bytes");
  assert.ok(Math.abs((slope?.ours.value ?? 0) - 1) < 1e-9);
  assert.is(memory?.ours.value, 151e6);
  assert.match(memory?.ours.name ?? "", /grow-bytes 4×/);
});

test.run();
