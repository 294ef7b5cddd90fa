/**
 * Progress for people who watch: one line on the terminal, from the first second on, gone at the end.
 *
 * @module
 */

import { type Cli, type CommonFlags, formatSize } from "./cli.js";
import { visible } from "./visible.js";

export interface Progress {
  /** What is being done now. */
  step(text: string): void;
  /** Bytes that went by. */
  bytes(count: number): void;
  /** Takes the line away. */
  end(): void;
}

const FIRST_MS = 1000;
const EVERY_MS = 200;
const CLEAR = "\r\u001b[K";
const WIDTH = 78;

/** Shows nothing where nobody watches. */
export function createProgress(cli: Cli, flags: CommonFlags): Progress {
  if (!cli.stderrIsTerminal || flags.quiet) return { step() {}, bytes() {}, end() {} };
  const begin = performance.now();
  let shown = false;
  let text = "";
  let total = 0;
  const show = () => {
    if (performance.now() - begin < FIRST_MS || text === "") return;
    shown = true;
    const line = total > 0 ? `${text} (${formatSize(total)})` : text;
    cli.stderr.write(`${CLEAR}${visible(line).slice(0, WIDTH)}`);
  };
  const timer = setInterval(show, EVERY_MS).unref();
  return {
    step(next) {
      text = next;
    },
    bytes(count) {
      total += count;
    },
    end() {
      clearInterval(timer);
      if (shown) cli.stderr.write(CLEAR);
    },
  };
}
