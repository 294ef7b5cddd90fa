import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { decodeClaims, decodeMetadata, encodeMetadata } from "../../src/package/metadata.js";
import type { PackageMetadata } from "../../src/package/package.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("package/metadata");
const SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
const read = (document: unknown, namespace = "/") =>
  decodeMetadata(Buffer.from(JSON.stringify(document)), { source: "ruby.json", namespace });

const BARE: PackageMetadata = {
  fqn: "package::/::ruby",
  name: "ruby",
  ecosystem: "apcera",
  provides: [],
  dependencies: [],
  conflicts: [],
  environment: {},
  tags: {},
};

test("decodeMetadata() reads a document of Apcera's shape", () => {
  const { metadata, claims } = read({
    uuid: "3f0a7c52",
    fqn: "package::/acme/pkg::Tool 2.1.0-p7",
    name: "Tool 2.1.0-p7",
    state: "ready",
    error_message: "",
    resource: { uuid: "b7b1", digest: `sha1:${SHA1}`, length: 24926087 },
    resources: null,
    environment: { PATH: "/opt/tool/bin:$PATH" },
    dependencies: [{ type: "os", name: "linux" }],
    provides: [{ type: "runtime", name: "tool-2.1" }, { runtime: "tool" }],
    staging_pipeline: null,
    staging_pipeline_fqn: null,
    tags: { team: "blue" },
    created_at: "2015-01-01T00:00:00Z",
    created_by: "me",
    updated_at: null,
    updated_by: null,
    version_id: 7,
  });
  assert.equal(metadata, {
    fqn: "package::/acme/pkg::Tool 2.1.0-p7",
    name: "Tool 2.1.0-p7",
    ecosystem: "apcera",
    provides: [
      { type: "runtime", name: "tool-2.1" },
      { type: "runtime", name: "tool" },
    ],
    dependencies: [{ anyOf: [{ type: "os", name: "linux" }] }],
    conflicts: [],
    environment: { PATH: "/opt/tool/bin:$PATH" },
    tags: { team: "blue" },
  });
  assert.equal(claims, { sha1: SHA1, length: 24926087 });
});

test("decodeMetadata() wants a name or an fqn alone", () => {
  assert.equal(read({ name: "ruby" }).metadata, BARE);
  assert.equal(read({ fqn: "/acme::ruby" }).metadata, { ...BARE, fqn: "package::/acme::ruby" });
  assert.is(read({ name: "Ruby 2.0" }, "/team").metadata.fqn, "package::/team::Ruby 2.0");
});

test("decodeMetadata() reads every spelling of a dependency", () => {
  const range = { operator: ">=", version: "1.6" } as const;
  const { metadata } = read({
    name: "ruby",
    dependencies: [
      { type: "os", name: "linux" },
      { runtime: "node-6" },
      "os=linux",
      "jq (>= 1.6)",
      { type: "package", name: "jq", range },
      { anyOf: ["a", { package: "b" }], strict: true },
    ],
    conflicts: ["c", { anyOf: ["d"] }],
  });
  const jq = { anyOf: [{ type: "package", name: "jq", range }] };
  assert.equal(metadata.dependencies, [
    { anyOf: [{ type: "os", name: "linux" }] },
    { anyOf: [{ type: "runtime", name: "node-6" }] },
    { anyOf: [{ type: "os", name: "linux" }] },
    jq,
    jq,
    {
      anyOf: [
        { type: "package", name: "a" },
        { type: "package", name: "b" },
      ],
      strict: true,
    },
  ]);
  assert.equal(metadata.conflicts, [[{ type: "package", name: "c" }], [{ type: "package", name: "d" }]]);
});

test("decodeMetadata() maps architectures and takes tags as a list", () => {
  const { metadata } = read({ name: "ruby", architecture: "x86_64", os: "linux", tags: ["a", "b"] });
  assert.is(metadata.architecture, "amd64");
  assert.equal(metadata.tags, { a: "", b: "" });
  assert.is(read({ name: "ruby", architecture: "all" }).metadata.architecture, undefined);
});

