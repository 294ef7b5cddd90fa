/**
 * Progress as people read it.
 *
 * @module
 */

import { formatSize } from "./cli.js";
import type { Total, Transfer, TransferState } from "./transfer-state.js";
import { visible } from "./visible.js";

/** Blobs that are shown at once, those on their way first. */
const SHOWN = 12;
const BAR = 20;

/** `4 s`, `3 min 20 s`, `2 h 5 min` */
export function formatDuration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

function bar(part: number): string {
  const filled = Math.round(Math.min(Math.max(part, 0), 1) * BAR);
  return `[${"#".repeat(filled)}${" ".repeat(BAR - filled)}]`;
}

function shortDigest(digest: string): string {
  return digest.replace(/^sha\d+:/, "").slice(0, 12);
}

function transferLine({ digest, size, moved, action }: Transfer): string {
  const state = action ?? `${bar(size === 0 ? 1 : moved / size)} ${formatSize(moved)}`;
  return `${shortDigest(digest)}  ${formatSize(size).padStart(9)}  ${state}`;
}

function totalLine(step: string, read: number, { size, moved, rate, left }: Total): string {
  if (size === 0) return read === 0 ? step : `${step} (${formatSize(read)})`;
  const speed = rate === undefined ? "" : `, ${formatSize(Math.round(rate))}/s`;
  const rest = left === undefined || moved >= size ? "" : `, ${formatDuration(left)} left`;
  return `${formatSize(moved)} of ${formatSize(size)}${speed}${rest}  ${step}`;
}

/** One line for each blob on its way and those that came last, and one for all. Lines end before `width`. */
export function progressLines(
  step: string,
  { transfers, read }: Pick<TransferState, "transfers" | "read">,
  { total, width }: { readonly total: Total; readonly width: number },
): readonly string[] {
  const moving = transfers.filter(({ action, moved }) => action === undefined && moved > 0);
  const done = transfers.filter(({ action }) => action !== undefined && action !== "skipped");
  const room = Math.max(SHOWN - moving.length, 0);
  const shown = new Set([...moving.slice(0, SHOWN), ...(room === 0 ? [] : done.slice(-room))]);
  const lines = transfers.filter((each) => shown.has(each)).map(transferLine);
  return [...lines, totalLine(step, read, total)].map((line) => visible(line).slice(0, width - 1));
}

/** `copied 45.1 MB sha256:…`, for logs. */
export function doneLine({ digest, size, action = "" }: Transfer): string {
  return `${action} ${formatSize(size)} ${digest}`;
}
