/**
 * What a thread runs that compresses blocks.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import { type BlockEncoder, loadBlockEncoder } from "./block.js";
import { type BlockJob, runBlockJob } from "./block-job.js";
import { type FromThread, type ToThread, toThreadError } from "./worker-pool.js";

const port = parentPort;
let encoder: Promise<BlockEncoder> | undefined;

function answer(message: FromThread<number, never>): void {
  port?.postMessage(message);
}

async function work(job: BlockJob): Promise<void> {
  try {
    // A thread serves one stream, whose blocks all become the same.
    encoder ??= loadBlockEncoder(job.type, job.level);
    answer({ type: "result", result: runBlockJob(job, await encoder) });
  } catch (error) {
    answer({ type: "error", error: toThreadError(error) });
  }
}

// A block is done in a moment: it is not worth stopping.
port?.on("message", (message: ToThread<BlockJob>) => {
  if (message.type === "job") void work(message.job);
});