const BAD: readonly (readonly [string, unknown, RegExp])[] = [
  ["no name", {}, /name is null, wanted a name or an fqn/],
  ["no object", [], /the document is \[\], wanted an object/],
  ["names that disagree", { name: "a", fqn: "package::/::b" }, /name is "a", wanted the local name of its fqn, "b"/],
  ["a full name as name", { name: "/acme::a" }, /write a full name as fqn/],
  ["a bad name", { name: "a/../b" }, /name is .*"\.\."/],
  ["a name that is no text", { name: 1 }, /name is 1/],
  ["a misspelt member", { name: "a", dependecies: [] }, /unknown field "dependecies"; did you mean "dependencies"\?/],
  ["a foreign member", { name: "a", zzz: 1 }, /unknown field "zzz"; expected one of fqn, name/],
  ["a misspelt null member", { name: "a", provide: null }, /did you mean "provides"/],
  ["a state", { name: "a", state: "uploading" }, /state is "uploading", wanted "ready"/],
  [
    "a long name",
    { name: "a", provides: [{ type: "os", name: "x".repeat(256) }] },
    /provides\[0\]\.name is "x+…, wanted/,
  ],
  [
    "a wrong type",
    { name: "a", dependencies: ["x", "y", { type: "runtim", name: "z" }] },
    /dependencies\[2\]\.type is "runtim", wanted one of os, runtime, file, package; did you mean "runtime"\?/,
  ],
  ["a missing name", { name: "a", provides: [{ type: "os" }] }, /provides\[0\] is .*has no name/],
  ["provides that are no list", { name: "a", provides: {} }, /provides is \{\}, wanted a list/],
  ["an item that is null", { name: "a", provides: [null] }, /provides\[0\] is null/],
  ["a bad text", { name: "a", dependencies: ["jq (> 1)"] }, /dependencies\[0\] is "jq \(> 1\)".*ambiguous/],
  ["a bad pair", { name: "a", dependencies: [{ runtime: "" }] }, /dependencies\[0\]/],
  ["no alternative", { name: "a", dependencies: [{ anyOf: [] }] }, /dependencies\[0\].*at least one/],
  ["anyOf that is null", { name: "a", dependencies: [{ anyOf: null }] }, /dependencies\[0\]/],
  ["strict that is a text", { name: "a", dependencies: [{ anyOf: ["b"], strict: "yes" }] }, /strict is "yes"/],
  [
    "an operator",
    { name: "a", dependencies: [{ type: "package", name: "b", range: { operator: ">", version: "1" } }] },
    /dependencies\[0\]\.range\.operator is ">"/,
  ],
  [
    "a variable's name",
    { name: "a", environment: { "A-B": "x" } },
    /environment\.A-B is "A-B", wanted a variable's name/,
  ],
  ["a variable's value", { name: "a", environment: { A: "x\ny" } }, /environment\.A is/],
  ["a number as value", { name: "a", environment: { A: 1 } }, /environment\.A is 1/],
  ["an architecture", { name: "a", architecture: "vax" }, /architecture is "vax", wanted one of 386, amd64/],
  ["a version", { name: "a", version: "1 2" }, /version is "1 2"/],
  ["a digest", { name: "a", resource: { digest: "sha1:00" } }, /resource\.digest is "sha1:00"/],
  ["several resources", { name: "a", resources: [{}, {}] }, /resources is .*wanted one resource/],
  ["tags", { name: "a", tags: "x" }, /tags is "x"/],
];

for (const [title, document, why] of BAD) {
  test(`decodeMetadata() refuses ${title}`, () => {
    const { message, detail } = throws(() => read(document), "SYNTAX");
    assert.match(message, why);
    assert.match(message, /^Cannot read "ruby\.json": [^\n]+$/);
    assert.is(detail.path, "ruby.json");
  });
}

test("decodeMetadata() wants strict JSON", () => {
  for (const text of ['{"name":"a","name":"b"}', '\ufeff{"name":"a"}', '{"name":"a"} x', "", '{"name":"a",}']) {
    throws(() => decodeMetadata(Buffer.from(text), { source: "a.json" }), "SYNTAX");
  }
  throws(() => decodeMetadata(Buffer.alloc(4 * 1024 * 1024 + 1, 0x20), { source: "a.json" }), "TOO_LARGE");
});

