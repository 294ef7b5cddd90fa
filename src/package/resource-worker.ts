/**
 * What a thread of the resource pool runs.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import type { FromThread, ToThread } from "../stream/worker-pool.js";
import { toThreadError } from "../stream/worker-pool.js";
import type { StoredResource } from "./resource.js";
import { type ResourceJob, runResourceJob } from "./resource-job.js";

const port = parentPort;
let stop = new AbortController();

function answer(message: FromThread<StoredResource, number>): void {
  port?.postMessage(message);
}

async function work(job: ResourceJob): Promise<void> {
  stop = new AbortController();
  const onBytes = (notice: number) => answer({ type: "notice", notice });
  try {
    answer({ type: "result", result: await runResourceJob(job, { signal: stop.signal, onBytes, blocking: true }) });
  } catch (error) {
    answer({ type: "error", error: toThreadError(error) });
  }
}

port?.on("message", (message: ToThread<ResourceJob>) => {
  if (message.type === "stop") stop.abort();
  else void work(message.job);
});
