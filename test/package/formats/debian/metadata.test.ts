import * as assert from "uvu/assert";
import { parseControl } from "../../../../src/package/formats/debian/control.js";
import { debianMetadata } from "../../../../src/package/formats/debian/metadata.js";
import { controlOf } from "../../../support/deb.js";
import { throws } from "../../../support/rejects.js";
import { suite } from "../../../support/suite.js";

const test = suite("package/formats/debian/metadata");
const read = (fields: Readonly<Record<string, string>> = {}) =>
  debianMetadata(parseControl(controlOf(fields), "demo.deb"), "demo.deb");

test("debianMetadata() maps a bare package", () => {
  assert.equal(read(), {
    fqn: "package::/debian::demo",
    name: "demo",
    version: "1.0-1",
    ecosystem: "debian",
    architecture: "amd64",
    os: "linux",
    provides: [{ type: "package", name: "demo", version: "1.0-1" }],
    dependencies: [],
    conflicts: [],
    environment: {},
    tags: {},
    preference: 3,
    control: controlOf(),
  });
});

test("debianMetadata() maps relations", () => {
  const { provides, dependencies, conflicts } = read({
    Depends: "b (>= 1) | c",
    "Pre-Depends": "a",
    Recommends: "never",
    Provides: "v, w (= 2)",
    Conflicts: "x",
    Breaks: "y (<< 3)",
  });
  assert.equal(provides.slice(1), [
    { type: "package", name: "v" },
    { type: "package", name: "w", version: "2" },
  ]);
  assert.equal(dependencies, [
    { anyOf: [{ type: "package", name: "a" }], strict: true },
    {
      anyOf: [
        { type: "package", name: "b", range: { operator: ">=", version: "1" } },
        { type: "package", name: "c" },
      ],
    },
  ]);
  assert.equal(conflicts, [
    [{ type: "package", name: "x" }],
    [{ type: "package", name: "y", range: { operator: "<<", version: "3" } }],
  ]);
});

const ARCHITECTURES: readonly (readonly [string, string | undefined])[] = [
  ["all", undefined],
  ["i386", "386"],
  ["armhf", "arm"],
  ["ppc64el", "ppc64le"],
];

for (const [debian, specification] of ARCHITECTURES) {
  test(`debianMetadata() maps architecture ${debian}`, () => {
    assert.is(read({ Architecture: debian }).architecture, specification);
  });
}

test("debianMetadata() maps priority, description and letter case", () => {
  assert.is(read({ Priority: "required" }).preference, 0);
  assert.is(read({ Priority: "Extra" }).preference, 4);
  assert.is(read({ Priority: "odd" }).preference, 3);
  assert.is(read({ Description: "short\n long" }).description, "short");
  assert.is(read({ Package: "Slack" }).fqn, "package::/debian::slack");
});

const BAD: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
  [{ Package: "" }, /field Package is missing/],
  [{ Version: "" }, /field Version is missing/],
  [{ Architecture: "" }, /field Architecture is missing/],
  [{ Package: "../etc" }, /field Package is "\.\.\/etc"/],
  [{ Version: "x" }, /field Version is malformed/],
  [{ Depends: "a (" }, /field Depends of "demo\.deb": character 3/],
  [{ Provides: "a (>= 1)" }, /field Provides has a \(>= …\), expected \(= VERSION\)/],
  [{ Provides: "a | b" }, /field Provides .*alternatives/],
  [{ Breaks: "a | b" }, /field Breaks .*alternatives/],
];

for (const [fields, why] of BAD) {
  test(`debianMetadata() refuses ${JSON.stringify(fields)}`, () => {
    assert.match(throws(() => read(fields), "SYNTAX").message, why);
  });
}

test("debianMetadata() refuses an architecture that it does not know", () => {
  assert.match(throws(() => read({ Architecture: "hurd-i386" }), "UNSUPPORTED").message, /"hurd-i386"/);
});

test.run();
