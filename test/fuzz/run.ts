/**
 * Fuzzes for a while: `node dist/test/fuzz/run.js [--seconds N] [--seed N] [--target NAME]`.
 *
 * Each target takes its turn, with the seeds from `--seed` (a number of the clock) on. What is wrong is printed with the
 * target and the seed that make it again: `--target NAME --seed N --seconds 0` tries that one alone. The exit status is 0
 * when nothing is wrong.
 *
 * @module
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findProgram } from "../support/programs.js";
import { startPython } from "./python.js";
import { NEEDS, TARGETS } from "./targets.js";
import { type Outcome, tryInput } from "./try.js";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    target: { type: "string" },
  },
});
const print = (line: string) => process.stdout.write(`${line}\n`);
const has = (program: string) => findProgram(program) !== undefined;
const isReady = (name: string) => {
  const needs = NEEDS[name];
  return needs === undefined || has(needs);
};

const targets = TARGETS.filter(({ name }) => (values.target ?? name) === name && isReady(name));
const first = Number(values.seed ?? Date.now() % 1_000_000_000);
const folder = await mkdtemp(join(tmpdir(), "lading-fuzz-"));
const python = has("python3") ? startPython() : undefined;
const end = performance.now() + Number(values.seconds) * 1000;
const counts: Record<Outcome["kind"], number> = { accepted: 0, refused: 0, wrong: 0 };
let seed = first;
print(`seeds from ${first} on, ${targets.length} targets`);
try {
  do {
    for (const target of targets) {
      const outcome = await tryInput(target, seed, { python, folder, has });
      counts[outcome.kind]++;
      if (outcome.kind !== "wrong") continue;
      print(`--target ${target.name} --seed ${seed} --seconds 0\n${outcome.message}`);
      print(outcome.input.subarray(0, 3000).toString("base64"));
    }
    seed++;
  } while (performance.now() < end);
} finally {
  python?.close();
  await rm(folder, { recursive: true, force: true });
}
print(`${seed - first} seeds: ${counts.accepted} inputs accepted, ${counts.refused} refused, ${counts.wrong} wrong`);
process.exitCode = counts.wrong > 0 || targets.length === 0 ? 1 : 0;
