import * as assert from "uvu/assert";
import { collect } from "../../src/stream/bytes.js";
import { createReplay } from "../../src/stream/replay.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("stream/replay");
const TEXT = "abcdefghij";

/** Content in chunks of three bytes in one buffer, as producers do; counts how often it was opened and let go. */
function createSource(text = TEXT) {
  const seen = { opened: 0, closed: 0 };
  async function* open() {
    seen.opened++;
    const buffer = Buffer.alloc(3);
    try {
      for (let at = 0; at < text.length; at += 3) yield buffer.subarray(0, buffer.write(text.slice(at, at + 3)));
    } finally {
      seen.closed++;
    }
  }
  return { seen, open };
}

const read = async (stream: AsyncIterable<Uint8Array>) => (await collect(stream, 100)).toString();

test("pieces that follow each other come from one opening", async () => {
  const { seen, open } = createSource();
  const replay = createReplay(open(), TEXT.length);
  assert.is((await read(replay.read(0, 4))) + (await read(replay.read(4, 5))) + (await read(replay.read(5, 10))), TEXT);
  await replay.close();
  assert.equal(seen, { opened: 1, closed: 1 });
});

test("for a piece that lies further back the source is opened anew", async () => {
  const { seen, open } = createSource();
  const replay = createReplay(open(), TEXT.length, open);
  await read(replay.read(0, 8));
  assert.is(await read(replay.read(2, 7)), "cdefg");
  for await (const _chunk of replay.read(7, 10)) break;
  assert.is(await read(replay.read(7, 10)), "hij");
  await replay.close();
  assert.equal(seen, { opened: 3, closed: 3 });
});

test("what can be read once says so", async () => {
  const { open } = createSource();
  const replay = createReplay(open(), TEXT.length);
  assert.not.ok(replay.goesBack);
  await read(replay.read(0, 8));
  assert.match((await rejects(read(replay.read(2, 7)), "CORRUPT")).message, "read only once");
});

for (const [size, why] of [
  [12, "ends after 10"],
  [9, "goes on"],
] as const) {
  test(`content of 10 bytes that should have ${size} is refused`, async () => {
    const { open } = createSource();
    const replay = createReplay(open(), size);
    assert.match((await rejects(read(replay.read(0, size)), "CORRUPT")).message, why);
    await replay.close();
  });
}

test("the source's own check at its end runs", async () => {
  async function* failing() {
    yield Buffer.from(TEXT);
    throw new Error("it changed");
  }
  const replay = createReplay(failing(), TEXT.length);
  let message = "";
  await read(replay.read(0, TEXT.length)).catch((error) => {
    message = error.message;
  });
  assert.is(message, "it changed");
});

test.run();
