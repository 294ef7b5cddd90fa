/**
 * Garbage collection of an OCI layout: blobs that no name leads to, temporary files of the dead, and cache records about blobs
 * that go.
 *
 * Safe beside running builds, copies and pushes of other processes: the sweep holds the lock under which names are set, so that
 * no name appears meanwhile; what is younger than a day stays, since it may be about to be named; whoever asks whether an old
 * blob is there makes it young again; and who sets a name after a collection checks that all of the image is still there. Other
 * tools take no lock and ask nobody: do not collect while they write.
 *
 * @module
 */

import type { Stats } from "node:fs";
import { lstat, opendir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { errnoOf, ioError, LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { type Digest, isDigest } from "../oci/digest.js";
import type { Index } from "../oci/manifest.js";
import type { IoOptions } from "../stream/bytes.js";
import { pruneRecords } from "./cache-prune.js";
import { noteCollection } from "./collected.js";
import { createLayoutStore } from "./layout.js";
import { blobPath, changedAt } from "./layout-blobs.js";
import { hiddenFolder, makeHidden, readLayoutIndex } from "./layout-files.js";
import { encodeLayoutIndex, nameOf } from "./layout-index.js";
import { acquireLock, type LockOptions } from "./lock.js";
import { type Reached, reach, reachNothing } from "./reach.js";
import { keepNamed } from "./untagged.js";
import { createTemporaryFile, findTemporaries, writeFileAtomic } from "./write-file.js";

/** Milliseconds for which what nothing names is left alone: a day. */
export const GRACE_MS = 24 * 3600 * 1000;

/** How garbage is collected. */
export interface CollectOptions extends IoOptions, Pick<LockOptions, "patienceMs" | "deadlineMs"> {
  /** Only say what would go (false). Takes no lock and writes nothing. */
  readonly dryRun?: boolean | undefined;
  /**
   * Milliseconds for which a blob stays after it was written or asked for (a day). 0 is for a layout that nobody else uses: what
   * another process is about to name would go too.
   */
  readonly graceMs?: number | undefined;
  /**
   * Also forget roots without a name, but those that refer to what is kept, such as signatures, and young ones (false). A registry
   * has the images of an index so, and they outlive it.
   */
  readonly untagged?: boolean | undefined;
}

/** Files, and the bytes that they take. */
export interface FileCount {
  readonly count: number;
  readonly bytes: number;
}

/** What a collection found. */
export interface Collected {
  /** The blobs that went, or would go, sorted. */
  readonly digests: readonly Digest[];
  /** The same, counted. */
  readonly blobs: FileCount;
  /** Files of dead writers. */
  readonly temporaries: FileCount;
  /** Cache records about these blobs. */
  readonly records: FileCount;
  /** Of all these bytes, those that the disk gets back: a file that another store shares stays there. */
  readonly freed: number;
  /** Blobs that nothing names and that stay because they are young. */
  readonly young: FileCount;
  /** Blobs that stay because names lead to them. */
  readonly kept: FileCount;
  /** Roots without a name that were forgotten, or would be. */
  readonly untagged: readonly Digest[];
  /** Manifests that are named and not there. */
  readonly missing: readonly Digest[];
}

type Count = { count: number; bytes: number };

interface How {
  readonly root: string;
  readonly reached: Reached;
  /** The file system's clock, in milliseconds. */
  readonly now: number;
  readonly graceMs: number;
}

interface Sweep extends How {
  readonly digests: Digest[];
  readonly blobs: Count;
  readonly young: Count;
  readonly kept: Count;
  freed: number;
}

function add(count: Count, bytes: number): void {
  count.count++;
  count.bytes += bytes;
}

/** A file server's clock may be another than ours: what it says of a file that is made now. */
async function clockOf(folder: string): Promise<number> {
  const file = await createTemporaryFile(folder);
  try {
    return Number((await file.handle.stat({ bigint: true })).mtimeNs) / 1e6;
  } finally {
    await file.discard();
  }
}

async function* entriesOf(folder: string): AsyncGenerator<string> {
  try {
    for await (const { name } of await opendir(folder)) yield name;
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw ioError(error, "list", folder);
  }
}

async function statFile(path: string): Promise<Stats | undefined> {
  const stats = await lstat(path).catch((error) => {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw ioError(error, "look at", path);
  });
  return stats?.isFile() === true ? stats : undefined;
}

/** Finds what may go. What is no blob by its name is nobody's business here. */
async function findGarbage(sweep: Sweep, { signal }: IoOptions): Promise<void> {
  for (const algorithm of ["sha256", "sha512"]) {
    for await (const name of entriesOf(join(sweep.root, "blobs", algorithm))) {
      signal?.throwIfAborted();
      const digest = `${algorithm}:${name}`;
      const stats = isDigest(digest) ? await statFile(blobPath(sweep.root, digest)) : undefined;
      if (stats === undefined || !isDigest(digest)) continue;
      if (sweep.reached.content.has(digest)) add(sweep.kept, stats.size);
      else if (isYoung(sweep, stats)) add(sweep.young, stats.size);
      else take(sweep, digest, stats);
    }
  }
  sweep.digests.sort();
}

function isYounger({ now, graceMs }: How, changedMs: number): boolean {
  return graceMs > 0 && now - changedMs < graceMs;
}

function isYoung(how: How, stats: Stats): boolean {
  return isYounger(how, changedAt(stats));
}

function take(sweep: Sweep, digest: Digest, { size, nlink }: Stats): void {
  sweep.digests.push(digest);
  add(sweep.blobs, size);
  if (nlink === 1) sweep.freed += size;
}

/** Removes what was found, but what somebody has asked for since. */
async function removeBlobs(sweep: Sweep, { signal }: IoOptions): Promise<void> {
  const found = sweep.digests.splice(0);
  Object.assign(sweep.blobs, { count: 0, bytes: 0 });
  sweep.freed = 0;
  for (const digest of found) {
    signal?.throwIfAborted();
    const path = blobPath(sweep.root, digest);
    const stats = await statFile(path);
    if (stats === undefined) continue;
    if (isYoung(sweep, stats)) {
      add(sweep.young, stats.size);
      continue;
    }
    await rm(path, { force: true }).catch((error) => {
      throw ioError(error, "remove", path);
    });
    take(sweep, digest, stats);
  }
}

async function takeTemporaries(hidden: string, dryRun: boolean): Promise<Count> {
  const count = { count: 0, bytes: 0 };
  for (const path of await findTemporaries(hidden)) {
    const stats = await statFile(path);
    if (stats === undefined) continue;
    add(count, stats.size);
    if (!dryRun) await rm(path, { force: true }).catch(() => {});
  }
  return count;
}

async function readIndex(root: string): Promise<Index> {
  const index = await readLayoutIndex(root);
  if (index !== undefined) return index;
  const message = `Cannot collect garbage in "${root}": there is no OCI layout; check the path`;
  throw new LadingError("NOT_FOUND", message, { what: "layout", name: root });
}

/** Marks what names lead to. Gives the roots that are to be forgotten. */
async function mark(how: How, options: CollectOptions): Promise<readonly Descriptor[]> {
  const { root, reached } = how;
  const store = createLayoutStore(root);
  const index = await readIndex(root);
  const { signal } = options;
  if (!options.untagged) {
    await reach(index.manifests, store, reached, { signal });
    return [];
  }
  const isYoung = (changedMs: number) => isYounger(how, changedMs);
  const kept = await keepNamed(index, reached, { root, store, isYoung, signal });
  return index.manifests.filter((entry) => !kept.manifests.includes(entry));
}

/**
 * Removes from a layout what nothing names: blobs, cache records about them, and temporary files whose writers are dead.
 *
 * @param folder The layout's folder: that of the local store, of `oci:`, of a repository that is served.
 * @throws {LadingError} `NOT_FOUND` where there is no layout; `DIGEST_MISMATCH`, `SYNTAX` or `FORMAT` where a manifest that is named
 * is damaged, since nobody can say what it needs: then nothing is removed; `EXISTS` where the lock stays taken; `IO` from the
 * file system. What was removed by then stays removed, and nothing that is named is ever among it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { collectGarbage, createLayoutStore, fromBytes } from "lading";
 *
 * const store = createLayoutStore("layout");
 * const kept = await store.put("text/plain", fromBytes("kept"));
 * await store.put("text/plain", fromBytes("not named"));
 * await store.tag([{ name: "kept", descriptor: kept }]);
 * assert.equal((await collectGarbage("layout")).young.count, 1);
 * assert.equal((await collectGarbage("layout", { graceMs: 0 })).blobs.bytes, 9);
 * ```
 */
export async function collectGarbage(folder: string, options: CollectOptions = {}): Promise<Collected> {
  const { dryRun = false, graceMs = GRACE_MS } = options;
  const root = resolve(folder);
  const hidden = hiddenFolder(root);
  const reached = reachNothing();
  // Most of the work, before anybody has to wait for it; what is read here is not read again.
  const early = { root, reached, now: Date.now(), graceMs };
  const gone = await mark(early, options);
  if (dryRun) return await sweep(early, gone, options);
  await makeHidden(hidden);
  const lock = await acquireLock(join(hidden, "lock"), options);
  try {
    const how = { ...early, now: await clockOf(hidden), reached: options.untagged ? reachNothing() : reached };
    return await sweep(how, await mark(how, options), options);
  } finally {
    await lock.release();
  }
}

async function sweep(how: How, untagged: readonly Descriptor[], options: CollectOptions): Promise<Collected> {
  const none = () => ({ count: 0, bytes: 0 });
  const { dryRun = false } = options;
  const state: Sweep = { ...how, digests: [], blobs: none(), young: none(), kept: none(), freed: 0 };
  const hidden = hiddenFolder(state.root);
  await findGarbage(state, options);
  const isNeeded = state.digests.length > 0;
  if (isNeeded && !dryRun) await noteCollection(hidden);
  if (untagged.length > 0 && !dryRun) await forget(state.root, untagged);
  // Records go first: one about a blob that is gone would be found by no later collection.
  const records = isNeeded ? await pruneRecords(join(hidden, "cache"), new Set(state.digests), dryRun) : none();
  if (!dryRun) await removeBlobs(state, options);
  const temporaries = await takeTemporaries(hidden, dryRun);
  return {
    digests: state.digests,
    blobs: state.blobs,
    temporaries,
    records,
    freed: state.freed + temporaries.bytes + records.bytes,
    young: state.young,
    kept: state.kept,
    untagged: untagged.map(({ digest }) => digest).sort(),
    missing: [...state.reached.missing].sort(),
  };
}

/** Takes roots out of the index, under the lock. */
async function forget(root: string, roots: readonly Descriptor[]): Promise<void> {
  const gone = new Set(roots.map(({ digest }) => digest));
  const index = await readIndex(root);
  const manifests = index.manifests.filter((entry) => nameOf(entry) !== undefined || !gone.has(entry.digest));
  await writeFileAtomic(join(root, "index.json"), encodeLayoutIndex({ ...index, manifests }), hiddenFolder(root));
}
