import * as assert from "uvu/assert";
import { createWorkerPool } from "../../src/stream/worker-pool.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";

const test = suite("stream/worker-pool");

function createPool(context: TestContext, size = 2, module = "./worker-pool-thread.js") {
  const here = async ({ job }: { readonly job: string }) => `${job} here`;
  const pool = createWorkerPool<string, string, number>(new URL(module, import.meta.url), size, here);
  context.defer(pool.close);
  return pool;
}

test("run() does jobs on threads, more of them than there are threads", async (context) => {
  const pool = createPool(context);
  const results = await Promise.all(["a", "b", "c", "d", "e"].map((job) => pool.run({ job })));
  assert.equal(
    results.map((result) => result.split(" on ")[0]),
    ["a", "b", "c", "d", "e"],
  );
  const threads = new Set(results.map((result) => result.split(" on ")[1]));
  assert.ok(threads.size <= 2 && !threads.has("0"), `threads ${[...threads]}`);
});

test("run() passes notices on", async (context) => {
  const notices: number[] = [];
  await createPool(context).run({ job: "abc", onNotice: (notice) => notices.push(notice) });
  assert.equal(notices, [3]);
});

test("an error of lading's keeps code and detail; the thread goes on", async (context) => {
  const pool = createPool(context, 1);
  const error = await rejects(pool.run({ job: "refuse" }), "TOO_LARGE");
  assert.equal(error.detail, { what: "job", limit: 1 });
  assert.match(await pool.run({ job: "next" }), /^next on/);
});

test("another error keeps name and message", async (context) => {
  const error = await createPool(context)
    .run({ job: "break" })
    .catch((reason: Error) => reason);
  assert.equal((error as Error).name, "TypeError");
  assert.equal((error as Error).message, "a mistake");
});

test("a job whose thread dies is done on the caller's thread", async (context) => {
  assert.is(await createPool(context, 1).run({ job: "exit" }), "exit here");
});

test("where threads cannot be started, the caller's does the work", async (context) => {
  const pool = createPool(context, 2, "./there-is-no-such-module.js");
  assert.equal(await Promise.all(["a", "b"].map((job) => pool.run({ job }))), ["a here", "b here"]);
});

test("a signal stops the job that runs, and one that waits", async (context) => {
  const pool = createPool(context, 1);
  const stop = new AbortController();
  const name = (promise: Promise<unknown>) => promise.then(String, (error: Error) => error.name);
  const both = [pool.run({ job: "wait", signal: stop.signal }), pool.run({ job: "later", signal: stop.signal })];
  setTimeout(() => stop.abort(), 50);
  assert.equal(await Promise.all(both.map(name)), ["AbortError", "AbortError"]);
});

test.run();
