import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import { type ContentId, createHasher, hashing } from "../../src/stream/hash.js";
import { suite } from "../support/suite.js";
import { corpus, gather, pieces } from "./pieces.js";

const test = suite("stream/hash");
const bytes = corpus(100_000);

for (const algorithm of ["sha256", "sha512"] as const) {
  test(`createHasher() gives the ${algorithm} and the size of all pieces`, () => {
    const hasher = createHasher(algorithm);
    for (let at = 0; at < bytes.length; at += 999) hasher.update(bytes.subarray(at, at + 999));
    assert.equal(hasher.end(), { digest: digestOf(bytes, algorithm), size: bytes.length });
  });
}

test("hashing() passes the bytes on and tells at the end what they were", async () => {
  const told: ContentId[] = [];
  const passed = await gather(hashing(pieces(bytes, [1, 777]), (content) => told.push(content)));
  assert.ok(passed.equals(bytes));
  assert.equal(told, [{ digest: digestOf(bytes), size: bytes.length }]);
});

test("hashing() tells nothing of a stream that is left early, and closes it", async () => {
  const trace = { closed: false, pulled: 0 };
  let told = false;
  for await (const _ of hashing(pieces(bytes, [10], trace), () => (told = true))) break;
  assert.equal({ told, closed: trace.closed }, { told: false, closed: true });
});

test.run();
