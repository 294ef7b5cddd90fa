import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../../src/errors.js";
import { parseScriptValues } from "../../../src/package/script/parse.js";
import { parsePackageScript } from "../../../src/package/script/script.js";
import type { ScriptValue } from "../../../src/package/script/value.js";
import { throws } from "../../support/rejects.js";
import { suite } from "../../support/suite.js";

const test = suite("package/script");
const read = (text: string, path = "dir/tool-2.1.conf") => parsePackageScript(text, { path });
const SHA256 = "ab".repeat(32);

/** What a value says, without where it says it. */
function plain(value: ScriptValue): unknown {
  if (value.kind === "list") return value.items.map(plain);
  if (value.kind !== "map") return value.text;
  return Object.fromEntries(value.members.map((member) => [member.key, plain(member.value)]));
}
const values = (text: string) => plain(parseScriptValues(text, "a.conf"));

const WHOLE = `# a comment
name:      "tool-2.1.0"   // another
namespace: "/acme/pkg"
version = 2.1.0
description 'it''s' ; snapshot_path "/rootfs"

sources [
  { url: "https://ex.test/t.tgz",
    sha256: "${SHA256.toUpperCase()}" },   # trailing comma
  { url: https://ex.test/u.tgz, sha1: '${"0".repeat(40)}' }
]
include_files [ "tool.cfg", "conf/b" ]
build_depends [ { package: "build-essential" } ]
depends       [ { os: "ubuntu" }
                { package: "nginx" }
                "runtime.java-1.8" ]
provides      [ { runtime: "php" }, { package: "tool" }, ]
environment { "PATH": "/opt/tool/bin:$PATH",
              QUOTED = "a\\"b\\\\c\\x41", EMPTY: "" }
cleanup [ "/root", ]
build (
      tar xzf t.tgz
      (
        cd t   # not a comment, { and [ mean nothing
      )
)
`.replace("'it''s'", "'it is'");

test("parsePackageScript() reads every key", () => {
  assert.equal(read(WHOLE), {
    fqn: "package::/acme/pkg::tool-2.1.0",
    name: "tool-2.1.0",
    version: "2.1.0",
    description: "it is",
    snapshotPath: "/rootfs",
    provides: [
      { type: "runtime", name: "php" },
      { type: "package", name: "tool" },
    ],
    depends: [
      { type: "os", name: "ubuntu" },
      { type: "package", name: "nginx" },
      { type: "runtime", name: "java-1.8" },
    ],
    buildDepends: [{ type: "package", name: "build-essential" }],
    environment: { PATH: "/opt/tool/bin:$PATH", QUOTED: 'a"b\\cA', EMPTY: "" },
    sources: [
      { url: "https://ex.test/t.tgz", sha256: SHA256 },
      { url: "https://ex.test/u.tgz", sha1: "0".repeat(40) },
    ],
    includeFiles: ["tool.cfg", "conf/b"],
    cleanup: ["/root"],
    build: "      tar xzf t.tgz\n      (\n        cd t   # not a comment, { and [ mean nothing\n      )\n",
  });
});

test("a script needs nothing but build; the name is the file's, the namespace the caller's where one is given", () => {
  const text = 'namespace "/own"\nbuild (\n)';
  assert.equal([read(text).fqn, read(text).build], ["package::/own::tool-2.1", ""]);
  assert.is(parsePackageScript(text, { path: "a.conf", namespace: "/other" }).fqn, "package::/other::a");
  assert.equal(read(WHOLE.replaceAll("\n", "\r\n")).depends, read(WHOLE).depends);
});

test("keys and values are divided by :, = or a blank; members and items by commas, line ends, and ;", () => {
  const same = [
    "a: b\nc: d",
    "a = b, c=d",
    "a b; c d",
    "a:b,c d;",
    "\n\na\tb // x\n\n# y\nc:d",
    "\"a\" \"b\"\n'c' 'd'",
  ];
  for (const text of same) assert.equal(values(text), { a: "b", c: "d" }, text);
  for (const list of ["[a,b]", "[ a\n b ]", "[a, // x\n b,\n]", "[\n'a'\n\n# x\n\"b\"\n]"]) {
    assert.equal(values(`l ${list}`), { l: ["a", "b"] }, list);
  }
  for (const map of ["{a: b; c: d}", "{ a b\n c d }", "{a=b,c=d,}", "{a {b c}}"]) {
    const expected = map === "{a {b c}}" ? { a: { b: "c" } } : { a: "b", c: "d" };
    assert.equal(values(`m ${map}`), { m: expected }, map);
  }
});

