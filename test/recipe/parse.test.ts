import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { parseRecipe } from "../../src/recipe/parse.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("recipe/parse");

const WHOLE = `
packages:
  - runtime: node              # a capability, type: name
  - package: jq (>= 1.6)       # with a version range of its ecosystem
  - package::/acme::tools      # a package by its full or short name
  - /acme::more
  - curl
  - {os: linux}
  - {file: /bin/sh}
files:
  - {from: app/, to: /srv/app, ignore: .ladingignore}
  - {from: "*.js", to: /srv//x/, ignore: ["*.o", "!a.o"]}
environment: {PATH: "/srv/app/bin:$PATH", PORT: 0x1F, RATIO: 1.10, ON: true, EMPTY: ""}
entrypoint: [/srv/app/bin/start]
cmd: ["--flag"]
user: 1000
workdir: /srv//app/
labels: {team: tools}
ports: [8080, 53/udp, 8080]
volumes: [/data/, /data]
annotations: {org.opencontainers.image.title: x}
platforms: [linux/x86_64, linux/amd64, linux/arm64]
base: docker://127.0.0.1:5000/base:1
catalogs: ["docker://127.0.0.1:5000/team/packages", "store:"]
`;

test("parseRecipe() reads every key", () => {
  const capability = (type: string, name: string, more = {}) => ({
    kind: "capability",
    requirement: { type, name, ...more },
  });
  const name = (text: string) => ({ kind: "name", name: text });
  assert.equal(parseRecipe(WHOLE), {
    packages: [
      capability("runtime", "node"),
      capability("package", "jq", { range: { operator: ">=", version: "1.6" } }),
      name("package::/acme::tools"),
      name("/acme::more"),
      name("curl"),
      capability("os", "linux"),
      capability("file", "/bin/sh"),
    ],
    files: [
      { from: "app/", to: "/srv/app", ignore: [], ignoreFile: ".ladingignore" },
      { from: "*.js", to: "/srv/x/", ignore: ["*.o", "!a.o"] },
    ],
    environment: { PATH: "/srv/app/bin:$PATH", PORT: "0x1F", RATIO: "1.10", ON: "true", EMPTY: "" },
    entrypoint: ["/srv/app/bin/start"],
    cmd: ["--flag"],
    user: "1000",
    workdir: "/srv/app",
    labels: { team: "tools" },
    ports: ["8080", "53/udp"],
    volumes: ["/data"],
    annotations: { "org.opencontainers.image.title": "x" },
    platforms: [
      { os: "linux", architecture: "amd64" },
      { os: "linux", architecture: "arm64" },
    ],
    base: "docker://127.0.0.1:5000/base:1",
    catalogs: ["docker://127.0.0.1:5000/team/packages", "store:"],
  } as unknown);
});

test("parseRecipe() gives empty lists and maps for what is absent", () => {
  assert.equal(parseRecipe("{}"), {
    packages: [],
    files: [],
    environment: {},
    labels: {},
    ports: [],
    volumes: [],
    annotations: {},
    platforms: [],
  });
});

test("parseRecipe() reads JSON, anchors and Windows line ends", () => {
  assert.equal(parseRecipe('{"packages": [{"os": "linux"}], "user": "1:2"}').user, "1:2");
  assert.equal(parseRecipe("labels: &l {a: b}\r\nannotations: *l\r\n").annotations, { a: "b" });
});

