/**
 * What a delivery did, or would do, with each blob.
 *
 * @module
 */

import type { Delivered } from "../src/index.js";
import { formatCount, formatSize } from "./cli.js";

type Done = Pick<Delivered, "blobs">;
type Blob = Delivered["blobs"][number];

/** What was done, and what would be. */
const WORDS = { copied: "copy", streamed: "stream", linked: "link", mounted: "mount", skipped: "skip" } as const;
type Word = keyof typeof WORDS;

const wordOf = ({ action, streamed }: Blob): Word => (streamed ? "streamed" : action);

/** `copied 2 blobs, 45.1 MB; skipped 3 blobs, 1.2 kB`; with `dryRun`, `would copy 2 blobs, …`. */
export function deliverySummary({ blobs }: Done, { dryRun = false } = {}): string {
  const parts = (Object.keys(WORDS) as Word[]).flatMap((done) => {
    const such = blobs.filter((blob) => wordOf(blob) === done);
    const bytes = such.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
    const word = dryRun ? WORDS[done] : done;
    return such.length === 0 ? [] : [`${word} ${formatCount(such.length, "blob")}, ${formatSize(bytes)}`];
  });
  return parts.length === 0 ? "nothing to move" : `${dryRun ? "would " : ""}${parts.join("; ")}`;
}

/** One line for each blob: what would be done, its bytes, digest and type; last, the sums. */
export function planTable(delivered: Delivered): readonly string[] {
  const width = Math.max(0, ...delivered.blobs.map(({ descriptor }) => String(descriptor.size).length));
  const rows = delivered.blobs.map((blob) => {
    const { size, digest, mediaType } = blob.descriptor;
    return [WORDS[wordOf(blob)].padEnd(6), String(size).padStart(width), digest, mediaType].join("  ");
  });
  return [...rows, `${delivered.label}: ${deliverySummary(delivered, { dryRun: true })}`];
}
