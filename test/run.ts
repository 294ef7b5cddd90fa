/**
 * Runs the tests: `node dist/test/run.js [--jobs N] [PATTERN…]`.
 *
 * Every compiled `*.test.js` beside this file whose path holds one of the patterns runs in a process of its own. Files
 * below `flow/` come last: they take long, and a mistake mostly shows before them. The last line is
 * `N passed, N failed`, followed by `, N skipped` if there are any; the exit status is 0 when tests passed and none failed.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { killGroup } from "./support/programs.js";

/** One file may take that long. */
const FILE_LIMIT_MS = 10 * 60_000;
/** Characters of a file's output that are kept. */
const OUTPUT_LIMIT = 1 << 18;

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
}

const here = fileURLToPath(new URL(".", import.meta.url));
const print = (line: string) => process.stdout.write(`${line}\n`);
const running = new Set<number>();

/** What `support/suite.ts` says at the end of a process; a process that says nothing failed. */
function readCounts(output: string): Counts {
  const line = output.split("\n").findLast((text) => text.startsWith("#lading-tests "));
  return line ? JSON.parse(line.slice("#lading-tests ".length)) : { passed: 0, failed: 1, skipped: [] };
}

/** The end of a file's process: everything that it printed and why it did not end by itself, if so. */
function runProcess(file: string): Promise<{ output: string; code: number | null; note: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [here + file], { stdio: ["ignore", "pipe", "pipe"], detached: true });
    const { pid } = child;
    let output = "";
    let note = "";
    const keep = (text: string) => {
      output = (output + text).slice(-OUTPUT_LIMIT);
    };
    const timer = setTimeout(() => {
      note = `ended after ${FILE_LIMIT_MS / 60_000} minutes`;
      if (pid !== undefined) killGroup(pid);
    }, FILE_LIMIT_MS);
    if (pid !== undefined) running.add(pid);
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    child.on("error", (error) => keep(error.message));
    child.on("close", (code) => {
      clearTimeout(timer);
      if (pid !== undefined) running.delete(pid);
      resolve({ output, code, note });
    });
  });
}

async function runFile(file: string): Promise<Counts> {
  const start = performance.now();
  const { output, code, note } = await runProcess(file);
  const said = readCounts(output);
  const counts = code !== 0 && said.failed === 0 ? { ...said, failed: 1 } : said;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const state = counts.failed > 0 ? "FAIL" : "ok  ";
  const bad = counts.failed > 0 ? `, ${counts.failed} failed` : "";
  print(`${state} ${file.replace(/\.js$/, ".ts")}  ${counts.passed} passed${bad}  ${seconds} s${note && `  ${note}`}`);
  if (counts.failed > 0) print(output.replace(/\n#lading-tests .*\n/, "\n").trimEnd());
  return counts;
}

async function runFiles(files: readonly string[], jobs: number): Promise<Counts[]> {
  const waiting = [...files];
  const results: Counts[] = [];
  const worker = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) results.push(await runFile(file));
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return results;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { jobs: { type: "string", default: "2" } },
    allowPositionals: true,
  });
  const jobs = Math.max(1, Number.parseInt(values.jobs, 10) || 1);
  const found = (await readdir(here, { recursive: true })).filter((name) => name.endsWith(".test.js")).sort();
  const wanted = found.filter((name) => positionals.length === 0 || positionals.some((text) => name.includes(text)));
  const isFlow = (name: string) => name.startsWith(`flow${sep}`);
  const ordered = [...wanted.filter((name) => !isFlow(name)), ...wanted.filter(isFlow)];
  // Without it skopeo and podman look below /run, which is closed to users once root has run podman.
  const runtime = await mkdtemp(join(tmpdir(), "lading-run-"));
  process.env.XDG_RUNTIME_DIR ??= runtime;
  const results = await runFiles(ordered, jobs);
  await rm(runtime, { recursive: true, force: true });
  const sum = (pick: (counts: Counts) => number) => results.reduce((total, counts) => total + pick(counts), 0);
  const skipped = results.flatMap((counts) => counts.skipped);
  for (const line of skipped) print(`skipped: ${line}`);
  const passed = sum((counts) => counts.passed);
  const failed = sum((counts) => counts.failed);
  print(`${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    for (const pid of running) killGroup(pid);
    process.exit(130);
  });
}

await main();