const REFUSED: readonly (readonly [text: string, message: string])[] = [
  ["pakages: []", '1:1: unknown key "pakages"; did you mean "packages"?'],
  ["Packages: []", '1:1: unknown key "Packages"; did you mean "packages"?'],
  ["x: 1", '1:1: unknown key "x"; expected one of packages, files, environment, entrypoint, cmd,'],
  ["packages:\n  - os: a\n  - pakage: jq", '3:5: packages[1]: unknown key "pakage"; did you mean "package"?'],
  [
    "packages:\n  - {os: a, runtime: b}",
    "2:5: packages[0]: found keys with values, expected exactly one of os, runtime, file, package",
  ],
  ["packages: [{}]", "1:12: packages[0]: found keys with values, expected exactly one of os"],
  ["packages: [3]", "1:12: packages[0]: found 3, expected a capability such as {runtime: node}, or a package's name"],
  ["packages: [{runtime: 20}]", "1:22: packages[0].runtime: found 20, expected a name such as node; quote a number"],
  [
    "packages: [jq (>= 1.6)]",
    '1:12: packages[0]: found "jq (>= 1.6)", expected a package\'s name; write {package: "jq (>= 1.6)"} for a version',
  ],
  [
    "packages: [runtime=node]",
    '1:12: packages[0]: found "runtime=node", expected a package\'s name; write {runtime: node} for a capability',
  ],
  ['packages: [{package: "jq >= 1.6"}]', "1:22: packages[0].package: Cannot parse requirement"],
  ['packages: [{runtime: "node (>= 20)"}]', "1:22: packages[0].runtime: Cannot parse requirement"],
  ["packages: ['a::b::c::d']", "1:12: packages[0]: Cannot parse package name"],
  ["catalogs: [oci:out]", '1:12: catalogs[0]: found "oci:out", expected docker://HOST/NAME or store:, without a tag'],
  ["catalogs: [docker://h/a:1]", '1:12: catalogs[0]: found "docker://h/a:1", expected docker://HOST/NAME'],
  ["catalogs: [docker://h/A]", "1:12: catalogs[0]: Cannot parse reference"],
  ["packages: node", '1:11: packages: found "node", expected a list, such as [{runtime: node}]'],
  ["packages:", "1:10: packages: found nothing, expected a list"],
  [
    "packages: []\nfiles:\n  - from: app\n    too: /x",
    '4:5: files[0]: unknown key "too"; did you mean "to"? (and 1 more)',
  ],
  ["files: [{from: app}]", "1:9: files[0].to: missing, expected an absolute path"],
  ["files: [{from: /app, to: /x}]", '1:16: files[0].from: found "/app", expected a path relative'],
  ["files: [{from: a/../../b, to: /x}]", '1:16: files[0].from: found "a/../../b"'],
  ["files: [{from: .., to: /x}]", '1:16: files[0].from: found ".."'],
  ["files: [{from: a, to: x}]", '1:23: files[0].to: found "x", expected an absolute path without ..'],
  ["files: [{from: a, to: /x/../y}]", '1:23: files[0].to: found "/x/../y"'],
  ["files: [{from: a, to: /x, ignore: 3}]", "1:35: files[0].ignore: found 3, expected the name of an ignore file"],
  ["files: [{from: a, to: /x, ignore: [3]}]", "1:36: files[0].ignore[0]: found 3, expected a glob"],
  ["files: [{from: a, to: /x, ignore: ['']}]", '1:36: files[0].ignore[0]: found "", expected a glob'],
  ["files: [{from: a, to: /x, ignore: ../x}]", '1:35: files[0].ignore: found "../x", expected a path relative'],
  ["environment: [A=1]", "1:14: environment: found a list, expected names with texts"],
  ["environment: {1A: x}", '1:15: environment: key "1A", expected a name of letters'],
  ["environment: {A-B: x}", '1:15: environment: key "A-B", expected a name'],
  [
    "environment: {A: }",
    "environment.A: found nothing, expected a text without NUL and line ends, a number or true or false",
  ],
  ["environment: {A: [x]}", "1:18: environment.A: found a list, expected a text"],
  ['environment: {A: "a\\nb"}', '1:18: environment.A: found "a\\nb", expected a text without NUL and line ends'],
  ['environment: {A: "a\\0b"}', "1:18: environment.A: found"],
  ["environment: {A: .nan}", "1:18: environment.A: found"],
  [
    "entrypoint: /bin/app --flag",
    '1:13: entrypoint: found "/bin/app --flag", expected a list of texts, such as [/bin/sh, -c,',
  ],
  ["cmd: [sleep, 10]", "1:14: cmd[1]: found 10, expected a text without NUL; quote a number"],
  ["user: a b", '1:7: user: found "a b", expected a user or user:group'],
  ["user: -1", "1:7: user: "],
  ["user: 1.5", "1:7: user: "],
  ["workdir: srv", '1:10: workdir: found "srv", expected an absolute path'],
  ["labels: {a: 1}", "1:13: labels.a: found 1, expected a text without NUL; quote a number"],
  ["labels: {a b: x}", '1:10: labels: key "a b", expected a name'],
  ["ports: [0]", "1:9: ports[0]: "],
  ["ports: [65536]", "1:9: ports[0]: "],
  ["ports: [65536/tcp]", '1:9: ports[0]: found "65536/tcp", expected a port from 1 to 65535'],
  ["ports: [80/http]", '1:9: ports[0]: found "80/http", expected a port'],
  ["ports: 80", "1:8: ports: found 80, expected a list, such as [8080, 53/udp]"],
  ["volumes: [data]", '1:11: volumes[0]: found "data", expected an absolute path'],
  ["platforms: linux/amd64", '1:12: platforms: found "linux/amd64", expected a list'],
  ["platforms: [amd64]", '1:13: platforms[0]: Cannot parse platform "amd64"'],
  ["base: a b", '1:7: base: found "a b", expected an image'],
  ["", "1:1: found nothing, expected keys with values"],
  ["# nothing", "1:1: found nothing, expected keys with values"],
  ["- runtime: node", "1:1: found a list, expected keys with values"],
  ["packages: [", "1:12: Flow sequence"],
  ["a: b: c", "1:4: Nested mappings are not allowed"],
  ["user: a\nuser: b", '2:1: the key "user" comes twice'],
  ["? [a]\n: b", "1:3: With stringKeys"],
  ["user: !me a", "1:7: Unresolved tag: !me"],
  ["user: a\n---\nuser: b", "2:1: a second document starts here"],
  ["user: *a", "1:7: an alias names no anchor"],
  ["labels:\n  __proto__: x", '2:3: the key "__proto__" is not allowed'],
  ["<<: {user: a}", '1:1: unknown key "<<"'],
];
for (const [text, message] of REFUSED) {
  test(`parseRecipe() refuses ${JSON.stringify(text)}`, () => {
    const error = throws(() => parseRecipe(text, { path: "my.yaml" }), "SYNTAX");
    assert.ok(error.message.startsWith("my.yaml:"), error.message);
    assert.ok(error.message.includes(message), `${error.message}\n${message}`);
    assert.not.match(error.message, /\n/);
    const { line, column } = error.detail;
    assert.equal(error.detail, { kind: "recipe", path: "my.yaml", line, column } as unknown);
    assert.ok(error.message.startsWith(`my.yaml:${line}:${column}: `));
  });
}

