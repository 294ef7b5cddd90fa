/**
 * Asking a person, on a terminal.
 *
 * @module
 */

import type { Cli } from "./cli.js";
import { UsageError } from "./usage.js";
import { visible } from "./visible.js";

/** Bytes of a password that is read (64 KiB). */
const LIMIT = 65_536;

/** One line of a person's. With `isSecret` nothing shows while it is typed. Nobody may be there to answer: see `isTTY`. */
export async function ask(cli: Cli, question: string, isSecret: boolean): Promise<string> {
  const { createInterface } = await import("node:readline");
  const { Writable } = await import("node:stream");
  const input = cli.stdin();
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!isSecret) cli.stderr.write(String(chunk));
      done();
    },
  });
  // On a terminal it reads key by key and shows them itself: on `output`.
  const lines = createInterface({ input: input as NodeJS.ReadableStream, output, terminal: true });
  if (isSecret) cli.stderr.write(visible(question));
  try {
    return await new Promise<string>((resolve, reject) => {
      const stop = () => reject(new UsageError("Nothing was typed; try again, or use --username and --password-stdin"));
      lines.once("SIGINT", stop).once("close", stop);
      cli.signal.addEventListener("abort", stop, { once: true });
      lines.question(isSecret ? "" : visible(question), resolve);
    });
  } finally {
    lines.close();
    if (isSecret) cli.stderr.write("\n");
  }
}

/** All that the process is given to read, without the line break at its end. */
export async function readSecret(cli: Cli): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of cli.stdin()) {
    chunks.push(Buffer.from(chunk));
    size += chunk.length;
    if (size > LIMIT) throw new UsageError(`--password-stdin gave more than ${LIMIT} bytes, wanted a password`);
  }
  return Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
}