test("strings: bare, raw and with escapes; references to keys that stand before", () => {
  assert.equal(values("a https://ex.test/x#y?z=1:2"), { a: "https://ex.test/x#y?z=1:2" });
  assert.equal(values('a \'x\\n"\'\nb "x\\n\\t\\"\\x7e"'), { a: 'x\\n"', b: 'x\n\t"~' });
  assert.equal(values("a 6.11\nb -1\nc 8GB\nd true"), { a: "6.11", b: "-1", c: "8GB", d: "true" });
  assert.equal(values("v 1.2\nm { w 2, a $v, b $w }"), { v: "1.2", m: { w: "2", a: "1.2", b: "2" } });
  assert.equal(values('a "$v"'), { a: "$v" });
  assert.equal(values("a { x 1 }\nb $a"), { a: { x: "1" }, b: { x: "1" } });
});

const BAD: readonly (readonly [string, number, RegExp])[] = [
  ["name", 1, /the script ends, expected the value of "name"/],
  ["name:\n x", 1, /the line ends, expected the value of "name"/],
  ["name a b\nbuild (\n)", 1, /column 8: "b" stands here, expected the line's end/],
  ["\n\nname 'a", 3, /column 6: a string has no closing '/],
  ['name "a\\q"', 1, /is no escape/],
  ["name a\nbuild (\n x )\n", 2, /column 7: a block does not end, expected a line that is only "\)"/],
  ["depends [ {os: linux}", 1, /expected "\]" for the list of line 1/],
  ["environment {\n A: b\n", 3, /expected "\}" for the map of line 1/],
  ["depends [ a b ]", 1, /expected "," or "\]"/],
  ["name ]", 1, /"\]" stands here, expected a value/],
  ["]", 1, /"\]" stands here, expected a key/],
  ["name a\nname b\nbuild (\n)", 2, /key "name" stands in line 1 already/],
  ["name $none", 1, /no key "none" stands before/],
  ["\nprovide [ { os: x } ]", 2, /unknown key "provide"; did you mean "provides"\?/],
  ["zzz 1", 1, /unknown key "zzz"; expected one of name, namespace/],
  ["sources [ {\n url: x, sha2: 'y' } ]", 2, /unknown key "sha2"; did you mean "sha/],
  ["sources [ { sha256: x } ]\n", 1, /a source has no url/],
  ["sources [ { url: x, sha256: abc } ]", 1, /expected 64 hex digits/],
  ["depends [ { oss: linux } ]", 1, /unknown key "oss"; did you mean "os"\?/],
  ["depends [ { os: a, runtime: b } ]", 1, /has 2 keys, expected one/],
  ["depends [ [ a ] ]", 1, /is a list, expected a text/],
  ["depends [ { runtime: 'node (>= 6)' } ]", 1, /takes no version range/],
  ["environment [ a ]", 1, /environment is a list, expected a map/],
  ["environment { '1A': b }", 1, /no variable's name/],
  ["environment { A: { b c } }", 1, /A is a map, expected a text/],
  ["include_files [ ../x ]", 1, /expected a path in the script's folder without \.\./],
  ["include_files [ /etc/passwd ]", 1, /expected a path in the script's folder/],
  ["cleanup [ root ]", 1, /expected an absolute path/],
  ["name a/../b\nbuild (\n)", 1, /it has a part "\.\."/],
  ["version 'a b'\nbuild (\n)", 1, /version is "a b"/],
  ["name a", 1, /it has no "build"/],
  ["build { a b }", 1, /build is a map, expected a block/],
];

for (const [text, line, why] of BAD) {
  test(`parsePackageScript() refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
    const error = throws(() => read(text, "a.conf"), "SYNTAX");
    assert.match(error.message, why);
    assert.ok(error.message.startsWith(`Cannot read package script "a.conf": line ${line}, column `), error.message);
    assert.is(error.detail.line, line);
  });
}

test("what is deep or long is refused or read, in little time", () => {
  throws(() => values(`a ${"[".repeat(10_000)}`), "SYNTAX");
  throws(() => values(`a ${"{b ".repeat(10_000)}`), "SYNTAX");
  throws(() => values(" ".repeat(4 * 1024 * 1024 + 1)), "TOO_LARGE");
  const long = 1_000_000;
  assert.equal(values("#\n".repeat(long)), {});
  assert.equal(values(`a "${"\\n".repeat(long)}"`), { a: "\n".repeat(long) });
  assert.equal(values(`a ${"\\n".repeat(long)}`), { a: "\n".repeat(long) });
  assert.equal(values(`a "${"x\n".repeat(long)}"`), { a: "x\n".repeat(long) });
});

const key = fc.stringMatching(/^[a-z_][a-z0-9_]{0,6}$/);
const text = fc.string({ unit: fc.constantFrom(..."ab \t\n\"'\\$#/:=,;[]{}()é"), maxLength: 12 });
const { tree } = fc.letrec<{ tree: unknown; leaf: string; list: unknown[]; map: Record<string, unknown> }>((tie) => ({
  tree: fc.oneof({ depthSize: "small" }, tie("leaf"), tie("list"), tie("map")),
  leaf: text,
  list: fc.array(tie("tree"), { maxLength: 3 }),
  map: fc.dictionary(key, tie("tree"), { maxKeys: 3, noNullPrototype: true }),
}));

/** Writes a value in one of the ways in which it may be written. */
function write(value: unknown, pick: (count: number) => number): string {
  const gap = () => [" ", "\n", " # note\n", "\t// [{(\n ", ""][pick(5)] ?? "";
  const comma = () => [",", "\n", " ,\n", ", # x\n"][pick(4)] ?? ",";
  if (typeof value === "string") {
    const bare = /^[abé][ab:=#()é]*$/.test(value);
    if (bare && pick(2) === 0) return value;
    if (!value.includes("'") && pick(2) === 0) return `'${value}'`;
    return `"${value.replace(/[\\"]/g, "\\$&").replace(/\n/g, () => (pick(2) === 0 ? "\n" : "\\n"))}"`;
  }
  if (Array.isArray(value)) return `[${gap()}${value.map((item) => write(item, pick)).join(comma())}${gap()}\n]`;
  return `{${gap()}${writeMembers(value as object, pick)}${gap()}\n}`;
}

function writeMembers(value: object, pick: (count: number) => number): string {
  const colon = () => [": ", " = ", " ", ":", "\t:\t"][pick(5)] ?? ":";
  const divider = () => ["\n", ",", ";", "\n\n# x\n"][pick(4)] ?? "\n";
  return Object.entries(value)
    .map(([name, member]) => `${pick(2) === 0 ? name : `"${name}"`}${colon()}${write(member, pick)}`)
    .join(divider());
}

test("any tree of values that is written is read as it was meant, however it is written", () => {
  const map = fc.dictionary(key, tree, { maxKeys: 4, noNullPrototype: true });
  fc.assert(
    fc.property(map, fc.array(fc.nat(59), { minLength: 7, maxLength: 50 }), (value, choices) => {
      let at = 0;
      const pick = (count: number) => (choices[at++ % choices.length] ?? 0) % count;
      const written = writeMembers(value, pick);
      assert.equal(values(written), value, written);
    }),
    { numRuns: 1000 },
  );
});

test("parsePackageScript() gives a script or SYNTAX with a line, whatever the text", () => {
  const unit = fc.constantFrom(..."[]{}()\"'\\$#:=,; \n", "name", "build (\n)\n", "depends", "os", "//");
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 30 }), (any) => {
      try {
        read(any, "a.conf");
      } catch (error) {
        assert.ok(isLadingError(error, "SYNTAX"), String(error));
        assert.match(error.message, /^Cannot read package script "a\.conf": line \d+, column \d+: [^\n]+$/);
      }
    }),
    { numRuns: 3000 },
  );
});

test.run();
