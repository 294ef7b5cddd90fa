import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../../../src/errors.js";
import { parseMd5sums } from "../../../../src/package/formats/debian/checksums.js";
import { throws } from "../../../support/rejects.js";
import { suite } from "../../../support/suite.js";

const test = suite("package/formats/debian/checksums");
const A = "d41d8cd98f00b204e9800998ecf8427e";
const B = "00000000000000000000000000000000";

test("parseMd5sums() reads paths as tar entries name them", () => {
  const text = `${A}  usr/bin/a\n${B.toUpperCase()} *./usr/share/with  two spaces\n${A}  /abs\n\n\\${B}  back\\\\slash\\nline\n`;
  assert.equal(
    [...parseMd5sums(text, "a.deb")],
    [
      ["usr/bin/a", A],
      ["usr/share/with  two spaces", B],
      ["abs", A],
      ["back\\slash\nline", B],
    ],
  );
  assert.is(parseMd5sums("", "a.deb").size, 0);
  assert.is(parseMd5sums(`${A}  a\n${A}  ./a`, "a.deb").size, 1);
});

for (const text of ["x", `${A}`, `${A}  `, `${A} a`, `${A.slice(1)}  a`, `${A}  ./`, `${A}  a\n${B}  a`]) {
  test(`parseMd5sums() refuses ${JSON.stringify(text)}`, () => {
    assert.match(throws(() => parseMd5sums(text, "a.deb"), "CORRUPT").message, /line \d of its md5sums/);
  });
}

test("parseMd5sums() gives a map or CORRUPT", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(A, B, " ", "  ", "a", "\n", "\\", "./", "\r") }), (text) => {
      try {
        parseMd5sums(text, "a.deb");
      } catch (error) {
        assert.ok(isLadingError(error, "CORRUPT"), String(error));
      }
    }),
  );
});

test.run();
