import fc from "fast-check";
import * as assert from "uvu/assert";
import { createCursor } from "../../src/stream/cursor.js";
import { suite } from "../support/suite.js";
import { chunkSizes, corpus, pieces } from "./pieces.js";

const test = suite("stream/cursor");
const bytes = corpus(2000);

test("createCursor() takes any counts in a row, whatever the pieces", async () => {
  await fc.assert(
    fc.asyncProperty(chunkSizes, fc.array(fc.nat(700), { maxLength: 12 }), async (sizes, counts) => {
      const cursor = createCursor(pieces(bytes, sizes));
      let at = 0;
      for (const count of counts) {
        const taken = Buffer.from(await cursor.take(count));
        assert.ok(taken.equals(bytes.subarray(at, at + count)));
        at += taken.length;
        assert.is(cursor.offset, at);
      }
      await cursor.drain();
      assert.is(cursor.offset, bytes.length);
    }),
    { numRuns: 50 },
  );
});

test("createCursor() looks at what is at hand, and lets the stream go", async () => {
  const trace = { closed: false, pulled: 0 };
  const cursor = createCursor(pieces(bytes, [100], trace));
  assert.is(cursor.rest.byteLength, 0);
  assert.ok(await cursor.fill());
  cursor.skip(30);
  assert.is(Buffer.compare(cursor.rest, bytes.subarray(30, 100)), 0);
  await cursor.close();
  assert.equal({ trace, rest: cursor.rest.byteLength }, { trace: { closed: true, pulled: 100 }, rest: 0 });
});

test("createCursor() gives fewer bytes at the end, and then none", async () => {
  const cursor = createCursor(pieces(bytes, [64]));
  assert.is((await cursor.take(5000)).byteLength, 2000);
  assert.is((await cursor.take(1)).byteLength, 0);
  assert.not(await cursor.fill());
});

test.run();
