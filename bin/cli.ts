/**
 * What the verbs share: the process as they may see it, the flags that all of them have, and how results are printed.
 *
 * @module
 */

import { Command } from "commander";

export { formatSize } from "../src/image/format-size.js";

import { formatJson, visible } from "./visible.js";

/** What a verb may touch of the outside world. */
export interface Cli {
  readonly stdout: { write(text: string): unknown };
  /** A terminal tells how wide it is. */
  readonly stderr: { write(text: string): unknown; readonly columns?: number };
  readonly stderrIsTerminal: boolean;
  /** What the process is given to read; opening it is left to who reads it. */
  readonly stdin: () => Input;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Fires when the user stops the program. */
  readonly signal: AbortSignal;
}

/** What a verb may read: bytes, or the keys of a terminal. */
export interface Input extends AsyncIterable<Uint8Array | string> {
  readonly isTTY?: boolean;
  /** On a terminal: each key as it is pressed, and none shown. */
  setRawMode?(isRaw: boolean): unknown;
  pause(): unknown;
}

/** The flags of every verb. */
export interface CommonFlags {
  readonly store?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** A verb: gives its command line, whose action does the work. */
export type Verb = (cli: Cli) => Command;

/** A command line that prints to the given streams and throws instead of exiting. */
export function createCommand(cli: Cli, name: string, summary: string): Command {
  return new Command(name)
    .description(summary)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => cli.stdout.write(text),
      writeErr: (text) => cli.stderr.write(text),
      // What is wrong with a command line is reported as every other failure is, in one line.
      outputError: () => {},
    });
}

/** The same with the flags of every verb. */
export function createVerb(cli: Cli, name: string, summary: string): Command {
  return createCommand(cli, `lading ${name}`, summary)
    .option("--store <folder>", "the local store ($LADING_STORE, else $XDG_DATA_HOME/lading)")
    .option("--json", "print the result as JSON")
    .option("-q, --quiet", "no progress, no warnings");
}

/** Prints a result: as JSON, or as the lines that `toText` gives. */
export function print(cli: Cli, flags: CommonFlags, value: unknown, toText: () => readonly string[]): void {
  const text = flags.json ? formatJson(value, 2) : toText().map(visible).join("\n");
  if (text !== "") cli.stdout.write(`${text}\n`);
}

/** Tells of something that stops nothing. */
export function warn(cli: Cli, flags: CommonFlags, message: string): void {
  if (!flags.quiet) cli.stderr.write(`${visible(`warning: ${message}`)}\n`);
}

/** Gathers a flag that may be given several times. */
export function gather(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** A count with its noun: `1 layer`, `3 layers`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
