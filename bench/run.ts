/**
 * Measures lading beside the programs that do the same: `npm run bench -- [ROW…] [--runs N] [--set A|small] [--data DIR]
 * [--json FILE] [--quick] [--list]`.
 *
 * Without a row all run, and with `--quick` all but the heavy ones; `--list` names them and runs none. Data is made, or got by name with apt, below `--data`
 * (`$XDG_CACHE_HOME/lading-bench`), and kept. The exit status is 1 where a bar is missed or outputs differ.
 *
 * @module
 */

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { createData, type SetName } from "./data/data.js";
import { type HarnessOptions, type Plan, runPlan } from "./harness.js";
import { MEMORY_SOURCE } from "./processes.js";
import { profileSide } from "./profile.js";
import { BUILD_ROWS } from "./rows/build.js";
import { COMPRESSION_ROWS } from "./rows/compression.js";
import { GROWTH_ROWS } from "./rows/growth.js";
import { PROGRAM_ROWS } from "./rows/program.js";
import { REGISTRY_ROWS } from "./rows/registry.js";
import { type Bench, folderMaker, type RowMaker } from "./rows/row.js";
import { NOTHING, summaryRows } from "./summary.js";
import { formatTable, isReached, type Row, verdictOf } from "./table.js";
import { findTools } from "./tools.js";

const ROWS: readonly RowMaker[] = [
  ...BUILD_ROWS,
  ...REGISTRY_ROWS,
  ...COMPRESSION_ROWS,
  ...PROGRAM_ROWS,
  ...GROWTH_ROWS,
];

const say = (line: string) => process.stderr.write(`${line}\n`);

function parseFlags(args: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      runs: { type: "string", default: "5" },
      set: { type: "string", default: "A" },
      data: { type: "string" },
      json: { type: "string" },
      quick: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
    },
  });
  const runs = Number(values.runs);
  const { set, quick, list, json } = values;
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs "${values.runs}" is no count, wanted 1 or more`);
  if (set !== "A" && set !== "small") throw new Error(`--set "${set}" is unknown, wanted A or small`);
  const unknown = positionals.filter((id) => !ROWS.some((row) => row.id === id));
  if (unknown.length > 0)
    throw new Error(`There is no row "${unknown[0]}"; rows are ${ROWS.map(({ id }) => id).join(", ")}`);
  const data = resolve(values.data ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "lading-bench"));
  const makers = ROWS.filter(({ id, heavy }) =>
    positionals.length === 0 ? !(quick && heavy) : positionals.includes(id),
  );
  return { runs, set: set as SetName, list, json, data, makers };
}

type Flags = ReturnType<typeof parseFlags>;

/** Runs a plan, and where our side misses a mark looks at where its time goes. */
async function runRow(plan: Plan, options: HarnessOptions): Promise<Row> {
  const row = await runPlan(plan, options);
  const verdicts = [row.ours, ...row.theirs].map((line) => verdictOf(line, row.tiny));
  const isSlow = [row.ours, ...row.theirs].some(
    ({ goal }, at) => goal !== undefined && goal.kind !== "memory" && verdicts[at] !== "aim" && verdicts[at] !== "",
  );
  if (!isSlow || plan.ours.name.includes("--version")) return row;
  return { ...row, notes: [...row.notes, ...(await profileSide(plan.ours, options.folder))] };
}

/** Stands for a row that could not be run, so that the others are. */
function failedRow(id: string, error: unknown): Row {
  const refused = String((error as Error).message).split("\n")[0] ?? "";
  const ours = { ...NOTHING, name: "lading", refused };
  return { id, title: "could not be run", ours, theirs: [], notes: [], tiny: false };
}

async function runRows(makers: readonly RowMaker[], bench: Bench, options: HarnessOptions): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const maker of makers) {
    say(`… ${maker.id}`);
    try {
      for (const plan of await maker.plan(bench)) rows.push(await runRow(plan, options));
    } catch (error) {
      options.signal?.throwIfAborted();
      rows.push(failedRow(maker.id, error));
    }
  }
  return rows;
}

function describeMachine(): string {
  const [first] = cpus();
  return `${cpus().length} × ${first?.model.trim() ?? "?"}, Node ${process.version}, ${new Date().toISOString()}`;
}

async function main({ runs, set, json, data: dataFolder, makers }: Flags): Promise<number> {
  const tools = findTools(join(dataFolder, "bin"));
  await mkdir(dataFolder, { recursive: true });
  const root = await mkdtemp(join(dataFolder, "work-"));
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const ends: (() => Promise<void>)[] = [];
  try {
    const data = await createData(dataFolder, set);
    const { description } = await data.packages();
    const lines = [describeMachine(), description, ...(await tools.describe()), `memory: ${MEMORY_SOURCE}`];
    const bench: Bench = { data, tools, folder: folderMaker(root), defer: (end) => ends.push(end) };
    const options = { folder: root, rounds: runs, tiny: set === "small", signal: stop.signal };
    const measured = await runRows(makers, bench, options);
    const rows = [...measured, ...summaryRows(measured, set === "small")];
    process.stdout.write(`${[...lines, LEGEND, "", formatTable(rows)].join("\n")}\n`);
    if (json !== undefined) await writeFile(json, `${JSON.stringify({ machine: lines, rows }, null, 2)}\n`);
    return isReached(rows) ? 0 : 1;
  } finally {
    for (const end of ends.reverse()) await end();
    await rm(root, { recursive: true, force: true, maxRetries: 3 }).catch((error) =>
      say(`Cannot remove all: ${error}`),
    );
  }
}

const LEGEND = [
  "median and spread (median absolute deviation) of wall time to exit; fsync counts where a program does it, as lading does",
  "for all it writes. synced: until the disk has everything. peak: largest process, or the sum where others are started.",
  "written: bytes that the kernel counted; read and linked: as lading tells. wire: bytes that went to and from the registry. ratio: ours to theirs, median of rounds.",
].join("\n");

/** A command line that makes no sense ends in one line. */
async function start(args: readonly string[]): Promise<number> {
  let flags: Flags;
  try {
    flags = parseFlags(args);
  } catch (error) {
    say((error as Error).message);
    return 2;
  }
  if (!flags.list) return await main(flags);
  process.stdout.write(`${flags.makers.map(({ id }) => id).join("\n")}\n`);
  return 0;
}

process.exitCode = await start(process.argv.slice(2));
