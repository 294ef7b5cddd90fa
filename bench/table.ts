/**
 * The one table that comes out.
 *
 * @module
 */

import { formatMark, formatValue, type Goal, judge } from "./goal.js";

/** What was measured of one side of a row. */
export interface Line {
  readonly name: string;
  /** Runs that count; the first, which does not, is not among them. */
  readonly runs: number;
  readonly medianMs: number;
  readonly spreadMs: number;
  /** The same until everything is on the disk. */
  readonly syncedMs: number;
  /** Bytes: the largest run's largest process, or the sum of all at one time. */
  readonly peakBytes: number;
  /** Bytes that the kernel counted as written to file systems. */
  readonly writtenBytes?: number | undefined;
  /** Bytes of packages, or of blobs where those are copied, that were read, as lading tells. */
  readonly readBytes?: number | undefined;
  /** Bytes that were linked instead of copied, as lading tells. */
  readonly linkedBytes?: number | undefined;
  /** Bytes that went over the network in the first round, both ways. */
  readonly wireBytes?: number | undefined;
  /** Bytes of all layers. */
  readonly layerBytes?: number | undefined;
}

/** Our side beside one other. */
export interface Compared extends Line {
  /** How to read `value`; without a goal it is told and not judged. */
  readonly goal?: Goal | undefined;
  readonly value?: number | undefined;
  /** The same value of `syncedMs`. */
  readonly syncedValue?: number | undefined;
  /** Why there is no value: the outputs differ, or the program failed. */
  readonly refused?: string | undefined;
}

export interface Row {
  readonly id: string;
  readonly title: string;
  /** Our side; its goal, if any, is about itself. */
  readonly ours: Compared;
  readonly theirs: readonly Compared[];
  /** What a reader has to know to read the row, one line each. */
  readonly notes: readonly string[];
  /** Too small to be judged: start-up is all that counts in it. */
  readonly tiny: boolean;
}

const HEAD = "row|side|runs|median|spread|synced|peak|read|written|linked|wire|layers|ratio|synced|bar|aim|".split("|");
/** Words stand left, numbers right. */
const WORDS = new Set([0, 1, 16]);

function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return "";
  return ms < 1000 ? `${ms.toFixed(ms < 100 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

function formatBytes(bytes: number | undefined): string {
  if (bytes === undefined || !Number.isFinite(bytes)) return "";
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

/** What is said of a comparison: `aim`, `bar`, `MISS`, `REFUSED`, or nothing where there is nothing to judge. */
export function verdictOf({ goal, value, refused }: Compared, tiny: boolean): string {
  if (refused !== undefined) return "REFUSED";
  return goal === undefined || value === undefined || tiny ? "" : judge(goal, value);
}

function cellsOf(id: string, line: Compared, tiny: boolean): readonly string[] {
  const { goal, value, syncedValue } = line;
  const kind = goal?.kind ?? "times";
  const shown = (number: number | undefined) => (number === undefined ? "" : formatValue(kind, number));
  return [
    id,
    line.name,
    String(line.runs),
    formatMs(line.medianMs),
    Number.isFinite(line.spreadMs) ? `± ${formatMs(line.spreadMs)}` : "",
    formatMs(line.syncedMs),
    formatBytes(line.peakBytes),
    formatBytes(line.readBytes),
    formatBytes(line.writtenBytes),
    formatBytes(line.linkedBytes),
    formatBytes(line.wireBytes),
    formatBytes(line.layerBytes),
    shown(value),
    shown(syncedValue),
    goal === undefined ? "" : formatMark(kind, goal.bar),
    goal === undefined ? "" : formatMark(kind, goal.aim),
    verdictOf(line, tiny),
  ];
}

/** Did every bar hold? What was refused holds none. */
export function isReached(rows: readonly Row[]): boolean {
  const isLost = (line: Compared, tiny: boolean) => ["MISS", "REFUSED"].includes(verdictOf(line, tiny));
  return rows.every(
    ({ ours, theirs, tiny }) =>
      !(isLost(ours, tiny) || theirs.some((line) => line.goal !== undefined && isLost(line, tiny))),
  );
}

/** The table, then what has to be known about its rows. */
export function formatTable(rows: readonly Row[]): string {
  const lines = [
    HEAD,
    ...rows.flatMap(({ id, ours, theirs, tiny }) => [
      cellsOf(id, ours, tiny),
      ...theirs.map((line) => cellsOf("", line, tiny)),
    ]),
  ];
  const widths = HEAD.map((_, at) => Math.max(...lines.map((cells) => cells[at]?.length ?? 0)));
  const pad = (text: string, at: number) =>
    WORDS.has(at) ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0);
  const table = lines.map((cells) => cells.map(pad).join("  ").trimEnd());
  const notes = rows.flatMap(({ id, title, ours, theirs, notes }) => {
    const refused = [ours, ...theirs].flatMap(({ name, refused: why }) => (why ? [`  ${name} refused: ${why}`] : []));
    return [`${id}: ${title}`, ...notes.map((note) => `  ${note}`), ...refused];
  });
  return [...table, "", ...notes, ""].join("\n");
}