test("parseRecipe() tells the first problem in the text, and how many more", () => {
  const { message } = throws(() => parseRecipe("user: [a]\nports: 1\nzzz: 1\n"), "SYNTAX");
  assert.match(message, /^lading.yaml:1:7: user: found a list, .* \(and 2 more\)$/);
});

test("parseRecipe() points into what an alias stands for", () => {
  const { detail } = throws(() => parseRecipe("labels: &l\n  a: 1\nannotations: *l\n"), "SYNTAX");
  assert.equal([detail.line, detail.column], [2, 6]);
});

test("parseRecipe() refuses aliases that multiply", () => {
  const lines = ["labels: &a0 {x: y}"];
  for (let level = 1; level < 20; level++)
    lines.push(
      `k${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(", ")}]`,
    );
  const start = performance.now();
  assert.match(throws(() => parseRecipe(lines.join("\n")), "SYNTAX").message, /an alias .* stands for too much/);
  assert.ok(performance.now() - start < 2000);
});

test("parseRecipe() refuses what is too large or nested too deeply, in time", () => {
  throws(() => parseRecipe(`# ${"x".repeat(1024 * 1024)}`), "TOO_LARGE");
  const start = performance.now();
  for (const text of ["[".repeat(1_000_000), "- ".repeat(500_000), "{a: ".repeat(250_000), "? ".repeat(500_000)]) {
    throws(() => parseRecipe(text), "SYNTAX");
  }
  assert.ok(performance.now() - start < 5000, `${performance.now() - start} ms`);
});

test("parseRecipe() throws nothing but its own errors", () => {
  const words = [
    "packages",
    "files",
    "environment",
    "user",
    "ports",
    ": ",
    ":",
    "\n",
    "\n  ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "a",
    "80",
  ];
  const part = fc.constantFrom(
    ...words,
    '"',
    "'",
    "&a ",
    "*a",
    "!!str ",
    "|\n",
    "null",
    "~",
    "# ",
    "? ",
    "%",
    "\t",
    "\0",
    "é",
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 14 }), (parts) => {
      try {
        parseRecipe(parts.join(""));
      } catch (error) {
        assert.ok(isLadingError(error, "SYNTAX"), `${String(error)} for ${JSON.stringify(parts.join(""))}`);
      }
    }),
    { numRuns: 1000 },
  );
});

test("parseRecipe() keeps any environment's values as they were", () => {
  const values = fc.dictionary(fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,8}$/), fc.stringMatching(/^[^\0\r\n]*$/));
  fc.assert(
    fc.property(values, (environment) => {
      assert.equal(parseRecipe(JSON.stringify({ environment })).environment, { ...environment });
    }),
  );
});

test.run();
