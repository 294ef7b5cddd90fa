/**
 * What a thread of the resource pool runs.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import type { FromThread, ToThread } from "../stream/worker-pool.js";
import { toThreadError } from "../stream/worker-pool.js";
import { createFilesRunner, type FilesResult } from "./file-job.js";
import { createJobStores, type ResourceJob, startResourceJob, type UncommittedResource } from "./resource-job.js";
import type { ThreadJob } from "./resource-pool.js";

/** Bytes after which the pool is told of them. */
const SAY_EVERY = 4 * 1024 * 1024;

const port = parentPort;
// Nobody sees a trace of this thread, and errors that say "no such file" are answers here.
Error.stackTraceLimit = 0;
const openStore = createJobStores();
const runFiles = createFilesRunner();
let stop = new AbortController();

function answer(message: FromThread<UncommittedResource | FilesResult, number>): void {
  port?.postMessage(message);
}

async function store(job: ResourceJob): Promise<UncommittedResource> {
  let unsaid = 0;
  const say = () => answer({ type: "notice", notice: unsaid });
  const onBytes = (bytes: number) => {
    unsaid += bytes;
    if (unsaid < SAY_EVERY) return;
    say();
    unsaid = 0;
  };
  const result = await startResourceJob(job, { signal: stop.signal, onBytes }, openStore);
  say();
  return result;
}

async function work(job: ThreadJob): Promise<void> {
  stop = new AbortController();
  try {
    const result = "range" in job ? await store(job) : await runFiles(job, stop.signal);
    answer({ type: "result", result });
  } catch (error) {
    answer({ type: "error", error: toThreadError(error) });
  }
}

port?.on("message", (message: ToThread<ThreadJob>) => {
  if (message.type === "stop") stop.abort();
  else void work(message.job);
});
