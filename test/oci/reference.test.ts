import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { formatReference, isRepository, isTag, parseReference } from "../../src/oci/reference.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("oci/reference");
const DIGEST = `sha256:${"a".repeat(64)}`;

const READ: readonly (readonly [text: string, whole: string])[] = [
  ["debian", "docker.io/library/debian"],
  ["debian:12", "docker.io/library/debian:12"],
  [`debian@${DIGEST}`, `docker.io/library/debian@${DIGEST}`],
  [`debian:12@${DIGEST}`, `docker.io/library/debian:12@${DIGEST}`],
  ["team/py", "docker.io/team/py"],
  ["docker.io/debian", "docker.io/library/debian"],
  ["index.docker.io/debian", "docker.io/library/debian"],
  ["docker.io/team/py", "docker.io/team/py"],
  ["localhost/py", "localhost/py"],
  ["localhost:5000", "docker.io/library/localhost:5000"],
  ["localhost:5000/py:1", "localhost:5000/py:1"],
  ["127.0.0.1:5000/team/py:1", "127.0.0.1:5000/team/py:1"],
  ["[::1]:5000/py", "[::1]:5000/py"],
  ["host/py", "docker.io/host/py"],
  ["HOST/py", "HOST/py"],
  ["host:80/py", "host:80/py"],
  ["ghcr.io/a/b/c_d__e-f--g.h", "ghcr.io/a/b/c_d__e-f--g.h"],
  ["a.b/c:UPPER_1.2-3", "a.b/c:UPPER_1.2-3"],
  [`${"a".repeat(64)}:1`, `docker.io/library/${"a".repeat(64)}:1`],
];
for (const [text, whole] of READ) {
  test(`parseReference() reads ${text}`, () => {
    assert.is(formatReference(parseReference(text)), whole);
    assert.equal(parseReference(whole), parseReference(text));
  });
}

const REFUSED: readonly (readonly [text: string, message: RegExp])[] = [
  ["", /the name is empty/],
  [":1", /the name is empty/],
  [`@${DIGEST}`, /the name is empty/],
  ["a.b/", /the name is empty/],
  ["a".repeat(64), /64 hexadecimal digits/],
  ["team/Py", /upper-case letters, expected "team\/py"/],
  ["a.b/team/Py:1", /expected "team\/py"/],
  ["py:", /the tag/],
  ["py:.1", /the tag/],
  [`py:${"a".repeat(129)}`, /the tag/],
  ["py:1:2", /the name is not lower-case/],
  ["py@sha256:abc", /after @ comes no digest/],
  ["py@", /after @ comes no digest/],
  ["py@latest", /after @ comes no digest/],
  [`py@${DIGEST}@${DIGEST}`, /after @ comes no digest/],
  ["https://a.b/py", /leave the scheme out/],
  ["docker://a.b/py", /leave the scheme out/],
  ["/py", /the name/],
  ["a//b", /the name/],
  ["a/../b", /the name/],
  ["a___b", /the name/],
  ["-a.b/py", /the registry/],
  ["a_b.c/py", /the registry/],
  ["a..b/py", /the registry/],
  ["a.b:/py", /the registry/],
  ["a.b:0/py", /the registry/],
  ["a.b:65536/py", /the registry/],
  ["[::1/py", /the registry/],
  ["a b", /the name/],
  ["a\n", /the name/],
  ["py:1\n", /the tag/],
  [`a.b/${"c".repeat(252)}`, /256 characters/],
  [`a.b/${"c".repeat(2000)}`, /2004 characters/],
];
for (const [text, message] of REFUSED) {
  test(`parseReference() refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
    const error = throws(() => parseReference(text), "SYNTAX");
    assert.match(error.message, message);
    assert.is(error.detail.kind, "reference");
  });
}

test("parseReference() accepts 255 characters of registry and repository", () => {
  assert.is(formatReference(parseReference(`a.b/${"c".repeat(251)}`)).length, 255);
});

test("parseReference() never shows a password", () => {
  for (const text of [
    "user:s3cret@a.b/py",
    "https://user:s3cret@a.b/py",
    `u:s3cret@a.b/py@${DIGEST}`,
    "u:s3c/s3cret@a.b/py",
  ]) {
    const error = throws(() => parseReference(text), "SYNTAX");
    assert.not.match(`${error.message}${JSON.stringify(error.detail)}`, /s3c/);
    assert.not.match(String((error.cause as Error | undefined)?.message), /s3cret@/);
  }
});

test("parseReference() gives back what formatReference() wrote", () => {
  const reference = fc.record(
    {
      registry: fc.constantFrom("docker.io", "localhost", "a.b", "127.0.0.1:5000", "[fe80::1]:443", "A"),
      repository: fc.stringMatching(/^[a-z0-9]{1,5}(__?[a-z0-9]{1,4}|\.[a-z]{1,3}|-{1,3}[a-z]{1,3})?\/[a-z0-9]{1,9}$/),
      tag: fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/),
      digest: fc.constant(DIGEST),
    },
    { requiredKeys: ["registry", "repository"], noNullPrototype: true },
  );
  fc.assert(
    fc.property(reference, (value) => {
      const text = formatReference(value as ReturnType<typeof parseReference>);
      assert.equal(parseReference(text), value as unknown);
    }),
  );
});

test("parseReference() throws nothing but its own errors, and what it reads it reads again", () => {
  const part = fc.constantFrom(..."aB0.:/@_-[] ", "docker.io", "localhost", DIGEST, "library/");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 10 }), (parts) => {
      try {
        const once = parseReference(parts.join(""));
        assert.ok(isRepository(once.repository));
        assert.ok(once.tag === undefined || isTag(once.tag));
        assert.equal(parseReference(formatReference(once)), once);
      } catch (error) {
        if (!isLadingError(error, "SYNTAX")) throw error;
      }
    }),
    { numRuns: 3000 },
  );
});

test.run();
