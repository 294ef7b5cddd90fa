import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { type Challenge, parseChallenges } from "../../src/registry/challenge.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("registry/challenge");

const plain = (challenges: readonly Challenge[]) =>
  challenges.map((each) => ({ ...each, parameters: { ...each.parameters } }));

const GOOD: readonly (readonly [title: string, header: string, expected: readonly Challenge[]])[] = [
  ["Basic", 'Basic realm="here"', [{ scheme: "basic", parameters: { realm: "here" } }]],
  [
    "Bearer with commas in quotes",
    'Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"',
    [{ scheme: "bearer", parameters: { realm: "https://a/t", service: "s", scope: "repository:x:pull,push" } }],
  ],
  [
    "case 123: several challenges in one header",
    'Negotiate, Basic realm="a", Bearer realm="https://b", service=c',
    [
      { scheme: "negotiate", parameters: {} },
      { scheme: "basic", parameters: { realm: "a" } },
      { scheme: "bearer", parameters: { realm: "https://b", service: "c" } },
    ],
  ],
  [
    "a token68",
    "Negotiate YWJj==, Basic realm=x",
    [
      { scheme: "negotiate", parameters: {} },
      { scheme: "basic", parameters: { realm: "x" } },
    ],
  ],
  [
    "escapes and blanks",
    'BEARER  Realm = "a\\"b" ,  x=y ',
    [{ scheme: "bearer", parameters: { realm: 'a"b', x: "y" } }],
  ],
  ["a name twice: the first counts", 'Basic realm="a", realm="b"', [{ scheme: "basic", parameters: { realm: "a" } }]],
  ["nothing", "", []],
];

for (const [title, header, expected] of GOOD) {
  test(`parseChallenges() reads ${title}`, () => assert.equal(plain(parseChallenges(header)), expected));
}

const BAD: readonly (readonly [title: string, header: string])[] = [
  ["an unterminated quote", 'Bearer realm="https://a'],
  ["a megabyte", `Basic realm="${"a".repeat(1_000_000)}"`],
  ["a line break", 'Basic realm="a\r\nx: y"'],
  ["no scheme", '="x"'],
];

for (const [title, header] of BAD) {
  test(`case 123: parseChallenges() refuses ${title}`, () => {
    const error = throws(() => parseChallenges(header), "SYNTAX");
    assert.not.match(error.message, "\n");
  });
}

test("parseChallenges() gives challenges or SYNTAX, soon, for any text", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      try {
        parseChallenges(`Bearer ${text}`);
      } catch (error) {
        if (!isLadingError(error, "SYNTAX")) throw error;
      }
    }),
  );
});

test("parseChallenges() gives back what a server would write", () => {
  const name = fc.stringMatching(/^[a-z]{1,8}$/);
  const value = fc.stringMatching(/^[ !#-[\]-~]{0,20}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.dictionary(name, value, { minKeys: 1 })), { maxLength: 4 }), (given) => {
      const header = given
        .map(
          ([scheme, all]) =>
            `${scheme} ${Object.entries(all)
              .map(([key, text]) => `${key}="${text}"`)
              .join(", ")}`,
        )
        .join(", ");
      const expected = given.map(([scheme, all]) => ({ scheme, parameters: { ...all } }));
      assert.equal(plain(parseChallenges(header)), expected);
    }),
  );
});

test.run();
