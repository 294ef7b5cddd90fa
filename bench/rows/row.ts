/**
 * What rows are made from.
 *
 * @module
 */

import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { Data } from "../data/data.js";
import type { Opponent, Plan } from "../harness.js";
import type { Side } from "../side.js";
import type { Tools } from "../tools.js";

/** What a row may use while it is planned and run. */
export interface Bench {
  readonly data: Data;
  readonly tools: Tools;
  /** A new folder on the disk that is measured, there until all rows are done. */
  folder(): Promise<string>;
  /** Runs `end` when all rows are done. */
  defer(end: () => Promise<void>): void;
}

/** A row that may be asked for by name. */
export interface RowMaker {
  readonly id: string;
  /** One of the largest inputs: left out by `--quick`. */
  readonly heavy?: boolean;
  /** Prepares it; several plans where a row has several sizes. */
  plan(bench: Bench): Promise<readonly Plan[]>;
}

/** The opponents that are installed. */
export function installed(...opponents: readonly (Omit<Opponent, "side"> & { side: Side | undefined })[]): Opponent[] {
  return opponents.flatMap(({ side, ...rest }) => (side === undefined ? [] : [{ ...rest, side }]));
}

/** A way to get new folders below `root`. */
export function folderMaker(root: string): Bench["folder"] {
  return () => mkdtemp(join(root, "row-"));
}
