import fc from "fast-check";
import * as assert from "uvu/assert";
import { peek } from "../../src/stream/peek.js";
import { suite } from "../support/suite.js";
import { chunkSizes, corpus, gather, pieces } from "./pieces.js";

const test = suite("stream/peek");

test("peek() gives the head, and then all of the stream", async () => {
  await fc.assert(
    fc.asyncProperty(chunkSizes, fc.nat(3000), fc.nat(3000), async (sizes, size, wanted) => {
      const bytes = corpus(size);
      const { head, stream } = await peek(pieces(bytes, sizes), wanted);
      assert.ok((await gather(stream)).equals(bytes));
      assert.ok(Buffer.from(head).equals(bytes.subarray(0, wanted)));
    }),
    { numRuns: 60 },
  );
});

test("peek() copies the head", async () => {
  const { head, stream } = await peek(pieces(corpus(5000), [1000]), 100);
  await gather(stream);
  assert.ok(Buffer.from(head).equals(corpus(5000).subarray(0, 100)));
});

test("peek() lets the stream go: when left early, when closed, when reading it fails", async () => {
  const left = { closed: false, pulled: 0 };
  for await (const _ of (await peek(pieces(corpus(5000), [1000], left))).stream) break;
  assert.ok(left.closed);
  const closed = { closed: false, pulled: 0 };
  await (await peek(pieces(corpus(5000), [1000], closed))).close();
  assert.ok(closed.closed);
  async function* broken() {
    yield corpus(10);
    throw new Error("broken");
  }
  assert.is(await peek(broken()).catch((error: Error) => error.message), "broken");
});

test.run();
