/**
 * What a delivery did, or would do, with each blob.
 *
 * @module
 */

import type { CopyAction, Delivered } from "../src/index.js";
import { formatCount, formatSize } from "./cli.js";

const ACTIONS: readonly CopyAction[] = ["copied", "linked", "mounted", "skipped"];
/** What would be done. */
const INFINITIVES = { copied: "copy", linked: "link", mounted: "mount", skipped: "skip" } as const;

type Done = Pick<Delivered, "blobs" | "bytes">;

/** `copied 2 blobs, 45.1 MB; skipped 3 blobs, 1.2 kB`; with `dryRun`, `would copy 2 blobs, …`. */
export function deliverySummary({ blobs, bytes }: Done, { dryRun = false } = {}): string {
  const parts = ACTIONS.flatMap((action) => {
    const count = blobs.filter((each) => each.action === action).length;
    const word = dryRun ? INFINITIVES[action] : action;
    return count === 0 ? [] : [`${word} ${formatCount(count, "blob")}, ${formatSize(bytes[action])}`];
  });
  return parts.length === 0 ? "nothing to move" : `${dryRun ? "would " : ""}${parts.join("; ")}`;
}

/** One line for each blob: what would be done, its bytes, digest and type; last, the sums. */
export function planTable(delivered: Delivered): readonly string[] {
  const width = Math.max(0, ...delivered.blobs.map(({ descriptor }) => String(descriptor.size).length));
  const rows = delivered.blobs.map(({ descriptor: { size, digest, mediaType }, action }) =>
    [INFINITIVES[action].padEnd(5), String(size).padStart(width), digest, mediaType].join("  "),
  );
  return [...rows, `${delivered.label}: ${deliverySummary(delivered, { dryRun: true })}`];
}
