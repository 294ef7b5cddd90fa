import * as assert from "uvu/assert";
import { readClaims } from "../../src/package/claims.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("package/claims");
const SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
const SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const read = (value: unknown) => readClaims({ source: "a.json", path: "resource", value });

test("readClaims() reads every spelling", () => {
  assert.equal(read({ uuid: "x", digest: `sha1:${SHA1}`, length: 0 }), { sha1: SHA1, length: 0 });
  assert.equal(read({ sha1: SHA1.toUpperCase(), sha256: SHA256 }), { sha1: SHA1, sha256: SHA256 });
  assert.equal(read({ digest: `sha256:${SHA256}`, sha256: SHA256 }), { sha256: SHA256 });
  assert.equal(read({ digest: null, length: null }), {});
});

const BAD: readonly (readonly [unknown, RegExp])[] = [
  [[], /resource is \[\], wanted an object/],
  [{ digest: "md5:00" }, /resource\.digest is "md5:00", wanted sha1:HEX/],
  [{ digest: SHA1 }, /resource\.digest/],
  [{ digest: `sha256:${SHA1}` }, /64 hex digits of a sha256/],
  [{ sha1: `${SHA1.slice(0, -1)}g` }, /resource\.sha1/],
  [{ digest: `sha1:${SHA1}`, sha1: SHA1.replace("d", "e") }, /what sha1 beside it says/],
  [{ length: -1 }, /resource\.length is -1/],
  [{ length: 1.5 }, /resource\.length/],
  [{ length: "1" }, /resource\.length/],
  [{ lenght: 1 }, /unknown field "resource\.lenght"; did you mean "length"/],
];

for (const [value, why] of BAD) {
  test(`readClaims() refuses ${JSON.stringify(value)}`, () => {
    assert.match(throws(() => read(value), "SYNTAX").message, why);
  });
}

test.run();
