import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../../../src/errors.js";
import { parseControl } from "../../../../src/package/formats/debian/control.js";
import { throws } from "../../../support/rejects.js";
import { suite } from "../../../support/suite.js";

const test = suite("package/formats/debian/control");

test("parseControl() reads fields, continuation lines and any letter case", () => {
  const text = "Package: demo\nDESCRIPTION :  short \n long\n .\n\tmore  \nDepends: a,\n b\nX-Empty:\n";
  const { fields, text: verbatim } = parseControl(text, "demo.deb");
  assert.is(verbatim, text);
  assert.equal(
    [...fields],
    [
      ["package", "demo"],
      ["description", "short\n long\n .\n\tmore"],
      ["depends", "a,\n b"],
      ["x-empty", ""],
    ],
  );
});

test("parseControl() leaves out the empty lines around the paragraph", () => {
  assert.is(parseControl("\n \t\nPackage: a\nVersion: 1\n\n\n", "a.deb").text, "Package: a\nVersion: 1\n");
  assert.is(parseControl("Package: a", "a.deb").text, "Package: a\n");
});

test("parseControl() takes line ends of other systems for white space", () => {
  assert.is(parseControl("Package: a\r\nVersion: 1\r\n", "a.deb").fields.get("package"), "a");
});

const BAD: readonly (readonly [string, string, number, RegExp])[] = [
  ["nothing", "", 1, /empty, expected fields/],
  ["empty lines", "\n\n", 1, /empty, expected fields/],
  ["two paragraphs", "A: 1\n\nB: 2\n", 3, /second paragraph/],
  ["a line without colon", "A: 1\nB\n", 2, /is "B", expected "Field: value"/],
  ["a continuation first", " A: 1\n", 1, /none came before it/],
  ["a field twice", "A: 1\nb: 2\na: 3\n", 3, /field a a second time/],
  ["a comment", "A: 1\n# x: y\n", 2, /expected "Field: value"/],
  ["a name with a dash first", "-A: 1\n", 1, /expected "Field: value"/],
  ["a name with a space", "A B: 1\n", 1, /expected "Field: value"/],
  ["a NUL", "A: 1\nB: \0\n", 2, /NUL/],
];

for (const [title, text, line, why] of BAD) {
  test(`parseControl() refuses ${title}`, () => {
    const { message, detail } = throws(() => parseControl(text, "demo.deb"), "SYNTAX");
    assert.match(message, why);
    assert.match(message, /^Cannot read control file of "demo\.deb": [^\n]+$/);
    assert.is(detail.line, line);
  });
}

test("parseControl() gives a paragraph or SYNTAX", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."aB: \t\n\r#-.\0é") }), (text) => {
      try {
        const { text: verbatim, fields } = parseControl(text, "a");
        assert.equal([...parseControl(verbatim, "a").fields], [...fields]);
      } catch (error) {
        assert.ok(isLadingError(error, "SYNTAX"), String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test.run();
