/** A thread for the tests of the pool: does what its job says. */

import { parentPort, threadId } from "node:worker_threads";
import { LadingError } from "../../src/errors.js";
import { toThreadError } from "../../src/stream/worker-pool.js";

let onStop = () => {};

async function work(job: string): Promise<string> {
  if (job === "refuse") throw new LadingError("TOO_LARGE", "Cannot do it", { what: "job", limit: 1 });
  if (job === "break") throw new TypeError("a mistake");
  if (job === "exit") process.exit(3);
  if (job === "wait") {
    await new Promise<never>((_, reject) => {
      onStop = () => reject(new DOMException("stopped", "AbortError"));
    });
  }
  parentPort?.postMessage({ type: "notice", notice: job.length });
  return `${job} on ${threadId}`;
}

parentPort?.on("message", (message: { type: string; job: string }) => {
  if (message.type === "stop") return onStop();
  void work(message.job).then(
    (result) => parentPort?.postMessage({ type: "result", result }),
    (error) => parentPort?.postMessage({ type: "error", error: toThreadError(error) }),
  );
});
