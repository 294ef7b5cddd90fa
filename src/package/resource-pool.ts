/**
 * Resources, and whole files where they are small, stored by several threads at once.
 *
 * @module
 */

import { stat } from "node:fs/promises";
import type { IoOptions } from "../stream/bytes.js";
import { gather, type Settled } from "../stream/gather.js";
import { createWorkerPool, fromThreadError } from "../stream/worker-pool.js";
import { createFilesRunner, type FileJob, type FileJobResult, type FilesJob, type FilesResult } from "./file-job.js";
import type { StoredResource } from "./resource.js";
import {
  finishResourceJob,
  type ResourceJob,
  type ResourceJobOptions,
  runResourceJob,
  startResourceJob,
  type UncommittedResource,
} from "./resource-job.js";

interface ResourcePoolOptions extends IoOptions {
  /** Threads that each thread may have compress for it (1). */
  readonly jobsEach?: number;
  /** Files of which a thread is to do all (none). */
  readonly small?: ReadonlySet<string>;
}

/** What a thread does: all but the end of a resource, or all of some files. */
export type ThreadJob = ResourceJob | FilesJob;

export interface ResourcePool {
  /** Does a job on a thread of its own where that pays, here where it does not. */
  run(job: ResourceJob, options: Pick<ResourceJobOptions, "signal" | "onBytes">): Promise<StoredResource>;
  /** Does all of a small file on a thread; absent where there are no threads. */
  readonly runFile?: ((job: FileJob) => Promise<FileJobResult>) | undefined;
  /** Is it a file of which a thread is to do all? */
  isSmall(path: string): boolean;
  close(): void;
}

/** Bytes of all resources together from which threads earn back what starting them costs. */
export const WORTH_THREADS = 8 * 1024 * 1024;
/** Files from which they do so however small they are. */
const MANY_FILES = 64;
/** Bytes up to which a file is done by one thread from end to end, the disk waited for. */
const SMALL = 1024 * 1024;

/** Files that a thread is given at once. */
const BATCH = 32;

/** Files at once where one thread does the work: it mostly waits for the disk, which takes flushes together. */
const WAITING = 8;

/**
 * Runs work on files with a pool of threads where they are many bytes or many files, or with the pool that the caller has.
 *
 * @param sizes Bytes of files, by their paths, as far as they are known.
 * @param work Is given the pool, if any; the paths, each once, largest file first, so that no thread is left alone with it
 * at the end; and how many of them to have under way at once, which is more than there are threads, so that none of them
 * waits for the disk.
 */
export async function withPool<T>(
  paths: readonly string[],
  {
    pool,
    jobs = 4,
    sizes,
    signal,
  }: IoOptions & {
    readonly pool?: ResourcePool | undefined;
    readonly jobs?: number | undefined;
    readonly sizes?: ReadonlyMap<string, number> | undefined;
  },
  work: (pool: ResourcePool | undefined, sorted: readonly string[], atOnce: number) => Promise<T>,
): Promise<T> {
  const unique = [...new Set(paths)];
  const sizeOf = async (path: string) => sizes?.get(path) ?? (await stat(path).catch(() => undefined))?.size ?? 0;
  const sized = await Promise.all(unique.map(async (path) => ({ path, size: await sizeOf(path) })));
  const sorted = sized.sort((a, b) => b.size - a.size).map(({ path }) => path);
  const total = sized.reduce((sum, { size }) => sum + size, 0);
  const isWorth = (total >= WORTH_THREADS && unique.length > 1) || unique.length >= MANY_FILES;
  if (pool !== undefined) return await work(pool, sorted, jobs * 2);
  if (!isWorth || jobs <= 1) return await work(undefined, sorted, jobs > 1 ? Math.max(jobs, WAITING) : jobs);
  const threads = Math.min(jobs, unique.length);
  const small = new Set(sized.filter(({ size }) => size <= SMALL).map(({ path }) => path));
  const own = createResourcePool(threads, { jobsEach: Math.floor(jobs / threads), small, signal });
  try {
    return await work(own, sorted, small.size > 0 ? threads * 2 * BATCH : jobs * 2);
  } finally {
    own.close();
  }
}

function settledOf(results: FilesResult): readonly Settled<FileJobResult>[] {
  return results.map((each) => ("done" in each ? each : { error: fromThreadError(each.error) }));
}

/**
 * Creates a pool of at most `jobs` threads; none is started before the first job.
 *
 * @param jobs 1 does all work on the caller's thread.
 */
export function createResourcePool(jobs: number, options: ResourcePoolOptions = {}): ResourcePool {
  const { jobsEach = 1, small = new Set(), signal } = options;
  const isSmall = (path: string) => small.has(path);
  if (jobs <= 1) return { run: runResourceJob, isSmall, close: () => {} };
  const module = new URL("./resource-worker.js", import.meta.url);
  const runHere = createFilesRunner();
  const pool = createWorkerPool<ThreadJob, UncommittedResource | FilesResult, number>(
    module,
    jobs,
    ({ job, signal, onNotice }) =>
      "range" in job ? startResourceJob(job, { signal, onBytes: onNotice }) : runHere(job, signal),
  );
  return {
    run: async (job, { signal, onBytes }) => {
      const task = { job: { ...job, jobs: jobsEach }, signal, onNotice: onBytes };
      return await finishResourceJob(job, (await pool.run(task)) as UncommittedResource);
    },
    runFile: gather(BATCH, async (files) => settledOf((await pool.run({ job: { files }, signal })) as FilesResult)),
    isSmall,
    close: pool.close,
  };
}