test("decodeClaims() wants no name", () => {
  const bytes = Buffer.from(JSON.stringify({ resource: { sha1: SHA1 } }));
  assert.equal(decodeClaims(bytes, { source: "a.json" }), { sha1: SHA1 });
});

const name = fc.stringMatching(/^[a-z][a-z0-9. -]{0,20}[a-z0-9]$/);
const version = fc.stringMatching(/^[0-9][0-9a-z.~+-]{0,10}$/);
const type = fc.constantFrom("os", "runtime", "file", "package" as const);
const capability = fc.record({ type, name, version }, { requiredKeys: ["type", "name"] });
const range = fc.record({ operator: fc.constantFrom("<<", "<=", "=", ">=", ">>" as const), version });
const requirement = fc.record({ type, name, range, architecture: name }, { requiredKeys: ["type", "name"] });
const anyOf = fc.array(requirement, { minLength: 1, maxLength: 3 });
const map = fc.dictionary(fc.stringMatching(/^[A-Z_]{1,8}$/), fc.stringMatching(/^[ -~]*$/), { maxKeys: 4 });
const metadata = fc
  .record(
    {
      name,
      version,
      ecosystem: fc.constantFrom("apcera", "debian" as const),
      architecture: fc.constantFrom("amd64", "arm64", "386"),
      os: fc.constant("linux"),
      provides: fc.array(capability, { maxLength: 4 }),
      dependencies: fc.array(fc.record({ anyOf, strict: fc.constant(true as const) }, { requiredKeys: ["anyOf"] }), {
        maxLength: 4,
      }),
      conflicts: fc.array(anyOf, { maxLength: 2 }),
      environment: map,
      tags: map,
      description: fc.string(),
      preference: fc.nat(9),
      control: fc.stringMatching(/^[ -~\n]*$/),
    },
    {
      requiredKeys: ["name", "ecosystem", "provides", "dependencies", "conflicts", "environment", "tags"],
    },
  )
  .map((value) => ({ ...value, fqn: `package::/acme::${value.name}` }));

/** As plain JSON, so that the prototypes of generated objects do not matter. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown;

test("encodeMetadata() and decodeMetadata() round trip", () => {
  fc.assert(
    fc.property(metadata, (value) => {
      if ([value.description ?? "", value.control ?? ""].some((text) => text.includes("\0"))) return;
      const bytes = encodeMetadata(value, { length: 3, sha1: SHA1 });
      const document = decodeMetadata(bytes, { source: "a.json" });
      assert.equal(document, plain({ metadata: value, claims: { length: 3, sha1: SHA1 } }));
      assert.equal(encodeMetadata(document.metadata, document.claims), bytes);
    }),
  );
});

test("encodeMetadata() writes a stable document", () => {
  const bytes = encodeMetadata({ ...BARE, version: "2", dependencies: [{ anyOf: [{ type: "os", name: "linux" }] }] });
  assert.is(
    bytes.toString(),
    `{
  "fqn": "package::/::ruby",
  "name": "ruby",
  "version": "2",
  "provides": [],
  "dependencies": [
    {
      "type": "os",
      "name": "linux"
    }
  ],
  "conflicts": [],
  "environment": {},
  "tags": {},
  "state": "ready"
}
`,
  );
});

test("decodeMetadata() gives a document or an error of lading's for any JSON", () => {
  const members = fc.constantFrom(
    "name",
    "fqn",
    "provides",
    "dependencies",
    "environment",
    "tags",
    "resource",
    "anyOf",
    "type",
    "constructor",
  );
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom("runtime", "a", "jq (>= 1)", 1, null, true, ""),
      fc.array(tie("node"), { maxLength: 3 }),
      fc.dictionary(members, tie("node"), { maxKeys: 5 }),
    ),
  })).node;
  fc.assert(
    fc.property(value, (document) => {
      try {
        read(document);
      } catch (error) {
        assert.ok(isLadingError(error, "SYNTAX"), String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test.run();
