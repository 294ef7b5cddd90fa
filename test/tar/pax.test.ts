import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { decodePax, encodePax } from "../../src/tar/pax.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("tar/pax");

test("encodePax() counts the digits of a length in the length", () => {
  // Without its length a record of 91 bytes has 98: two digits make that 100, which takes three.
  for (const [size, total] of [
    [1, 9],
    [2, 11],
    [90, 99],
    [91, 101],
    [989, 999],
    [990, 1001],
  ] as const) {
    const bytes = encodePax(new Map([["path", "x".repeat(size)]]));
    assert.is(bytes.length, total);
    assert.is(Number.parseInt(bytes.toString("latin1"), 10), total);
  }
});

test("encodePax() sorts keys by bytes", () => {
  const keys = ["uid", "path", "SCHILY.xattr.b", "SCHILY.xattr.B", "gid"];
  const bytes = encodePax(new Map(keys.map((key) => [key, "1"])));
  assert.equal([...decodePax(bytes, 0).keys()], ["SCHILY.xattr.B", "SCHILY.xattr.b", "gid", "path", "uid"]);
});

test("encodePax() refuses more than a reader takes", () => {
  throws(() => encodePax(new Map([["path", "x".repeat(1024 * 1024)]])), "TOO_LARGE");
});

const key = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map(String.fromCharCode), minLength: 1 });
const value = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map(String.fromCharCode), maxLength: 2000 });

test("decodePax() reads what encodePax() writes", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value)), (pairs) => {
      const records = new Map(pairs.filter(([name]) => !name.includes("=") && name !== "path" && name !== "linkpath"));
      const decoded = decodePax(encodePax(records), 0);
      assert.equal([...decoded].sort(), [...records].sort());
    }),
  );
});

test("decodePax() of any bytes gives records or lading's error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(99), (bytes, length) => {
      for (const input of [bytes, Buffer.concat([Buffer.from(`${length} a=`), bytes])]) {
        try {
          decodePax(Buffer.from(input), 0);
        } catch (error) {
          assert.ok(isLadingError(error), String(error));
        }
      }
    }),
  );
});

test.run();
