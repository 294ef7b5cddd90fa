/**
 * Measuring sides against each other.
 *
 * Sides take turns: A B A B. The first round is thrown away and its outputs are compared byte by byte; every later output
 * has to say the same of itself. The ratio is taken round by round. fsync counts where a program does it; since not all do,
 * what is left to flush after it is timed too, and the sum stands beside.
 *
 * @module
 */

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Content, claimsOf, differenceOf, readContent, type Sameness, sizeOf } from "./content.js";
import type { Goal } from "./goal.js";
import { output, runStep } from "./processes.js";
import type { Side } from "./side.js";
import { median, medianOfPairs, spread } from "./statistics.js";
import type { Compared, Line, Row } from "./table.js";

/** Another side, and what is asked of ours beside it. */
export interface Opponent {
  readonly side: Side;
  readonly sameness: Sameness;
  /** Told and not judged without one. */
  readonly goal?: Goal | undefined;
  /** Bytes of our layers may be no more than theirs. */
  readonly noLarger?: boolean | undefined;
}

/** A row before it is run. */
export interface Plan {
  readonly id: string;
  readonly title: string;
  readonly ours: Side;
  /** About our side alone. */
  readonly goal?: Goal | undefined;
  readonly against: readonly Opponent[];
  readonly notes?: readonly string[];
  /** More notes, of what the sides printed in the rounds that count. */
  readonly tell?: (stdouts: (side: Side) => readonly string[]) => readonly string[];
  /** Has every round another input? Sides get the same in one round. */
  readonly varies?: boolean | undefined;
  /** Rounds, where it is not the usual count. */
  readonly rounds?: number | undefined;
}

export interface HarnessOptions {
  /** A folder on the disk that is measured; everything in it comes and goes. */
  readonly folder: string;
  /** Rounds that count. */
  readonly rounds: number;
  readonly tiny: boolean;
  readonly signal?: AbortSignal | undefined;
}

interface Sample {
  readonly ms: number;
  readonly syncedMs: number;
  readonly peakBytes: number;
  readonly writtenBytes: number | undefined;
  readonly stdout: string;
  readonly claims: string | undefined;
  readonly layerBytes: number | undefined;
  readonly wireBytes: number | undefined;
}

/** A round that takes longer than this is repeated twice only. */
const SLOW_MS = 30_000;
const SLOW_ROUNDS = 2;

/** Milliseconds until the file system of `folder` has all that was written to it. */
async function flush(folder: string, signal: AbortSignal | undefined): Promise<number> {
  const begin = performance.now();
  await output(["sync", "-f", folder], { ...(signal && { signal }) });
  return performance.now() - begin;
}

/** Files from which it counts that they are gone. */
const MANY_FILES = 200;
/** ext4 passes over the inodes of files that went away in the last five seconds, one by one, for every file that it makes. */
const FORGOTTEN_MS = 6_000;

/** Removes a folder, and waits until that slows nobody down. */
async function removeAll(folder: string): Promise<void> {
  const files = await readdir(folder, { recursive: true }).catch(() => []);
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  if (files.length >= MANY_FILES) await sleep(FORGOTTEN_MS);
}

/** What the first round looks at. */
interface FirstLook {
  /** Sees the output before it goes away. */
  readonly inspect?: ((content: Content) => void) | undefined;
  readonly tree?: boolean;
  readonly counted?: boolean;
}

/** Runs a side once. */
async function sampleOnce(
  side: Side,
  { folder, signal }: HarnessOptions,
  { inspect, tree = false, counted = false }: FirstLook = {},
): Promise<Sample> {
  // New for each: what one program leaves behind that cannot be removed is no other's fault.
  const own = await mkdtemp(join(folder, "attempt-"));
  const attempt = await side.start(own, { counted });
  try {
    await flush(folder, signal);
    const report = join(folder, "time");
    const ran = [];
    for (const step of attempt.steps)
      ran.push(await runStep(step, { signal, report, watchChildren: side.hasChildren }));
    const flushMs = await flush(folder, signal);
    const stdout = ran.map((one) => one.stdout).join("");
    const ms = attempt.workMs?.(stdout) ?? ran.reduce((sum, one) => sum + one.ms, 0);
    const wireBytes = attempt.wireBytes?.();
    const image = await attempt.image?.();
    if (image !== undefined && inspect !== undefined) inspect(await readContent(image, { tree }));
    return {
      ms,
      syncedMs: ms + flushMs,
      peakBytes: Math.max(...ran.map((one) => one.peakBytes)),
      writtenBytes: ran.some((one) => one.writtenBytes === undefined)
        ? undefined
        : ran.reduce((sum, one) => sum + (one.writtenBytes ?? 0), 0),
      stdout,
      claims: image && claimsOf(image),
      layerBytes: image && sizeOf(image),
      wireBytes,
    };
  } finally {
    await attempt.end?.();
    await removeAll(own);
  }
}

/** What lading says of its own work. */
function told(stdout: string): Pick<Line, "readBytes" | "linkedBytes"> {
  try {
    const { packageBytesRead, places, bytes } = JSON.parse(stdout);
    const moved = bytes === undefined ? places : [{ bytes }];
    return { readBytes: packageBytesRead ?? bytes?.copied, linkedBytes: moved?.[0]?.bytes?.linked };
  } catch {
    return {};
  }
}

/** The first of the samples is of the round that was thrown away, in which bytes on the wire are counted. */
function lineOf(side: Side, [first, ...samples]: readonly Sample[]): Line {
  const last = samples.at(-1);
  const wireBytes = first?.wireBytes;
  return {
    name: side.name,
    runs: samples.length,
    medianMs: median(samples.map(({ ms }) => ms)),
    spreadMs: spread(samples.map(({ ms }) => ms)),
    syncedMs: median(samples.map(({ syncedMs }) => syncedMs)),
    peakBytes: Math.max(...samples.map(({ peakBytes }) => peakBytes)),
    writtenBytes: last?.writtenBytes,
    layerBytes: last?.layerBytes,
    wireBytes,
    ...told(last?.stdout ?? ""),
  };
}

