/**
 * Where the time of a side goes.
 *
 * @module
 */

import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { output } from "./processes.js";
import type { Side } from "./side.js";

interface Node {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

/** What `node --cpu-prof` writes, times in microseconds. */
export interface Profile {
  readonly nodes: readonly Node[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const FUNCTIONS = 8;

function nameOf({ callFrame: { functionName, url, lineNumber } }: Node): string {
  const name = functionName || "(anonymous)";
  return url === "" ? name : `${name} (${basename(url)}:${lineNumber + 1})`;
}

/** The functions that took most time themselves, with their share of all that was not idle, largest first. */
export function topFunctions(
  profiles: readonly Profile[],
  count = FUNCTIONS,
): readonly { name: string; share: number }[] {
  const times = new Map<string, number>();
  for (const { nodes, samples, timeDeltas } of profiles) {
    const names = new Map(nodes.map((node) => [node.id, nameOf(node)]));
    for (const [at, id] of samples.entries()) {
      const name = names.get(id) ?? "?";
      times.set(name, (times.get(name) ?? 0) + (timeDeltas[at] ?? 0));
    }
  }
  times.delete("(idle)");
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  const sorted = [...times].sort(([, left], [, right]) => right - left).slice(0, count);
  return sorted.map(([name, time]) => ({ name, share: time / total }));
}

/** Runs a side of Node programs once more under its profiler; gives lines for people. */
export async function profileSide(side: Side, folder: string): Promise<readonly string[]> {
  const own = join(folder, "profiled");
  const profiles = join(folder, "profiles");
  await mkdir(own, { recursive: true });
  const attempt = await side.start(own);
  try {
    for (const { argv, ...step } of attempt.steps) {
      const [program = "", ...args] = argv;
      await output([program, "--cpu-prof", "--cpu-prof-dir", profiles, ...args], step);
    }
    const files = (await readdir(profiles)).filter((name) => name.endsWith(".cpuprofile"));
    const read = files.map(async (name) => JSON.parse(await readFile(join(profiles, name), "utf8")) as Profile);
    const top = topFunctions(await Promise.all(read));
    const shares = top.map(({ name, share }) => `${(share * 100).toFixed(0)} % ${name}`);
    return [`time goes to (${files.length} threads, idle left out): ${shares.join(", ")}`];
  } finally {
    await attempt.end?.();
    await rm(own, { recursive: true, force: true });
    await rm(profiles, { recursive: true, force: true });
  }
}
