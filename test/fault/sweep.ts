/**
 * A command under strace, ended or failed at any of its calls to the file system, and what has to hold afterwards.
 *
 * @module
 */

import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { verifyImage } from "../../src/image/verify.js";
import { digestOf } from "../../src/oci/digest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { listPackages } from "../../src/package/catalog.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { LADING } from "../bin/command.js";
import { debOf } from "../support/deb.js";
import { archive, directory, file } from "../support/hostile-tar.js";
import { type RunResult, run } from "../support/programs.js";

const TRACED = fileURLToPath(new URL("traced.js", import.meta.url));

/** Calls that change what is on disk, or stand between two that do. */
export const CALLS = ["openat", "write", "fsync", "close", "rename", "link", "unlink", "mkdir"] as const;
export type Call = (typeof CALLS)[number];

/** What a file system may answer to any of them. */
export const ERRNOS = ["ENOSPC", "EDQUOT", "EIO", "EROFS", "EXDEV", "ESTALE", "EMFILE", "EFBIG", "EACCES"] as const;

/** A command that is run in a folder with {@link writeInputs}'s files. */
export interface Scenario {
  readonly name: string;
  readonly words: readonly string[];
}

export const SCENARIOS: readonly Scenario[] = [
  { name: "import", words: ["package", "import", "clean.tar.gz", "plain.tar", "demo.deb", "--store", "store"] },
  {
    name: "build",
    words: ["build", "-q", "clean.tar.gz", "bare.tar", "demo.deb", "-o", "oci:out:t", "--store", "store"],
  },
];

/** A call that is to fail, or to be the last one: the `count`th of its kind on the thread that works on files. */
export interface Fault {
  readonly call: Call;
  readonly count: number;
  /** An error's name, or `KILL`. */
  readonly errno: string;
}

/** Small packages of every kind that is read differently. */
export async function writeInputs(folder: string): Promise<void> {
  const tar = archive(directory("srv/"), file("srv/a", "a".repeat(2000)));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "clean.tar.gz"), gzipSync(tar));
  await writeFile(join(folder, "clean.tar.gz.json"), JSON.stringify({ name: "clean" }));
  await writeFile(join(folder, "plain.tar"), file("opt/unclosed", "b"));
  await writeFile(join(folder, "plain.tar.json"), JSON.stringify({ name: "plain" }));
  await writeFile(join(folder, "bare.tar"), archive(file("opt/bare", "b")));
  await writeFile(join(folder, "demo.deb"), debOf());
}

const strace = (folder: string, words: readonly string[], options: readonly string[]): Promise<RunResult> =>
  run("strace", ["-f", "-qq", ...options, process.execPath, TRACED, LADING, ...words], {
    cwd: folder,
    env: { UV_THREADPOOL_SIZE: "1", HOME: folder, LADING_STORE: undefined, LADING_DEBUG: undefined },
    timeoutMs: 60_000,
  });

/** For each call, its places in the order of calls of the thread that works on files, where it touches store or output. */
export async function findCalls(folder: string, { words }: Scenario): Promise<ReadonlyMap<Call, readonly number[]>> {
  const log = join(folder, "trace");
  const { code, stderr } = await strace(folder, words, ["-y", "-o", log, "-e", `trace=${CALLS.join()}`]);
  assert.is(code, 0, stderr);
  const counts = new Map<string, number>();
  const places = new Map<Call, number[]>();
  const isOurs = (line: string) => line.includes(join(folder, "store")) || line.includes(join(folder, "out"));
  for (const line of (await readFile(log, "utf8")).split("\n")) {
    const [, thread = "", call = ""] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (call === "") continue;
    const count = (counts.get(`${thread} ${call}`) ?? 0) + 1;
    counts.set(`${thread} ${call}`, count);
    if (isOurs(line)) places.set(call as Call, [...(places.get(call as Call) ?? []), count]);
  }
  return places;
}

/** Runs the command with the fault. */
export function runWithFault(folder: string, { words }: Scenario, { call, count, errno }: Fault): Promise<RunResult> {
  const what = errno === "KILL" ? "signal=KILL" : `error=${errno}`;
  return strace(folder, words, [
    "-o",
    "/dev/null",
    "-e",
    `trace=${call}`,
    "-e",
    `inject=${call}:${what}:when=${count}`,
  ]);
}

/** The same without any. */
export function runWell(folder: string, { words }: Scenario): Promise<RunResult> {
  return run(process.execPath, [LADING, ...words], { cwd: folder, env: { HOME: folder, LADING_STORE: undefined } });
}

