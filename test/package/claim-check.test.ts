import { createHash } from "node:crypto";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { createClaimCheck } from "../../src/package/claim-check.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("package/claim-check");

const ALGORITHMS = ["sha1", "sha256", "sha512"] as const;
const hash = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest("hex");

test("createClaimCheck() accepts what is true, in any pieces, and nothing else", () => {
  const property = fc.property(
    fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 }),
    fc.subarray([...ALGORITHMS, "length" as const]),
    (chunks, claimed) => {
      const bytes = Buffer.concat(chunks);
      const claimOf = (claim: (typeof claimed)[number], of: Uint8Array) =>
        claim === "length" ? of.length : hash(claim, of);
      const check = (of: Uint8Array) => {
        const claims = Object.fromEntries(claimed.map((claim) => [claim, claimOf(claim, of)]));
        const checking = createClaimCheck(claims, "a");
        for (const chunk of chunks) checking.update(chunk);
        checking.end();
      };
      check(bytes);
      if (claimed.length > 0) throws(() => check(Buffer.concat([bytes, Buffer.from("x")])), "DIGEST_MISMATCH");
    },
  );
  fc.assert(property, { numRuns: 100 });
});

for (const algorithm of ALGORITHMS) {
  test(`a wrong ${algorithm} names itself, what was claimed and what is`, () => {
    const bytes = Buffer.from("content");
    const other = hash(algorithm, Buffer.from("other"));
    const check = createClaimCheck({ length: bytes.length, [algorithm]: other }, '"a.tar.gz"');
    check.update(bytes);
    const { detail, message } = throws(() => check.end(), "DIGEST_MISMATCH");
    assert.equal(detail, { what: '"a.tar.gz"', expected: other, actual: hash(algorithm, bytes) });
    assert.ok(message.startsWith(`Cannot accept "a.tar.gz": its ${algorithm} is `), message);
  });
}

test.run();
