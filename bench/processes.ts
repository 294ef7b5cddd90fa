/**
 * Running programs and seeing what they take.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { open, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Step } from "./side.js";

export interface Ran {
  readonly ms: number;
  /** Bytes: the largest process, or with `watchChildren` the sum of all that lived at one time, if that is more. */
  readonly peakBytes: number;
  /** Bytes that the kernel counted as written to file systems; undefined where nobody counts them. */
  readonly writtenBytes: number | undefined;
  readonly stdout: string;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** A file of our own for what the measuring program says. */
  readonly report: string;
  readonly watchChildren?: boolean | undefined;
}

/** GNU time: the only one that asks the kernel for what a child took. */
const TIME = "/usr/bin/time";
const WATCH_MS = 50;
const PAGE = 4096;

const hasTime = (() => {
  try {
    accessSync(TIME, constants.X_OK);
    return true;
  } catch {
    return false;
  }
})();

/** What says how memory is measured here. */
export const MEMORY_SOURCE = hasTime ? `${TIME} (wait4)` : "samples of /proc every 50 ms";

/** Bytes in memory of a process and all that it started. */
async function memoryOfTree(root: number): Promise<number> {
  const stats = await Promise.all(
    (await readdir("/proc"))
      .filter((name) => /^\d+$/.test(name))
      .map(async (name) => {
        const text = await readFile(join("/proc", name, "stat"), "latin1").catch(() => "");
        const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
        return { pid: Number(name), parent: Number(fields[1]), bytes: Number(fields[21] ?? 0) * PAGE };
      }),
  );
  const inTree = new Set([root]);
  for (let size = 0; size < inTree.size; ) {
    size = inTree.size;
    for (const { pid, parent } of stats) if (inTree.has(parent)) inTree.add(pid);
  }
  return stats.reduce((sum, { pid, bytes }) => sum + (inTree.has(pid) && bytes > 0 ? bytes : 0), 0);
}

/** Looks again and again until it is told to stop; gives the most that it saw. */
function watchMemory(pid: number): () => Promise<number> {
  let peak = 0;
  let busy: Promise<void> | undefined;
  const look = async () => {
    peak = Math.max(peak, await memoryOfTree(pid).catch(() => 0));
    busy = undefined;
  };
  const timer = setInterval(() => {
    busy ??= look();
  }, WATCH_MS);
  return async () => {
    clearInterval(timer);
    await busy;
    return peak;
  };
}

function environment(step: Step): Record<string, string> {
  const merged = { ...process.env, ...step.env };
  return Object.fromEntries(Object.entries(merged).filter((pair): pair is [string, string] => pair[1] !== undefined));
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

interface Ended {
  readonly ms: number;
  readonly watchedBytes: number;
  readonly stdout: string;
}

function start(step: Step, argv: readonly string[], watch: boolean, output: number | "pipe", signal?: AbortSignal) {
  const [program = "", ...args] = argv;
  return new Promise<Ended>((resolve, reject) => {
    const begin = performance.now();
    const child = spawn(program, args, {
      cwd: step.cwd,
      env: environment(step),
      stdio: ["ignore", output, "pipe"],
      // A group of its own: what it started has to end with it.
      detached: true,
    });
    const kill = () => killGroup(child.pid);
    signal?.addEventListener("abort", kill, { once: true });
    const stop = watch && child.pid !== undefined ? watchMemory(child.pid) : async () => 0;
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      stderr = (stderr + text).slice(0, 2000);
    });
    child.on("error", reject);
    child.on("close", async (code) => {
      signal?.removeEventListener("abort", kill);
      const ms = performance.now() - begin;
      const watchedBytes = await stop();
      const shown = step.argv.slice(0, 8).join(" ");
      if (code === 0) resolve({ ms, watchedBytes, stdout });
      else reject(new Error(`${shown}: exit ${code}: ${stderr.trim()}`));
    });
  });
}

/** Runs a step, which has to succeed. Throws with the end of its stderr otherwise. */
export async function runStep(step: Step, { signal, report, watchChildren = false }: RunOptions): Promise<Ran> {
  const file = step.stdout === undefined ? undefined : await open(step.stdout, "w");
  try {
    const argv = hasTime ? [TIME, "-q", "-o", report, "-f", "%M %O", ...step.argv] : step.argv;
    const { ms, watchedBytes, stdout } = await start(step, argv, watchChildren || !hasTime, file?.fd ?? "pipe", signal);
    if (!hasTime) return { ms, peakBytes: watchedBytes, writtenBytes: undefined, stdout };
    const [kilobytes = 0, blocks = 0] = (await readFile(report, "utf8")).trim().split(" ").map(Number);
    return { ms, peakBytes: Math.max(kilobytes * 1024, watchedBytes), writtenBytes: blocks * 512, stdout };
  } finally {
    await file?.close();
  }
}

/** Runs a program for what it prints, unmeasured. */
export async function output(argv: readonly string[], options: Omit<Step, "argv"> & { signal?: AbortSignal } = {}) {
  const { signal, ...step } = options;
  const file = step.stdout === undefined ? undefined : await open(step.stdout, "w");
  try {
    return (await start({ ...step, argv }, argv, false, file?.fd ?? "pipe", signal)).stdout;
  } finally {
    await file?.close();
  }
}
