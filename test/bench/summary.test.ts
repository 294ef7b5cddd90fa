import * as assert from "uvu/assert";
import { summaryRows } from "../../bench/summary.js";
import type { Row } from "../../bench/table.js";
import { suite } from "../support/suite.js";

const test = suite("bench/summary");

const rowOf = (id: string, medianMs: number, peakBytes: number): Row => {
  const ours = { name: "lading build", runs: 1, medianMs, spreadMs: 0, syncedMs: medianMs, peakBytes };
  return { id, title: id, ours, theirs: [], notes: [], tiny: false };
};

test("summaryRows() gives the slope and the largest memory", () => {
  const rows = [
    rowOf("cold", 900, 90e6),
    rowOf("grow-bytes 0×", 50, 70e6),
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
