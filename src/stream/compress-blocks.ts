/**
 * The blocks of one stream compressed by several threads at once, and given back in their order.
 *
 * The caller's thread reads and writes, `jobs` others compress. A few blocks are under way at any time, each in memory that
 * its thread shares, so that none is copied from heap to heap.
 *
 * @module
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import { type BlockCompression, type BlockEncoder, readBlocks } from "./block.js";
import { type BlockJob, type BlockSlot, blockIn, compressedIn, createBlockSlot, runBlockJob } from "./block-job.js";
import type { ByteStream, IoOptions } from "./bytes.js";
import { createWorkerPool, type WorkerPool } from "./worker-pool.js";

export interface CompressBlocksOptions extends IoOptions {
  readonly type: BlockCompression;
  readonly level?: number | undefined;
  /** Threads that compress, at most. */
  readonly jobs: number;
  /** What compresses on the caller's thread. */
  readonly encode: BlockEncoder;
}

/** Blocks before threads are started for the rest: fewer are done before a thread is up. */
const FIRST_BLOCKS = 4;
/** Blocks after which a thread that does nothing else hears messages, and frees what its encoder no longer needs. */
const HEAR_EVERY = 8;
/** Blocks that wait for a thread, so that none waits for a block. */
const WAITING = 2;
/** More threads than this wait for the one that reads. */
const MOST_THREADS = 16;

type BlockPool = WorkerPool<BlockJob, number, never>;

interface UnderWay {
  readonly slot: BlockSlot;
  /** Never rejected: the error is met when it is this block's turn. */
  readonly done: Promise<{ readonly size: number } | { readonly error: unknown }>;
}

function createBlockPool({ jobs, encode }: CompressBlocksOptions): BlockPool {
  const module = new URL("./block-worker.js", import.meta.url);
  const size = Math.min(jobs, MOST_THREADS);
  return createWorkerPool(module, size, async ({ job }) => runBlockJob(job, encode));
}

/** Gives every block to the pool, and what they became in their order. */
async function* compressByPool(
  blocks: AsyncIterator<Uint8Array>,
  pool: BlockPool,
  { type, level, jobs, signal }: CompressBlocksOptions,
): AsyncGenerator<Uint8Array> {
  const free: BlockSlot[] = Array.from({ length: Math.min(jobs, MOST_THREADS) + WAITING }, createBlockSlot);
  const underWay: UnderWay[] = [];
  const start = (slot: BlockSlot, block: Uint8Array): void => {
    blockIn(slot, block.byteLength).set(block);
    const run = pool.run({ job: { slot, size: block.byteLength, type, level } });
    const done = run.then(
      (size) => ({ size }),
      (error: unknown) => ({ error }),
    );
    underWay.push({ slot, done });
  };
  try {
    for (let isEnd = false; ; ) {
      signal?.throwIfAborted();
      const slot = isEnd ? undefined : free.pop();
      if (slot !== undefined) {
        const next = await blocks.next();
        isEnd = next.done === true;
        if (next.done !== true) start(slot, next.value);
        continue;
      }
      const first = underWay.shift();
      if (first === undefined) return;
      const result = await first.done;
      if ("error" in result) throw result.error;
      yield compressedIn(first.slot, result.size);
      free.push(first.slot);
    }
  } finally {
    await Promise.all(underWay.map(({ done }) => done));
  }
}

/**
 * Compresses a stream block by block. What it gives depends on neither the count of threads nor their pace. A stream of few
 * blocks, and all where no thread can be started, is compressed by the caller's thread.
 */
export async function* compressBlocks(stream: ByteStream, options: CompressBlocksOptions): AsyncGenerator<Uint8Array> {
  const { encode, jobs, signal } = options;
  const blocks = readBlocks(stream);
  try {
    for (let count = 0; jobs <= 1 || count < FIRST_BLOCKS; count++) {
      const block = await blocks.next();
      if (block.done === true) return;
      signal?.throwIfAborted();
      yield encode(block.value);
      if (count % HEAR_EVERY === HEAR_EVERY - 1) await nextTurn();
    }
    const pool = createBlockPool(options);
    try {
      yield* compressByPool(blocks, pool, options);
    } finally {
      pool.close();
    }
  } finally {
    await blocks.return(undefined);
  }
}
