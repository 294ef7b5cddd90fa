/**
 * What is measured: programs, run as a person would run them.
 *
 * @module
 */

import type { OpenImage } from "./content.js";

/** One run of one program. */
export interface Step {
  /** Program and arguments. */
  readonly argv: readonly string[];
  readonly cwd?: string;
  /** Added to the environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The file that takes its stdout (kept in memory). */
  readonly stdout?: string;
}

/** One run of a side, ready to go: everything that it needs is fresh and in place. */
export interface Attempt {
  /** Run one after the other; their time is summed up. */
  readonly steps: readonly Step[];
  /** What came out, to be asked after the run. */
  readonly image?: () => Promise<OpenImage>;
  /** Milliseconds of the work alone, where the program tells them itself. */
  readonly workMs?: (stdout: string) => number;
  /** Bytes that went over the network since `start`, where they were to be counted. */
  readonly wireBytes?: () => number;
  /** Ends what `start` began. */
  readonly end?: () => Promise<void>;
}

export interface Side {
  readonly name: string;
  /** Does it start other programs, so that the memory of all of them has to be summed up? */
  readonly hasChildren?: boolean;
  /**
   * Makes the next attempt. None of this is measured.
   *
   * @param folder New and empty, removed after the attempt.
   * @param options `counted` where bytes on the wire are to be counted, which may take time.
   */
  start(folder: string, options?: { readonly counted?: boolean }): Promise<Attempt>;
}

/** A side that needs nothing and leaves nothing. */
export function plainSide(name: string, argv: readonly string[]): Side {
  return { name, start: async () => ({ steps: [{ argv }] }) };
}

/** What every comparison with nothing is made of. */
export const BARE_NODE = plainSide("node -e 0", [process.execPath, "-e", "0"]);
