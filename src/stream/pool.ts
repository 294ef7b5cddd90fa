/**
 * Several things at once, within a limit.
 *
 * @module
 */

import { availableParallelism } from "node:os";

/** More jobs than this gain nothing on one disk or registry, and cost memory. */
const MOST_JOBS = 4;

/** What a batch system says of the processors that are ours. A login node's count of cores says nothing of it. */
const GRANTED = ["SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"] as const;

/**
 * How many jobs to run at once: at most 4, no more than the machine has processors, and no more than Slurm granted.
 *
 * @param env The environment, of which `SLURM_CPUS_PER_TASK` and `SLURM_CPUS_ON_NODE` count where they are positive
 * integers.
 * @see https://slurm.schedmd.com/archive/slurm-23.11.0/sbatch.html#SECTION_OUTPUT-ENVIRONMENT-VARIABLES
 */
export function defaultJobs(env: Readonly<Record<string, string | undefined>> = {}): number {
  const granted = GRANTED.map((name) => env[name]).filter((text) => text !== undefined && /^[1-9]\d*$/.test(text));
  return Math.min(MOST_JOBS, availableParallelism(), ...granted.map(Number));
}

/**
 * Runs `work` over all items, at most `limit` at once, started in order.
 *
 * After an error, or once `signal` is aborted, nothing more is started; what runs is waited for, and then the error of the first
 * item that has one, or the signal's reason, is thrown.
 *
 * @param limit At least 1.
 * @returns The results, in the order of the items.
 */
export async function mapConcurrent<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => R | Promise<R>,
  signal?: AbortSignal,
): Promise<R[]> {
  if (!(limit >= 1)) throw new RangeError(`Cannot run ${limit} jobs at once, expected 1 or more`);
  const results = new Array<R>(items.length);
  const queue = items.entries();
  const errors: { readonly index: number; readonly error: unknown }[] = [];
  const run = async () => {
    for (const [index, item] of queue) {
      try {
        signal?.throwIfAborted();
        results[index] = await work(item, index);
      } catch (error) {
        errors.push({ index, error });
      }
      if (errors.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, run));
  const [first] = errors.sort((a, b) => a.index - b.index);
  if (first !== undefined) throw first.error;
  return results;
}
