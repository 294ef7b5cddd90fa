/**
 * Rows of one part alone: start-up, and the headers of an archive.
 *
 * @module
 */

import { join } from "node:path";
import { openFiles } from "../images.js";
import { lading } from "../lading.js";
import { NORMALISE } from "../normalise.js";
import { output } from "../processes.js";
import { BARE_NODE, type Side } from "../side.js";
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

function normaliser(who: "lading" | "tar", name: string, file: string): Side {
  const argv = [process.execPath, NORMALISE, who, file];
  return {
    name,
    start: async (folder) => ({
      steps: [{ argv }],
      workMs: (stdout) => JSON.parse(stdout).ms,
      image: async () => {
        const out = join(folder, "out.tar");
        await output([...argv, out]);
        return await openFiles([out]);
      },
    }),
  };
}

const headers: RowMaker = {
  id: "headers",
  async plan({ data }) {
    const file = await data.archive({ files: data.scale.smallFiles }, "tar");
    const goal = { kind: "faster", bar: 5, aim: 10 } as const;
    const ours = normaliser("lading", "lading: scan with all checks, rewrite", file);
    const against = [
      { side: normaliser("tar", "tar package: Parser and Pack", file), sameness: "tree", goal } as const,
    ];
    const notes = ["time of the work in the process, without start-up; peak memory is of the whole process"];
    const title = `${data.scale.smallFiles} small files: header scan and normalisation`;
    return [{ id: "headers", title, ours, against, notes }];
  },
};

export const PROGRAM_ROWS: readonly RowMaker[] = [version, headers];
