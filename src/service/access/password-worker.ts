/**
 * What the thread runs that checks passwords.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";
import { type FromThread, type ToThread, toThreadError } from "../../stream/worker-pool.js";
import { type PasswordJob, runPasswordJob } from "./password-job.js";

function work(job: PasswordJob): FromThread<boolean, never> {
  try {
    return { type: "result", result: runPasswordJob(job) };
  } catch (error) {
    return { type: "error", error: toThreadError(error) };
  }
}

parentPort?.on("message", (message: ToThread<PasswordJob>) => {
  if (message.type === "job") parentPort?.postMessage(work(message.job));
});
