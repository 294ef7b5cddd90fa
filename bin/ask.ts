/**
 * Questions to a person at a terminal.
 *
 * @module
 */

import type { Cli } from "./cli.js";
import { ask } from "./prompt.js";

/** What to do with packages that are there already with other content. */
export interface Existing {
  readonly override?: boolean | undefined;
  readonly skipExisting?: boolean | undefined;
}

interface AskFlags extends Existing {
  readonly batch?: boolean;
  readonly quiet?: boolean;
}

/**
 * Does the work, and where a package is there already with other content, asks what to do and does it again; nothing was listed
 * the first time. Nobody is asked with `--batch`, with `--override` or `--skip-existing`, and where there is no terminal.
 */
export async function askWhereExisting<T>(
  cli: Cli,
  flags: AskFlags,
  work: (existing: Existing) => Promise<T>,
): Promise<T> {
  const { override, skipExisting } = flags;
  try {
    return await work({ override, skipExisting });
  } catch (error) {
    const { isLadingError } = await import("../src/errors.js");
    const mayAsk = !flags.batch && !override && !skipExisting && cli.stderrIsTerminal;
    if (!mayAsk || !isLadingError(error, "EXISTS") || !cli.stdin().isTTY) throw error;
    const question = `${error.detail.name} is there already with other content. [r]eplace, [s]kip, or stop? `;
    // Who ends the input instead says nothing.
    const answer = (await ask(cli, question, false).catch(() => "")).trim();
    if (/^r(?:eplace)?$/i.test(answer)) return await work({ override: true });
    if (/^s(?:kip)?$/i.test(answer)) return await work({ skipExisting: true });
    throw error;
  }
}
