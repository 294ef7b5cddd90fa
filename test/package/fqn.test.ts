import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { formatFqn, isFqn, localName, parseFqn } from "../../src/package/fqn.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("package/fqn");

const GOOD: readonly (readonly [string, string, string])[] = [
  ["package::/acme/pkg::Ruby 2.0.0-p195", "/acme/pkg", "Ruby 2.0.0-p195"],
  ["package::/::tool", "/", "tool"],
  ["/acme::tool", "/acme", "tool"],
  ["/::tool", "/", "tool"],
  ["tool", "/team", "tool"],
  ["Buildroot Linux", "/team", "Buildroot Linux"],
  ["/acme::tool/extra", "/acme", "tool/extra"],
  ["libc6:amd64", "/team", "libc6:amd64"],
  ["/küche::löffel", "/küche", "löffel"],
];

for (const [text, namespace, name] of GOOD) {
  test(`parseFqn() reads ${text}`, () => {
    const fqn = parseFqn(text, "/team");
    assert.equal(fqn, { namespace, name });
    assert.equal(parseFqn(formatFqn(fqn)), fqn);
    assert.is(isFqn(formatFqn(fqn)), true);
    assert.is(localName(text), name);
  });
}

const BAD: readonly (readonly [string, RegExp])[] = [
  ["", /empty/],
  ["/acme", /without a local name/],
  ["/acme::", /empty/],
  ["package::/acme", /no local name/],
  ["package::acme::tool", /no leading \//],
  ["job::/acme::tool", /names a "job"/],
  ["acme::tool", /starts with "acme"/],
  ["package::/a::b::c", /too many/],
  ["/acme/::tool", /empty/],
  ["//acme::tool", /empty/],
  ["/acme/../x::tool", /has a part "\.\."/],
  ["/acme::../../etc", /has a part "\.\."/],
  ["/acme::.", /has a part "\."/],
  ["/acme:: tool", /space/],
  ["tool ", /space/],
  ["to\nol", /cannot be seen/],
  ["to\0ol", /cannot be seen/],
  ["to\u202eol", /cannot be seen/],
  ["to\ud800ol", /cannot be seen/],
  ["/a:::b", /colon/],
  ["a:::b", /starts with "a"/],
  ["x".repeat(256), /bytes/],
  ["ü".repeat(125), /bytes/],
];

for (const [text, why] of BAD) {
  test(`parseFqn() refuses ${JSON.stringify(text.slice(0, 30))}`, () => {
    assert.match(throws(() => parseFqn(text), "SYNTAX").message, why);
    assert.is(isFqn(text), false);
  });
}

test("isFqn() takes the full form alone", () => {
  assert.is(isFqn("/acme::tool"), false);
  assert.is(isFqn("tool"), false);
  assert.is(isFqn(undefined), false);
});

test("parseFqn() and formatFqn() agree, or it is SYNTAX", () => {
  const unit = fc.constantFrom(..."ab/:. \n-ü", "::", "package", "..");
  fc.assert(
    fc.property(fc.string({ unit }), (text) => {
      try {
        const fqn = parseFqn(text, "/n");
        assert.equal(parseFqn(formatFqn(fqn)), fqn);
      } catch (error) {
        assert.ok(isLadingError(error, "SYNTAX"), String(error));
        assert.not.match(error.message, /\n/);
      }
    }),
    { numRuns: 2000 },
  );
});

test.run();
