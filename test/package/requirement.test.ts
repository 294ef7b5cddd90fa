import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { formatRequirement, type Requirement } from "../../src/package/capability.js";
import { decodeMetadata } from "../../src/package/metadata.js";
import {
  parseCapabilities,
  parseRequirement,
  parseRequirementPair,
  parseRequirements,
} from "../../src/package/requirement.js";
import { parsePackageScript } from "../../src/package/script/script.js";
import { parsePolicy } from "../../src/resolve/policy-parse.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("package/requirement");

const GOOD: readonly (readonly [string, Requirement])[] = [
  ["runtime.java-1.8", { type: "runtime", name: "java-1.8" }],
  ["os=buildroot", { type: "os", name: "buildroot" }],
  ["os = buildroot ", { type: "os", name: "buildroot" }],
  ["runtime:node", { type: "runtime", name: "node" }],
  ["file=/bin/a.out=b", { type: "file", name: "/bin/a.out=b" }],
  ["package.logstash", { type: "package", name: "logstash" }],
  ["jq", { type: "package", name: "jq" }],
  ["file-roller", { type: "package", name: "file-roller" }],
  ["osmium", { type: "package", name: "osmium" }],
  ["python3.11", { type: "package", name: "python3.11" }],
  ["Ruby 2.0.0-p195", { type: "package", name: "Ruby 2.0.0-p195" }],
  ["Foo::Bar", { type: "package", name: "Foo::Bar" }],
  ["jq (>= 1.6)", { type: "package", name: "jq", range: { operator: ">=", version: "1.6" } }],
  ["jq(<<2:1.6-1~rc1)", { type: "package", name: "jq", range: { operator: "<<", version: "2:1.6-1~rc1" } }],
  ["package=jq (= 1.6)", { type: "package", name: "jq", range: { operator: "=", version: "1.6" } }],
  ["libc6:amd64", { type: "package", name: "libc6", architecture: "amd64" }],
  ["libc6:vax", { type: "package", name: "libc6:vax" }],
  [
    "python3:any (>= 3.9)",
    { type: "package", name: "python3", range: { operator: ">=", version: "3.9" }, architecture: "any" },
  ],
];

for (const [text, expected] of GOOD) {
  test(`parseRequirement() reads ${text}`, () => {
    const requirement = parseRequirement(text);
    assert.equal(requirement, expected);
    assert.equal(parseRequirement(formatRequirement(requirement)), requirement);
  });
}

const BAD: readonly (readonly [string, RegExp])[] = [
  ["", /name is empty/],
  ["   ", /name is empty/],
  ["runtime=", /name is empty/],
  ["rutime=node", /"rutime" is no type, .*probably runtime$/],
  ["Runtime = node", /"Runtime" is no type, .*probably runtime$/],
  ["oss=linux", /probably os$/],
  ["(>= 1)", /name is empty/],
  ["a\nb", /unusable/],
  ["x".repeat(256), /unusable/],
  ["jq (> 1.6)", /ambiguous, expected >> or >=/],
  ["jq (~> 1.6)", /no usable version|unknown/],
  ["jq (1.6)", /operator "" is unknown/],
  ["jq (>= )", /no usable version/],
  ["jq (>= 1 2)", /no usable version/],
  ["jq >= 1.6", /no parentheses/],
  ["runtime=node (>= 6)", /takes no version range/],
];

for (const [text, why] of BAD) {
  test(`parseRequirement() refuses ${JSON.stringify(text.slice(0, 30))}`, () => {
    assert.match(throws(() => parseRequirement(text), "SYNTAX").message, why);
  });
}

test("parseRequirements() reads a comma list", () => {
  assert.equal(parseRequirements("os.centos-7, os.centos,os=linux,"), [
    { type: "os", name: "centos-7" },
    { type: "os", name: "centos" },
    { type: "os", name: "linux" },
  ]);
  for (const text of ["", ",", "a,,b", ",a"]) throws(() => parseRequirements(text), "SYNTAX");
});

test("parseCapabilities() reads what is provided", () => {
  assert.equal(parseCapabilities("runtime=node-6,runtime=node, jq (= 1.6)"), [
    { type: "runtime", name: "node-6" },
    { type: "runtime", name: "node" },
    { type: "package", name: "jq", version: "1.6" },
  ]);
  assert.match(throws(() => parseCapabilities("jq (>= 1.6)"), "SYNTAX").message, /one version/);
  assert.match(throws(() => parseCapabilities("jq:any"), "SYNTAX").message, /no architecture/);
});

test("parseRequirementPair() reads one key and its name", () => {
  assert.equal(parseRequirementPair({ runtime: "node-6" }), { type: "runtime", name: "node-6" });
  assert.equal(parseRequirementPair({ package: "file:amd64" }), {
    type: "package",
    name: "file",
    architecture: "amd64",
  });
  throws(() => parseRequirementPair({}), "SYNTAX");
  throws(() => parseRequirementPair({ runtime: "a", os: "b" }), "SYNTAX");
  throws(() => parseRequirementPair({ runtimes: "a" }), "SYNTAX");
});

test("every spelling of a requirement is read as the same", () => {
  const node: Requirement = { type: "runtime", name: "node-6.11" };
  const texts = ["runtime.node-6.11", "runtime=node-6.11", "runtime:node-6.11", " runtime = node-6.11 "];
  for (const text of texts) {
    assert.equal(parseRequirement(text), node);
    assert.equal(parseRequirements(`${text},`), [node]);
    assert.equal(parseCapabilities(text), [node]);
  }
  assert.equal(parseRequirementPair({ runtime: "node-6.11" }), node);
  const items = [...texts, { runtime: "node-6.11" }, { type: "runtime", name: "node-6.11" }];
  const document = Buffer.from(JSON.stringify({ name: "a", provides: items, dependencies: items }));
  const { metadata } = decodeMetadata(document, { source: "a.json" });
  assert.equal(
    [...metadata.provides, ...metadata.dependencies.flatMap(({ anyOf }) => anyOf)],
    Array.from({ length: 12 }, () => node),
  );
  const conf = 'depends [ { runtime: "node-6.11" }, "runtime.node-6.11", runtime=node-6.11 ]\nbuild (\n)\n';
  assert.equal(parsePackageScript(conf, { path: "a.conf" }).depends, [node, node, node]);
  const policy = "job::/ { if (dependency equals runtime.node-6.11) { package.allow /x } }";
  for (const text of [policy, policy.replace("runtime.node-6.11", '"runtime=node-6.11"')]) {
    assert.equal(parsePolicy(text, { path: "a.pol" }).rules[0]?.when, { kind: "dependency", requirement: node });
  }
});

test("parseRequirement() gives a requirement or SYNTAX in one line", () => {
  const unit = fc.constantFrom(..."ab=.:()<> 1|,\n", "os", "package", ">=");
  fc.assert(
    fc.property(fc.string({ unit }), (text) => {
      try {
        parseRequirement(text);
      } catch (error) {
        assert.ok(isLadingError(error, "SYNTAX"), String(error));
        assert.not.match(error.message, /\n/);
      }
    }),
    { numRuns: 2000 },
  );
});

test.run();
