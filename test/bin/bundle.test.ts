import { Worker } from "node:worker_threads";
import { gunzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { type BlockJob, compressedIn, createBlockSlot } from "../../src/stream/block-job.js";
import { suite } from "../support/suite.js";

const test = suite("bin/bundle");

/** A pool goes on without threads where none starts, so a thread that cannot run would only be slow. */
test("the module that compresses blocks on the program's threads starts, and answers", async (context) => {
  const worker = new Worker(new URL("../../bin/block-worker.cjs", import.meta.url));
  context.defer(async () => void (await worker.terminate()));
  const answer = new Promise((resolve, reject) => void worker.once("message", resolve).once("error", reject));
  const slot = createBlockSlot();
  worker.postMessage({ type: "job", job: { slot, size: 1000, type: "gzip" } satisfies BlockJob });
  const { type, result } = (await answer) as { type: string; result: number };
  assert.equal([type, gunzipSync(compressedIn(slot, result)).length], ["result", 1000]);
});

test("the module that the program's threads run starts, and answers", async (context) => {
  const worker = new Worker(new URL("../../bin/resource-worker.cjs", import.meta.url));
  context.defer(async () => void (await worker.terminate()));
  const answer = new Promise<{ type: string; error: { code: string } }>((resolve, reject) => {
    worker.once("message", resolve).once("error", reject);
  });
  const job = {
    folder: "none",
    label: "none",
    path: "/there/is/no/such.tar",
    identity: "",
    range: { start: 0, end: 1 },
  };
  worker.postMessage({ type: "job", job: { ...job, claims: {} } });
  const { type, error } = await answer;
  assert.equal([type, error.code], ["error", "IO"]);
});

test.run();
