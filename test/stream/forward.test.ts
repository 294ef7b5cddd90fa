import * as assert from "uvu/assert";
import { collect } from "../../src/stream/bytes.js";
import { createForwardRanges } from "../../src/stream/forward.js";
import { suite } from "../support/suite.js";
import { pieces } from "./pieces.js";

const test = suite("stream/forward");
const BYTES = Buffer.from(Array.from({ length: 1000 }, (_, at) => at % 251));

function watched() {
  const counts = { opened: 0, closed: 0 };
  async function* stream() {
    counts.opened++;
    try {
      yield* pieces(BYTES, [7, 64, 13]);
    } finally {
      counts.closed++;
    }
  }
  return { counts, ranges: createForwardRanges(stream, BYTES.length) };
}

test("ranges in ascending order cost one reading", async () => {
  const { counts, ranges } = watched();
  for (const [start, end] of [
    [0, 10],
    [10, 300],
    [290 + 20, 700],
    [999, 1000],
  ] as const) {
    assert.equal(await collect(ranges.open(start, end), 1000), BYTES.subarray(start, end));
  }
  assert.is(counts.opened, 1);
  await ranges.close();
  assert.is(counts.closed, 1);
});

test("ranges at once and backwards each give their bytes", async () => {
  const { counts, ranges } = watched();
  const wanted = [
    [500, 600],
    [0, 1000],
    [20, 30],
    [999, 1000],
    [0, 0],
  ] as const;
  const got = await Promise.all(wanted.map(([start, end]) => collect(ranges.open(start, end), 1000)));
  assert.equal(
    got,
    wanted.map(([start, end]) => BYTES.subarray(start, end)),
  );
  for (const at of [900, 500, 100]) assert.is((await collect(ranges.open(at, at + 1), 9))[0], at % 251);
  await ranges.close();
  assert.is(counts.closed, counts.opened);
});

test("a reading that fails is not used again", async () => {
  let count = 0;
  async function* stream() {
    yield BYTES.subarray(0, 10);
    if (count++ === 0) throw new Error("broken");
    yield BYTES.subarray(10);
  }
  const ranges = createForwardRanges(stream, BYTES.length);
  let message = "";
  await collect(ranges.open(0, 20), 100).catch((error) => {
    message = error.message;
  });
  assert.is(message, "broken");
  assert.equal(await collect(ranges.open(5, 20), 100), BYTES.subarray(5, 20));
});

test.run();
