import fc from "fast-check";
import * as assert from "uvu/assert";
import { createChannel } from "../../src/stream/channel.js";
import { suite } from "../support/suite.js";
import { gather } from "./pieces.js";

const test = suite("stream/channel");

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test("createChannel() hands every chunk over, in order", async () => {
  const property = fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 }), async (chunks) => {
    const channel = createChannel();
    const read = gather(channel.stream);
    for (const chunk of chunks) assert.is(await channel.push(chunk), true);
    channel.end();
    assert.ok((await read).equals(Buffer.concat(chunks)));
  });
  await fc.assert(property, { numRuns: 50 });
});

test("push() ends when the consumer asks for the next chunk, so that the chunk's buffer may be used again", async () => {
  const channel = createChannel();
  const buffer = Buffer.from("a");
  let pushed = 0;
  const produce = (async () => {
    for (const letter of "abc") {
      buffer.write(letter);
      await channel.push(buffer);
      pushed++;
    }
    channel.end();
  })();
  const seen: string[] = [];
  for await (const chunk of channel.stream) {
    const before = pushed;
    await turn();
    await turn();
    assert.is(pushed, before, "the producer waits");
    seen.push(Buffer.from(chunk).toString());
  }
  await produce;
  assert.equal(seen, ["a", "b", "c"]);
});

test("a consumer that stops early ends the push under way, and all later ones", async () => {
  const channel = createChannel();
  const results: boolean[] = [];
  const produce = (async () => {
    for (let at = 0; at < 4; at++) results.push(await channel.push(Buffer.from([at])));
  })();
  let count = 0;
  for await (const _chunk of channel.stream) if (++count === 2) break;
  await produce;
  assert.equal(results, [true, false, false, false]);
});

test("close() ends a push that nobody ever read", async () => {
  const channel = createChannel();
  const push = channel.push(Buffer.from("a"));
  await turn();
  channel.close();
  assert.is(await push, false);
  assert.is(await channel.push(Buffer.from("b")), false);
});

test("fail() makes the consumer throw, waiting or not, and what was pushed before it was read", async () => {
  for (const wait of [true, false]) {
    const channel = createChannel();
    const error = new Error("the source broke");
    const read = gather(channel.stream).catch((caught: unknown) => caught);
    assert.is(await channel.push(Buffer.from("a")), true);
    if (wait) await turn();
    channel.fail(error);
    channel.end();
    assert.is(await read, error);
    assert.is(await channel.push(Buffer.from("b")), false);
  }
});

test("a channel that ends at once gives nothing", async () => {
  const channel = createChannel();
  channel.end();
  assert.is((await gather(channel.stream)).length, 0);
});

test.run();
