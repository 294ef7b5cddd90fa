/**
 * Resources stored by several threads at once.
 *
 * @module
 */

import { stat } from "node:fs/promises";
import { createWorkerPool } from "../stream/worker-pool.js";
import type { StoredResource } from "./resource.js";
import {
  finishResourceJob,
  type ResourceJob,
  type ResourceJobOptions,
  runResourceJob,
  startResourceJob,
  type UncommittedResource,
} from "./resource-job.js";

export interface ResourcePool {
  /** Does a job on a thread of its own where that pays, here where it does not. */
  run(job: ResourceJob, options: Pick<ResourceJobOptions, "signal" | "onBytes">): Promise<StoredResource>;
  close(): void;
}

/** Bytes of all resources together from which threads earn back what starting them costs. */
export const WORTH_THREADS = 8 * 1024 * 1024;

/** Files at once where one thread does the work: it mostly waits for the disk, which takes flushes together. */
const WAITING = 8;

/**
 * Runs work on files with a pool of threads where they are many bytes, or with the pool that the caller has.
 *
 * @param work Is given the pool, if any; the paths, each once, largest file first, so that no thread is left alone with it
 * at the end; and how many of them to have under way at once, which is more than there are threads, so that none of them
 * waits for the disk.
 */
export async function withPool<T>(
  paths: readonly string[],
  { pool, jobs = 4 }: { readonly pool?: ResourcePool | undefined; readonly jobs?: number | undefined },
  work: (pool: ResourcePool | undefined, sorted: readonly string[], atOnce: number) => Promise<T>,
): Promise<T> {
  const unique = [...new Set(paths)];
  const sizeOf = async (path: string) => (await stat(path).catch(() => undefined))?.size ?? 0;
  const sized = await Promise.all(unique.map(async (path) => ({ path, size: await sizeOf(path) })));
  const sorted = sized.sort((a, b) => b.size - a.size).map(({ path }) => path);
  const total = sized.reduce((sum, { size }) => sum + size, 0);
  const isWorth = total >= WORTH_THREADS && unique.length > 1 && jobs > 1;
  if (pool !== undefined) return await work(pool, sorted, jobs * 2);
  if (!isWorth) return await work(undefined, sorted, jobs > 1 ? Math.max(jobs, WAITING) : jobs);
  const threads = Math.min(jobs, unique.length);
  const own = createResourcePool(threads, Math.floor(jobs / threads));
  try {
    return await work(own, sorted, jobs * 2);
  } finally {
    own.close();
  }
}

/**
 * Creates a pool of at most `jobs` threads; none is started before the first job.
 *
 * @param jobs 1 does all work on the caller's thread.
 * @param jobsEach Threads that each of them may have compress for it.
 */
export function createResourcePool(jobs: number, jobsEach = 1): ResourcePool {
  if (jobs <= 1) return { run: runResourceJob, close: () => {} };
  const module = new URL("./resource-worker.js", import.meta.url);
  const pool = createWorkerPool<ResourceJob, UncommittedResource, number>(module, jobs, ({ job, signal, onNotice }) =>
    startResourceJob(job, { signal, onBytes: onNotice }),
  );
  return {
    run: async (job, { signal, onBytes }) => {
      const task = { job: { ...job, jobs: jobsEach }, signal, onNotice: onBytes };
      return await finishResourceJob(job, await pool.run(task));
    },
    close: pool.close,
  };
}
