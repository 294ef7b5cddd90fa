import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../../../src/errors.js";
import { formatAlternatives } from "../../../../src/package/capability.js";
import { parseRelations, type RelationContext } from "../../../../src/package/formats/debian/relation.js";
import { throws } from "../../../support/rejects.js";
import { suite } from "../../../support/suite.js";

const test = suite("package/formats/debian/relation");
const CONTEXT: RelationContext = { field: "Depends", source: "demo.deb", architecture: "amd64" };
const read = (text: string, context: Partial<RelationContext> = {}) => parseRelations(text, { ...CONTEXT, ...context });

/** The text, and its relations as messages show them. */
const GOOD: readonly (readonly [string, readonly string[]])[] = [
  ["", []],
  [" \n ", []],
  ["a", ["a"]],
  ["libstdc++6", ["libstdc++6"]],
  ["a, b ,c", ["a", "b", "c"]],
  ["a | b|c", ["a | b | c"]],
  ["a (>= 1.0~rc1)", ["a (>= 1.0~rc1)"]],
  ["a(>=1)", ["a (>= 1)"]],
  ["a ( << 2:1-1 )", ["a (<< 2:1-1)"]],
  ["a (<= 1), b (= 2), c (>> 3)", ["a (<= 1)", "b (= 2)", "c (>> 3)"]],
  ["a (< 1), b (> 1), c (1)", ["a (<= 1)", "b (>= 1)", "c (= 1)"]],
  ["a:any, b:amd64 (>= 1)", ["a:any", "b:amd64 (>= 1)"]],
  ["a,\n b (>= 1)\n | c,\n\td", ["a", "b (>= 1) | c", "d"]],
  ["a [amd64], b [!amd64], c [i386 linux-any], d [any], e [any-arm64] | f", ["a", "c", "d", "f"]],
  ["a (>= 1) [amd64 arm64]", ["a (>= 1)"]],
  ["Slack-Desktop", ["slack-desktop"]],
  ["a.b_c+d-e", ["a.b_c+d-e"]],
];

for (const [text, expected] of GOOD) {
  test(`parseRelations() reads ${JSON.stringify(text)}`, () => {
    assert.equal(read(text).map(formatAlternatives), expected);
  });
}

test("parseRelations() gives requirements on packages", () => {
  assert.equal(read("python3:any (>= 3.9~)"), [
    [{ type: "package", name: "python3", range: { operator: ">=", version: "3.9~" }, architecture: "any" }],
  ]);
});

const BAD: readonly (readonly [string, number, RegExp])[] = [
  ["a,", 3, /at its end: expected a package's name/],
  ["a, , b", 4, /expected a package's name/],
  [", a", 1, /expected a package's name/],
  ["a |", 4, /expected a package's name/],
  ["a b", 3, /at "b": expected a comma or the end/],
  ["a (>= 1) (<< 2)", 10, /expected a comma or the end/],
  ["a (>> 1", 3, /expected \(OPERATOR VERSION\)/],
  ["a (>= 1 2)", 3, /expected \(OPERATOR VERSION\)/],
  ["a (=> 1)", 3, /operator "=>" is unknown/],
  ["a (>=)", 3, /Cannot parse version ""/],
  ["a (>= x1)", 3, /Cannot parse version "x1"/],
  ["a (>= 1-)", 3, /revision is empty/],
  ["a:native", 2, /":native" is not for binary packages/],
  ["a:", 2, /":" is not for binary packages/],
  ["a <!nocheck>", 3, /build profiles/],
  ["a []", 3, /expected \[ARCHITECTURE …\]/],
  ["a [amd64 !i386]", 3, /expected \[ARCHITECTURE …\]/],
  ["a [amd64", 3, /expected \[ARCHITECTURE …\]/],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a substitution variable of dpkg
  ["x, ${shlibs:Depends}", 4, /substitution variable was left unfilled/],
  ["-a", 1, /expected a package's name/],
  ["ä", 1, /expected a package's name/],
  ["x".repeat(256), 1, /more than 255 characters/],
];

for (const [text, column, why] of BAD) {
  test(`parseRelations() refuses ${JSON.stringify(text.slice(0, 30))}`, () => {
    const { message, detail } = throws(() => read(text), "SYNTAX");
    assert.match(message, why);
    assert.match(message, new RegExp(`^Cannot read field Depends of "demo\\.deb": character ${column}, [^\\n]+$`));
    assert.is(detail.column, column);
  });
}

test("parseRelations() refuses alternatives where the field has none", () => {
  assert.match(throws(() => read("a | b", { alternatives: false }), "SYNTAX").message, /alternatives are not for this/);
});

test("parseRelations() cannot restrict a package for all architectures", () => {
  assert.match(throws(() => read("a [amd64]", { architecture: "all" }), "SYNTAX").message, /all architectures/);
});

test("parseRelations() gives what it shows again, or SYNTAX", () => {
  const unit = fc.constantFrom(
    "a",
    "b1",
    " ",
    ",",
    "|",
    "(",
    ")",
    ">=",
    "<<",
    "=",
    "1.0",
    ":any",
    "[amd64]",
    "~",
    "\n",
    "$",
    "é",
  );
  fc.assert(
    fc.property(fc.string({ unit }), (text) => {
      try {
        const relations = read(text);
        assert.equal(read(relations.map(formatAlternatives).join(", ")), relations);
      } catch (error) {
        assert.ok(isLadingError(error, "SYNTAX"), String(error));
        assert.not.match(error.message, /\n/);
      }
    }),
    { numRuns: 5000 },
  );
});

test.run();
