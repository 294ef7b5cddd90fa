import fc from "fast-check";
import * as assert from "uvu/assert";
import { compareBytewise } from "../../src/resolve/bytewise.js";
import { suite } from "../support/suite.js";

const test = suite("resolve/bytewise");

test("compareBytewise() orders as the bytes of UTF-8 do", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom("a", "é", "\uffff", "\u{10000}", "😀") }),
  );
  fc.assert(
    fc.property(text, text, (left, right) => {
      const expected = Buffer.compare(Buffer.from(left), Buffer.from(right));
      assert.is(Math.sign(compareBytewise(left, right)), expected);
    }),
    { numRuns: 3000 },
  );
});

test.run();