async function checkBlobs(layout: string): Promise<void> {
  for (const hex of await readdir(join(layout, "blobs/sha256")).catch(() => [])) {
    assert.is(digestOf(await readFile(join(layout, "blobs/sha256", hex))), `sha256:${hex}`, "a blob has its digest");
  }
}

/** The layout loads, no digest names wrong bytes, and all that a name leads to is there. Gives the names. */
export async function checkLayout(layout: string): Promise<readonly string[]> {
  await checkBlobs(layout);
  const store = createLayoutStore(layout);
  await listPackages(store);
  const tags = await store.tags();
  for (const { descriptor } of tags) {
    if (descriptor.mediaType === MEDIA_TYPE.manifest) await verifyImage(store, descriptor);
  }
  return tags.map(({ name, descriptor }) => `${name} ${descriptor.digest}`).sort();
}

/** Both of a scenario's layouts. */
export async function checkFolder(folder: string): Promise<readonly string[]> {
  const names = await Promise.all(["store", "out"].map((name) => checkLayout(join(folder, name))));
  return names.flat();
}

/** Temporary files that are there after something was written. */
async function leftovers(layout: string): Promise<readonly string[]> {
  await createLayoutStore(layout).put("text/plain", fromBytes("next"));
  const names = await readdir(join(layout, ".lading"), { recursive: true }).catch(() => []);
  return names.filter((name) => name.startsWith("tmp-"));
}

/** A whole run after the fault ends as one without it, and nothing of the broken one is left. */
export async function checkNextRun(folder: string, scenario: Scenario, expected: readonly string[]): Promise<void> {
  const { code, stderr } = await runWell(folder, scenario);
  assert.is(code, 0, stderr);
  assert.equal(await checkFolder(folder), expected, "as a run without a fault");
  const layouts = scenario.name === "build" ? ["store", "out"] : ["store"];
  for (const name of layouts) assert.equal(await leftovers(join(folder, name)), [], name);
}

/** Errors that may be passed over: an fsync that the file system does not know. */
const TOLERATED: ReadonlySet<string> = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

/** A failed run says in one line what failed, where, and what to do; one that was not stopped by the fault is a good one. */
export function checkAnswer(folder: string, { call, errno }: Fault, { code, stdout, stderr }: RunResult): void {
  // 134: Node ends itself where the write was its own, one that wakes its main thread; that is a crash like others.
  if (errno === "KILL" || code === 134) assert.ok([0, 134, 137].includes(code), stderr);
  if (errno === "KILL" || code === 134) return;
  if (call === "fsync" && TOLERATED.has(errno)) assert.is(code, 0, stderr);
  if (code === 0) return;
  assert.equal([code, stdout], [1, ""], stderr);
  assert.match(stderr, new RegExp(`^IO: Cannot [^\\n]*"[^"\\n]*": ${errno}, [^\\n]+\\n$`), stderr);
  assert.not.match(stderr, /see the cause|\bat .*\.js:\d+|node:internal|INTERNAL/);
  assert.ok(/"[^"]*(store|out)/.test(stderr) || stderr.includes(folder), stderr);
}

/** Every fault of a scenario: each call that was found, ended there, and failed with each errno. */
export function allFaults(places: ReadonlyMap<Call, readonly number[]>, errnos: readonly string[]): readonly Fault[] {
  return [...places].flatMap(([call, counts]) =>
    counts.flatMap((count) => errnos.map((errno): Fault => ({ call, count, errno }))),
  );
}

/** What one fault does, from start to end: the answer, what is left, and the next run. Throws what is wrong with it. */
export async function tryFault(
  folder: string,
  scenario: Scenario,
  fault: Fault,
  expected: readonly string[],
): Promise<RunResult> {
  await writeInputs(folder);
  try {
    const result = await runWithFault(folder, scenario, fault);
    checkAnswer(folder, fault, result);
    const names = await checkFolder(folder);
    const unknown = names.filter((name) => !expected.includes(name));
    assert.equal(unknown, [], "no name leads to anything else");
    if (result.code === 0) assert.equal(names, expected, "who says that it is done has done it");
    await checkNextRun(folder, scenario, expected);
    return result;
  } catch (error) {
    const { call, count, errno } = fault;
    throw new Error(`${scenario.name}, ${call} ${count} ${errno}: ${String(error)}`, { cause: error });
  }
}
