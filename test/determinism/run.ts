/**
 * The whole matrix: `node dist/test/determinism/run.js [--write]`.
 *
 * Builds the same under every condition of `matrix.ts`, on each line of Node that the project supports, on one core and on
 * all, and prints for each whether the digests are those of `golden.json`. `--write` writes what this Node makes there first.
 * The exit status is 0 when all are the same; a Node that cannot be had is told, and counts as a failure.
 *
 * @module
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../support/programs.js";
import { readGolden, writeGolden } from "./golden.js";
import { buildUnder, CONDITIONS, type Conditions } from "./matrix.js";
import { findNode, VERSIONS } from "./nodes.js";

const print = (line: string) => process.stdout.write(`${line}\n`);
const folder = await mkdtemp(join(tmpdir(), "lading-matrix-"));
const wraps: readonly Conditions[] =
  findProgram("taskset") === undefined ? [{}] : [{}, { wrap: ["taskset", "-c", "0"] }];
let turn = 0;
let bad = 0;

async function tryConditions(title: string, conditions: Conditions, golden: string): Promise<void> {
  const place = join(folder, String(turn++));
  const found = JSON.stringify(await buildUnder(place, conditions));
  await rm(place, { recursive: true, force: true });
  if (found !== golden) bad++;
  print(`${found === golden ? "same" : "DIFFERS"}  ${title}`);
}

try {
  if (process.argv.includes("--write")) await writeGolden(await buildUnder(join(folder, "golden"), {}));
  const golden = JSON.stringify(await readGolden());
  for (const version of VERSIONS) {
    const node = await findNode(version);
    if (node === undefined) {
      bad++;
      print(`MISSING  Node ${version}`);
      continue;
    }
    for (const wrap of wraps) {
      for (const [title, conditions] of [["as it is", {}] as const, ...CONDITIONS]) {
        const where = wrap.wrap === undefined ? "" : ", one core";
        await tryConditions(`Node ${version}${where}: ${title}`, { ...conditions, ...wrap, node }, golden);
      }
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
print(`${turn} builds, ${bad} bad`);
process.exitCode = bad === 0 && turn > 0 ? 0 : 1;
