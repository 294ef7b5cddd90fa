import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { defaultJobs, mapConcurrent } from "../../src/stream/pool.js";
import { suite } from "../support/suite.js";

const test = suite("stream/pool");

const failure = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("Expected a rejection");
};

test("mapConcurrent() keeps the order, and the limit", async () => {
  let running = 0;
  let most = 0;
  const results = await mapConcurrent([30, 1, 20, 1, 10], 2, async (ms, index) => {
    most = Math.max(most, ++running);
    await sleep(ms);
    running--;
    return index;
  });
  assert.equal(results, [0, 1, 2, 3, 4]);
  assert.is(most, 2);
  assert.equal(await mapConcurrent([], 3, () => 1), []);
});

test("mapConcurrent() throws the first item's error once all that runs has ended, and starts nothing more", async () => {
  const started: number[] = [];
  const ended: number[] = [];
  const work = async (item: number) => {
    started.push(item);
    await sleep(item === 1 ? 5 : 25);
    ended.push(item);
    throw new Error(`item ${item}`);
  };
  const error = await failure(mapConcurrent([0, 1, 2, 3, 4], 2, work));
  assert.is((error as Error).message, "item 0");
  assert.equal({ started, ended }, { started: [0, 1], ended: [1, 0] });
});

test("mapConcurrent() stops for its signal, with the signal's reason", async () => {
  const controller = new AbortController();
  const started: number[] = [];
  const work = async (item: number) => {
    started.push(item);
    if (item === 1) controller.abort(new Error("enough"));
    await sleep(2);
  };
  const error = await failure(mapConcurrent([0, 1, 2, 3], 1, work, controller.signal));
  assert.is((error as Error).message, "enough");
  assert.equal(started, [0, 1]);
});

test("mapConcurrent() refuses a limit below 1", async () => {
  for (const limit of [0, -1, Number.NaN])
    assert.instance(await failure(mapConcurrent([1], limit, () => 1)), RangeError);
});

const machine = Math.min(4, availableParallelism());
const CASES: readonly (readonly [string, Record<string, string | undefined>, number])[] = [
  ["nothing", {}, machine],
  ["one task's processors", { SLURM_CPUS_PER_TASK: "1" }, 1],
  ["a node's processors", { SLURM_CPUS_ON_NODE: "1" }, 1],
  ["the smaller of both", { SLURM_CPUS_PER_TASK: "64", SLURM_CPUS_ON_NODE: "1" }, 1],
  ["more than there are", { SLURM_CPUS_PER_TASK: "128" }, machine],
  ["zero", { SLURM_CPUS_PER_TASK: "0" }, machine],
  ["a list", { SLURM_CPUS_PER_TASK: "1(x2)" }, machine],
  ["an empty text", { SLURM_CPUS_PER_TASK: "" }, machine],
];
for (const [title, env, jobs] of CASES) {
  test(`defaultJobs() with ${title}`, () => assert.is(defaultJobs(env), jobs));
}

test.run();
