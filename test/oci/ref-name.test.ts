import fc from "fast-check";
import * as assert from "uvu/assert";
import { isRefName, parseRefName } from "../../src/oci/ref-name.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("oci/ref-name");

for (const text of ["1", "latest", "1.2-rc1", "a--b", "a/b:1@x+y", "docker.io/library/debian:12", "a".repeat(255)]) {
  test(`parseRefName() accepts ${text.slice(0, 40)}`, () => assert.is(parseRefName(text), text));
}

const REFUSED = [
  "",
  "a b",
  "..",
  ".",
  "a..b",
  "a---b",
  "-a",
  "a-",
  "_a",
  "a/",
  "/a",
  "a//b",
  "a/../b",
  "é",
  "a\n",
  "a\0",
  "a".repeat(256),
];
for (const text of REFUSED) {
  test(`case 112: parseRefName() refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
    assert.is(throws(() => parseRefName(text), "SYNTAX").detail.kind, "ref name");
  });
}

test("isRefName() takes time that does not grow faster than the text", () => {
  const start = performance.now();
  assert.not.ok(isRefName(`${"a-".repeat(127)}!`));
  assert.not.ok(isRefName("a".repeat(10_000_000)));
  assert.ok(performance.now() - start < 500);
});

test("isRefName() accepts no separator at an end or twice", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-c._:@+/-]{0,12}$/), (text) => {
      const expected = text.split("/").every(
        (part) =>
          part !== "" &&
          part
            .replaceAll(/[a-c]+/g, "x")
            .split(/[._:@+]|--|-/)
            .every((word) => word === "x"),
      );
      assert.is(isRefName(text), expected);
    }),
    { numRuns: 2000 },
  );
});

test.run();
