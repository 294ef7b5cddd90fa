/**
 * What a thread of the resource pool runs.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import type { FromThread, ToThread } from "../stream/worker-pool.js";
import { toThreadError } from "../stream/worker-pool.js";
import { createJobStores, type ResourceJob, startResourceJob, type UncommittedResource } from "./resource-job.js";

/** Bytes after which the pool is told of them. */
const SAY_EVERY = 4 * 1024 * 1024;

const port = parentPort;
const openStore = createJobStores();
let stop = new AbortController();

function answer(message: FromThread<UncommittedResource, number>): void {
  port?.postMessage(message);
}

async function work(job: ResourceJob): Promise<void> {
  stop = new AbortController();
  let unsaid = 0;
  const say = () => answer({ type: "notice", notice: unsaid });
  const onBytes = (bytes: number) => {
    unsaid += bytes;
    if (unsaid < SAY_EVERY) return;
    say();
    unsaid = 0;
  };
  try {
    const result = await startResourceJob(job, { signal: stop.signal, onBytes, blocking: true }, openStore);
    say();
    answer({ type: "result", result });
  } catch (error) {
    answer({ type: "error", error: toThreadError(error) });
  }
}

port?.on("message", (message: ToThread<ResourceJob>) => {
  if (message.type === "stop") stop.abort();
  else void work(message.job);
});
