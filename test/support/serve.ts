/**
 * `lading serve` as a process of its own, as people start it.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { TestContext } from "./suite.js";
import { tempFolder } from "./temp.js";

const LADING = fileURLToPath(new URL("../../bin/lading.cjs", import.meta.url));

/** A registry that runs until the test ends. */
export interface ServedRegistry {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly url: string;
  /** Where its repositories are. */
  readonly folder: string;
  readonly pid: number;
  /** Ends it as a signal does, and waits for that. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Starts `lading serve` over a folder, with more flags where they are given. */
export async function startServe(
  context: TestContext,
  { folder, flags = [] }: { readonly folder?: string; readonly flags?: readonly string[] } = {},
): Promise<ServedRegistry> {
  const root = folder ?? (await tempFolder(context));
  const child = spawn(process.execPath, [LADING, "serve", "--root", root, ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  context.defer(() => kill("SIGKILL"));
  for await (const url of createInterface(child.stdout)) {
    return { url, host: url.replace(/^https?:\/\//, ""), folder: root, pid: child.pid ?? 0, kill };
  }
  throw new Error("lading serve ended before it listened");
}
