import { inflateRawSync } from "node:zlib";
import * as assert from "uvu/assert";
import { BLOCK_SIZE } from "../../src/stream/block.js";
import { loadDeflate } from "../../src/stream/libdeflate/index.js";
import { suite } from "../support/suite.js";
import { corpus } from "./pieces.js";

const test = suite("stream/libdeflate");
const ROOM = { before: 3, after: 5 };
const body = (bytes: Uint8Array) => Buffer.from(bytes.subarray(ROOM.before, bytes.byteLength - ROOM.after));

// A block this long has its tables moved 15 times, and ends inside a stretch of 32 KiB.
const block = corpus(BLOCK_SIZE / 2 + 12_345);
for (let level = 1; level <= 12; level++) {
  test(`level ${level} gives the same bytes with and without vector instructions`, () => {
    const [plain, fast] = [false, true].map((vectors) => body(loadDeflate(vectors)(block, level, ROOM)));
    assert.ok(plain !== undefined && fast !== undefined && plain.equals(fast));
    assert.ok(inflateRawSync(fast).equals(block));
  });
}

test("what was compressed before changes nothing", () => {
  const deflate = loadDeflate();
  const expected = [1, 6, 12].map((level) => body(loadDeflate()(block, level, ROOM)));
  for (const size of [0, 1, 3 * BLOCK_SIZE, 70_000]) {
    const other = corpus(size);
    for (const [index, level] of [1, 6, 12].entries()) {
      assert.ok(inflateRawSync(body(deflate(other, level, ROOM))).equals(other));
      assert.ok(body(deflate(block, level, ROOM)).equals(expected[index] ?? Buffer.alloc(0)));
    }
  }
});
test.run();
