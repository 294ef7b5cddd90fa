import fc from "fast-check";
import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import { checkContent, verified } from "../../src/stream/verify.js";
import { rejects, throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { chunkSizes, corpus, gather, pieces } from "./pieces.js";

const test = suite("stream/verify");
const bytes = corpus(5000);
const expected = { digest: digestOf(bytes), size: bytes.length, what: "blob in memory" };

test("verified() passes right content, whatever its pieces and its algorithm", async () => {
  await fc.assert(
    fc.asyncProperty(chunkSizes, fc.constantFrom("sha256" as const, "sha512" as const), async (sizes, algorithm) => {
      const digest = digestOf(bytes, algorithm);
      assert.ok((await gather(verified(pieces(bytes, sizes), { ...expected, digest }))).equals(bytes));
    }),
    { numRuns: 30 },
  );
});

test("verified() checks what is promised and no more", async () => {
  assert.ok((await gather(verified(pieces(bytes), { what: "x" }))).equals(bytes));
  assert.ok((await gather(verified(pieces(bytes), { what: "x", size: bytes.length }))).equals(bytes));
  assert.ok((await gather(verified(pieces(bytes), { what: "x", digest: expected.digest }))).equals(bytes));
  await rejects(gather(verified(pieces(bytes), { what: "x", digest: digestOf("") })), "DIGEST_MISMATCH");
  assert.is((await gather(verified(pieces(Buffer.alloc(0)), { what: "x", size: 0, digest: digestOf("") }))).length, 0);
});

test("verified() stops as soon as there is too much", async () => {
  const trace = { closed: false, pulled: 0 };
  const stream = verified(pieces(bytes, [100], trace), { ...expected, size: 250 });
  const error = await rejects(gather(stream), "DIGEST_MISMATCH");
  assert.equal(trace, { closed: true, pulled: 300 });
  assert.equal(error.detail, { what: "blob in memory", expected: "250 bytes", actual: "300 bytes or more" });
});

test("verified() refuses content that ends early, with both sizes", async () => {
  const error = await rejects(gather(verified(pieces(bytes.subarray(1)), expected)), "DIGEST_MISMATCH");
  assert.match(error.message, /blob in memory: it is 4999 bytes, expected 5000 bytes/);
});

test("verified() refuses every flipped bit before the last bytes are out", async () => {
  for (let at = 0; at < bytes.length; at += 613) {
    const wrong = Buffer.from(bytes);
    wrong[at] = (wrong[at] ?? 0) ^ 1;
    let passed = 0;
    const read = async () => {
      for await (const chunk of verified(pieces(wrong, [512]), expected)) passed += chunk.byteLength;
    };
    const error = await rejects(read(), "DIGEST_MISMATCH");
    assert.equal(error.detail.expected, expected.digest);
    assert.is(passed, 4608);
  }
});

test("verified() refuses bytes after the end, too", async () => {
  await rejects(
    gather(verified(pieces(Buffer.concat([bytes, Buffer.from("x")]), [5000]), expected)),
    "DIGEST_MISMATCH",
  );
});

test("checkContent() compares size before digest", () => {
  checkContent(expected, {}, "x");
  checkContent(expected, expected, "x");
  const error = throws(() => checkContent(expected, { size: 1, digest: digestOf("") }, "x"), "DIGEST_MISMATCH");
  assert.is(error.detail.expected, "1 bytes");
});

test.run();
