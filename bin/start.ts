/**
 * What the process brings and the verbs must not touch by themselves: streams, environment, signals, exit status.
 *
 * @module
 */

import { setMaxListeners } from "node:events";
import type { Cli } from "./cli.js";
import { main } from "./main.js";

const EXIT = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Verbs that talk to registries and run no WASM but the parser of HTTP. */
const TALKING: ReadonlySet<string | undefined> = new Set(["copy", "login", "pull", "push"]);
/** The last version of Node of which it is known that its V8 has the flag; one that it lacks is reported on stderr. */
const LAST_NODE = 24;

/** A process waits at its end for V8 to optimise that parser, which takes longer than a short conversation. */
function deferOptimising(host: NodeJS.Process): void {
  if (!TALKING.has(host.argv[2]) || Number.parseInt(host.versions.node, 10) > LAST_NODE) return;
  host.getBuiltinModule("node:v8").setFlagsFromString("--wasm-tiering-budget=2000000000");
}

/** Runs the command line of a process to its end and sets the exit status. */
export async function start(host: NodeJS.Process): Promise<void> {
  const stop = new AbortController();
  // Each request of those at once listens to it, and how many these are the flags say.
  setMaxListeners(0, stop.signal);
  let signalled: keyof typeof EXIT | undefined;
  for (const name of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    host.on(name, () => {
      // A second signal means: now.
      if (signalled !== undefined) host.exit(EXIT[name]);
      signalled = name;
      stop.abort();
    });
  }
  // A reader that went away (`lading list | head`) wants no more.
  host.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
    if (code === "EPIPE") host.exit(0);
    host.stderr.write(
      `IO: Cannot write to standard output: ${code}, the result is lost; name a place that can be written\n`,
    );
    host.exit(1);
  });
  // Nobody hears of failures any more; the exit status still tells.
  host.stderr.on("error", () => {});
  const cli: Cli = {
    stdout: host.stdout,
    stderr: host.stderr,
    stderrIsTerminal: host.stderr.isTTY === true,
    stdin: () => host.stdin,
    env: host.env,
    signal: stop.signal,
  };
  deferOptimising(host);
  const status = await main(host.argv.slice(2), cli);
  host.exitCode = signalled === undefined ? status : EXIT[signalled];
}
