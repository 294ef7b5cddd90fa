/**
 * Rows that follow from other rows: the largest memory of all, and how time grows.
 *
 * @module
 */

import { growth } from "./statistics.js";
import type { Line, Row } from "./table.js";

const MEMORY = { kind: "memory", bar: 150e6, aim: 100e6 } as const;
/** The rows of the largest inputs. */
const HEAVY = ["heavy-bytes", "heavy-files", "heavy-packages"];
/** Linear, and what noise may add. */
const LINEAR = { kind: "power", bar: 1.15, aim: 1.05 } as const;

/** A line of which nothing was measured. */
export const NOTHING: Line = {
  name: "",
  runs: 0,
  medianMs: Number.NaN,
  spreadMs: Number.NaN,
  syncedMs: Number.NaN,
  peakBytes: Number.NaN,
};

/** Size and milliseconds of each row of a group: those beyond what the least possible build, 0×, takes. */
function pointsOf(group: readonly Row[]): readonly { readonly size: number; readonly cost: number }[] {
  const points = group.map(({ id, ours }) => ({
    size: Number.parseInt(id.split(" ")[1] ?? "", 10),
    ms: ours.medianMs,
  }));
  const least = points.find(({ size }) => size === 0)?.ms ?? 0;
  // A cost below a millisecond is noise.
  return points.filter(({ size }) => size > 0).map(({ size, ms }) => ({ size, cost: Math.max(ms - least, 1) }));
}

function growthRows(rows: readonly Row[], tiny: boolean): readonly Row[] {
  return [...groupsOf(rows)].map(([id, group]): Row => {
    const points = pointsOf(group);
    const value = growth(points);
    const costs = points.map(({ size, cost }) => `${size}×: ${cost.toFixed(0)} ms`).join(", ");
    const notes = [
      `beyond the least possible build, 0×: ${costs}; the power of the size that time grows with, 1 is linear`,
    ];
    return {
      id,
      title: group[0]?.title ?? id,
      ours: { ...NOTHING, name: "slope of 1×, 4×, 16×", goal: LINEAR, value },
      theirs: [],
      notes,
      tiny,
    };
  });
}

/** Rows of growth by what grows. */
function groupsOf(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    if (!row.id.startsWith("grow-")) continue;
    const id = row.id.split(" ")[0] ?? "";
    groups.set(id, [...(groups.get(id) ?? []), row]);
  }
  return groups;
}

/** The rows to stand below the measured ones. */
export function summaryRows(rows: readonly Row[], tiny: boolean): readonly Row[] {
  const builds = rows.filter(({ ours }) => ours.name.startsWith("lading ") && Number.isFinite(ours.peakBytes));
  if (builds.length === 0) return growthRows(rows, tiny);
  const peak = builds.reduce((most, row) => (row.ours.peakBytes > most.ours.peakBytes ? row : most));
  const ours = {
    ...NOTHING,
    name: `lading in ${peak.id}`,
    peakBytes: peak.ours.peakBytes,
    goal: MEMORY,
    value: peak.ours.peakBytes,
  };
  const missing = HEAVY.filter((id) => !builds.some((row) => row.id === id));
  const notes = missing.length === 0 ? [] : [`without ${missing.join(", ")}, which ask for most`];
  return [
    ...growthRows(rows, tiny),
    { id: "memory", title: "the largest memory of all rows", ours, theirs: [], notes, tiny },
  ];
}