function comparedValue(goal: Goal | undefined, ours: readonly number[], theirs: readonly number[]): number {
  switch (goal?.kind) {
    case "more":
      return medianOfPairs(ours, theirs, (our, their) => our - their);
    case "faster":
      return medianOfPairs(ours, theirs, (our, their) => their / our);
    default:
      return medianOfPairs(ours, theirs, (our, their) => our / their);
  }
}

/** Why ours and theirs may not be compared; undefined where they may. */
function refusal(
  ours: readonly Sample[],
  theirs: readonly Sample[],
  { sameness, noLarger }: Opponent,
  varies = false,
): string | undefined {
  for (const [name, samples] of [["ours", ours] as const, ["theirs", theirs] as const]) {
    // Where the input varies, or files are packed again with another time, the count is all that stays.
    const isFixed = sameness === "layers" && !varies;
    const said = samples.map(({ claims }) => (isFixed ? claims : claims?.split("\n").length));
    if (new Set(said).size > 1) return `${name} differs between runs`;
  }
  const [our = 0, their = 0] = [ours[0]?.layerBytes, theirs[0]?.layerBytes];
  if (noLarger && our > their) return `ours is larger: ${our} bytes of layers, theirs ${their}`;
  return undefined;
}

/** The first of each side's samples is of the round that was thrown away: it says what the others have to say. */
function compare(plan: Plan, { samples, contents, failed }: FirstRound): readonly Compared[] {
  const all = samples.get(plan.ours) ?? [];
  const ours = all.slice(1);
  return plan.against.map((opponent): Compared => {
    const { side, sameness, goal } = opponent;
    const theirs = (samples.get(side) ?? []).slice(1);
    const line = lineOf(side, samples.get(side) ?? []);
    const [our, their] = [contents.get(plan.ours), contents.get(side)];
    const lost = sameness !== "nothing" && (our === undefined || their === undefined);
    const different = lost ? "there is no output to compare" : our && their && differenceOf(our, their, sameness);
    const refused = failed.get(side) ?? different ?? refusal(all, samples.get(side) ?? [], opponent, plan.varies);
    if (refused !== undefined) return { ...line, refused, goal };
    const values = (pick: (sample: Sample) => number) => comparedValue(goal, ours.map(pick), theirs.map(pick));
    return { ...line, goal, value: values(({ ms }) => ms), syncedValue: values(({ syncedMs }) => syncedMs) };
  });
}

/** What the round that does not count left behind. */
interface FirstRound {
  readonly samples: Map<Side, Sample[]>;
  readonly contents: ReadonlyMap<Side, Content>;
  readonly failed: ReadonlyMap<Side, string>;
}

/** Runs every side once and reads all that it made. Ends where our own side fails. */
async function runFirst({ ours, against }: Plan, options: HarnessOptions): Promise<FirstRound> {
  const contents = new Map<Side, Content>();
  const samples = new Map<Side, Sample[]>();
  const failed = new Map<Side, string>();
  const needsTree = against.some(({ sameness }) => sameness === "tree");
  const needsContent = against.some(({ sameness }) => sameness !== "nothing");
  for (const side of [ours, ...against.map((each) => each.side)]) {
    const inspect = needsContent ? (content: Content) => contents.set(side, content) : undefined;
    await sampleOnce(side, options, { inspect, tree: needsTree, counted: true }).then(
      (sample) => samples.set(side, [sample]),
      (error: Error) => failed.set(side, error.message.split("\n")[0] ?? ""),
    );
    options.signal?.throwIfAborted();
    if (failed.has(ours)) break;
  }
  return { contents, samples, failed };
}

/** Rounds that count: fewer where they take long. */
function roundsOf(plan: Plan, samples: ReadonlyMap<Side, readonly Sample[]>, options: HarnessOptions): number {
  const roundMs = [...samples.values()].reduce((sum, [sample]) => sum + (sample?.ms ?? 0), 0);
  const wanted = options.tiny ? options.rounds : (plan.rounds ?? options.rounds);
  return roundMs > SLOW_MS ? Math.min(SLOW_ROUNDS, wanted) : wanted;
}

/**
 * Runs a row. A side that fails in the first round is told as such, and the others go on; where ours does there is nothing to
 * compare.
 */
export async function runPlan(plan: Plan, options: HarnessOptions): Promise<Row> {
  const first = await runFirst(plan, options);
  const { samples, failed } = first;
  const rounds = roundsOf(plan, samples, options);
  for (let round = 0; round < rounds; round++) {
    for (const [side, own] of samples) {
      options.signal?.throwIfAborted();
      own.push(await sampleOnce(side, options));
    }
  }
  const { id, title, goal } = plan;
  const stdouts = (side: Side) => (samples.get(side) ?? []).slice(1).map(({ stdout }) => stdout);
  const notes = [...(plan.notes ?? []), ...(plan.tell?.(stdouts) ?? [])];
  const line = lineOf(plan.ours, samples.get(plan.ours) ?? []);
  const refused = failed.get(plan.ours);
  const judged = goal === undefined ? line : { ...line, goal, value: ownValue(goal, line) };
  const theirs = refused === undefined ? compare(plan, first) : [];
  return { id, title, ours: { ...judged, refused }, theirs, notes, tiny: options.tiny };
}

function ownValue({ kind }: Goal, ours: Line): number {
  return kind === "memory" ? ours.peakBytes : ours.medianMs;
}
