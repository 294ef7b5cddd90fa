/**
 * Rows of one part alone: start-up, and the headers of an archive.
 *
 * @module
 */

import { join } from "node:path";
import { formatValue, type Goal } from "../goal.js";
import type { Plan } from "../harness.js";
import { openFiles } from "../images.js";
import { lading } from "../lading.js";
import { NORMALISE, type Normaliser, type Passes } from "../normalise.js";
import { output } from "../processes.js";
import { BARE_NODE, type Side } from "../side.js";
import { median, medianOfPairs } from "../statistics.js";
import type { RowMaker } from "./row.js";

/** A process takes milliseconds, and its noise is as large: more pairs than elsewhere. */
const STARTS = 31;

const version: RowMaker = {
  id: "version",
  async plan() {
    const ours: Side = { name: "lading --version", start: async () => ({ steps: [lading(["--version"])] }) };
    const goal = { kind: "times", bar: 1.15, aim: 1.08 } as const;
    const against = [{ side: BARE_NODE, sameness: "nothing", goal } as const];
    return [{ id: "version", title: "start-up", ours, against, rounds: STARTS }];
  },
};

/** Of one process. The median of them, the first included, is what counts. */
const PASSES = 5;

const passesOf = (stdout: string): readonly number[] => (JSON.parse(stdout) as Passes).ms;

function normaliser(who: Normaliser, name: string, file: string): Side {
  const program = [process.execPath, NORMALISE, who, file];
  return {
    name,
    start: async (folder) => ({
      steps: [{ argv: [...program, String(PASSES)] }],
      workMs: (stdout) => median(passesOf(stdout)),
      image: async () => {
        const out = join(folder, "out.tar");
        await output([...program, "1", out]);
        return await openFiles([out]);
      },
    }),
  };
}

/** Cold and warm passes, each of them told for itself; nothing where a side failed. */
function tellPasses(ours: readonly string[], theirs: readonly string[]): readonly string[] {
  if (ours.length !== theirs.length) return [];
  const cold = ([first = Number.NaN]: readonly number[]) => first;
  const warm = ([, ...later]: readonly number[]) => median(later);
  const tell = (name: string, pick: (passes: readonly number[]) => number): string => {
    const [our, their] = [ours, theirs].map((runs) => runs.map((stdout) => pick(passesOf(stdout))));
    const ratio = medianOfPairs(our ?? [], their ?? [], (one, other) => other / one);
    const times = [our, their].map((all) => `${median(all ?? []).toFixed(0)} ms`).join(" and ");
    return `${name}: ${times}, ${formatValue("faster", ratio)}`;
  };
  return [`${tell("first pass of a process (cold)", cold)}; ${tell("later ones (warm)", warm)}`];
}

const MEASURED = [
  `the archive lies in memory for both sides; a run is a process that makes ${PASSES} passes over all of it, and its time is`,
  "the median of them, the first included; start-up and reading the file are left out; peak memory is of the whole process",
] as const;

const headers: RowMaker = {
  id: "headers",
  async plan({ data }) {
    const file = await data.archive({ files: data.scale.smallFiles }, "tar");
    const goal = { kind: "faster", bar: 5, aim: 10 } as const;
    const tar = normaliser("tar", "tar package: Parser and Pack", file);
    const row = (id: string, what: string, ours: Side, judged?: Goal): Plan => ({
      id,
      title: `${data.scale.smallFiles} small files: ${what}`,
      ours,
      against: [{ side: tar, sameness: "tree", goal: judged }],
      notes: MEASURED,
      tell: (stdouts) => tellPasses(stdouts(ours), stdouts(tar)),
    });
    const rewrite = normaliser("rewrite", "lading: scan and rewrite", file);
    const check = normaliser("check", "lading: all checks, then scan and rewrite", file);
    return [
      row("headers", "header scan and normalisation, the same work on both sides", rewrite, goal),
      row(
        "headers-checked",
        "the same after a pass with every check, which the tar package has not: not judged",
        check,
      ),
    ];
  },
};

export const PROGRAM_ROWS: readonly RowMaker[] = [version, headers];
