import * as assert from "uvu/assert";
import { gather, type Settled } from "../../src/stream/gather.js";
import { suite } from "../support/suite.js";

const test = suite("stream/gather");

test("requests of one turn are answered together, each with its own result", async () => {
  const asked: (readonly number[])[] = [];
  const double = gather(3, async (items: readonly number[]): Promise<readonly Settled<number>[]> => {
    asked.push(items);
    return items.map((item) => (item === 2 ? { error: new Error("not two") } : { done: 2 * item }));
  });
  const results = await Promise.allSettled([1, 2, 3, 4].map(double));
  assert.equal(asked, [[1, 2, 3], [4]]);
  assert.equal(
    results.map((each) => (each.status === "fulfilled" ? each.value : (each.reason as Error).message)),
    [2, "not two", 6, 8],
  );
  assert.is(await double(5), 10);
});

test("what the answer throws is every request's error, and so is a result that is missing", async () => {
  const broken = gather(8, async (): Promise<readonly Settled<number>[]> => {
    throw new Error("all lost");
  });
  const silent = gather(8, async (): Promise<readonly Settled<number>[]> => []);
  for (const [ask, message] of [
    [broken, "all lost"],
    [silent, "A request got no answer"],
  ] as const) {
    const results = await Promise.allSettled([ask("a"), ask("b")]);
    assert.equal(
      results.map((each) => each.status === "rejected" && (each.reason as Error).message),
      [message, message],
    );
  }
});

test.run();
