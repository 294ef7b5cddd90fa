import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { main } from "../../bin/main.js";
import { root } from "../support/root.js";
import { suite } from "../support/suite.js";
import { createCommand, createFilledCommand } from "./command.js";

const test = suite("bin/main");

const VERBS = [
  "build",
  "resolve",
  "package",
  "namespace",
  "copy",
  "push",
  "pull",
  "list",
  "delete",
  "inspect",
  "verify",
  "login",
  "logout",
  "gc",
  "serve",
];
const SUBVERBS = ["create", "import", "export", "download", "list", "show", "update", "replace", "delete"];

test("--version is that of the package", async (context) => {
  const { ok } = await createCommand(context);
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  for (const flag of ["--version", "-V"]) assert.equal(await ok(flag), [version]);
});

test("--help lists every verb; nothing at all is wrong usage", async (context) => {
  const { ok, lading } = await createCommand(context);
  for (const flag of ["--help", "-h", "help"]) {
    const listed = (await ok(flag)).flatMap((line) => /^ {2}(\w+) {2,}\S/.exec(line)?.[1] ?? []);
    assert.equal(listed, VERBS);
  }
  const { code, stdout, stderr } = await lading([]);
  assert.equal([code, stdout], [2, ""]);
  assert.match(stderr, /^Usage: lading <verb>/);
});

test("every verb has --help, which `help VERB` shows too", async (context) => {
  const { ok } = await createCommand(context);
  const all = [...VERBS.map((verb) => [verb]), ...SUBVERBS.map((verb) => ["package", verb])];
  await Promise.all(
    all.map(async (names) => {
      const lines = await ok(...names, "--help");
      assert.match(lines[0] ?? "", new RegExp(`^Usage: lading ${names.join(" ")} `), lines[0]);
      const flags = names.join() === "package" ? ["-h, --help"] : ["--store <folder>", "--json", "-q, --quiet"];
      for (const flag of flags) assert.ok(lines.join("\n").includes(flag), `${names.join(" ")}: ${flag}`);
      if (names.length === 1) assert.equal(await ok("help", ...names), lines);
    }),
  );
});

const WRONG: readonly (readonly [args: readonly string[], words: RegExp])[] = [
  [["biuld"], /There is no verb "biuld"; did you mean build\?/],
  [["zzzzzz"], /There is no verb "zzzzzz"; `lading --help` lists them/],
  [["help", "zzzzzz"], /no verb "zzzzzz"/],
  [["constructor"], /no verb "constructor"/],
  [["--quiet"], /no verb "--quiet"/],
  [["package", "imprt"], /unknown command 'imprt'.*Did you mean import\?/],
  [["build", "--paltform", "x"], /unknown option '--paltform'.*Did you mean --platform\?/],
  [["inspect"], /missing required argument 'place'/],
  [["inspect", "a", "b"], /too many arguments/],
  [["copy", "oci:a:b"], /missing required argument 'target'/],
  [["build", "-t"], /argument missing/],
  [["build", "--jobs", "0"], /--jobs "0" is no count from 1 to 64/],
  [["build", "--jobs", "x"], /--jobs "x"/],
  [["build", "--compression", "lz4"], /"lz4" is unknown, wanted gzip/],
  [["build", "--compression", "gzip:13"], /"gzip:13" is unknown/],
  [["build", "--compression", "none:1"], /"none:1" is unknown/],
  [["build", "--platform", "linux"], /"linux": expected OS\/ARCHITECTURE/],
  [["build", "--env", "A"], /--env "A" has no name before a =/],
  [["build", "--label", "=x"], /--label "=x"/],
  [["build", "--push"], /--push needs a name/],
  [["build", ".", "x.deb"], /"\." is a folder, which stands alone/],
  [["build", "lading.yaml", "x.deb"], /"lading.yaml" is a recipe, which stands alone/],
  [["build", "-o", "dir:x"], /"dir" is not a transport of lading, wanted oci:DIR/],
  [["build", "-o", "oci:x:a__b"], /"a__b" is not letters/],
  [["build", "-t", "a b"], /"a b:latest" is not letters/],
  [["push", "x", "oci:y:z"], /"oci:y:z" is not in a registry/],
  [["pull", "store:x"], /"store:x" is not in a registry/],
  [["serve", "--listen", "nowhere"], /"nowhere" is no address, wanted HOST:PORT/],
  [["serve", "--listen", "127.0.0.1:99999"], /is no address/],
  [["package", "create", "x"], /required option '--from/],
  [["package", "show"], /missing required argument/],
];

for (const [args, words] of WRONG) {
  test(`wrong usage: lading ${args.join(" ")}`, async () => {
    const printed = { stdout: "", stderr: "" };
    const streamOf = (name: keyof typeof printed) => ({
      write(text: string) {
        printed[name] += text;
      },
    });
    const { signal } = new AbortController();
    const streams = {
      stdout: streamOf("stdout"),
      stderr: streamOf("stderr"),
      stderrIsTerminal: false,
      stdin: () => process.stdin,
    };
    assert.is(await main(args, { ...streams, env: { HOME: "/none" }, signal }), 2);
    assert.is(printed.stdout, "");
    assert.match(printed.stderr, /^USAGE: [^\n]+\n$/);
    assert.match(printed.stderr, words);
  });
}

test("with --json failures are one JSON object, of any kind", async (context) => {
  const { lading, write } = await createCommand(context);
  await write("lading.yaml", "packages: [nothing]\nfiles: 3\n");
  const cases = [
    { args: ["biuld"], status: 2, code: "USAGE" },
    { args: ["build", "--paltform", "x"], status: 2, code: "USAGE" },
    { args: ["build", "--jobs", "0"], status: 2, code: "USAGE" },
    { args: ["build"], status: 1, code: "SYNTAX" },
    { args: ["inspect", "oci:none:x"], status: 1, code: "NOT_FOUND" },
    { args: ["package", "show", "x"], status: 1, code: "NOT_FOUND" },
  ];
  for (const { args, status, code } of cases) {
    const result = await lading([...args, "--json"]);
    assert.equal([result.code, result.stdout], [status, ""], result.stderr);
    const { error } = JSON.parse(result.stderr);
    assert.is(error.code, code);
    assert.type(error.message, "string");
    if (code !== "USAGE") assert.type(error.detail, "object");
  }
});

const EPOCHS = ["-1", "1.5", "now", " 1", "253402300800", "1e9", "0x10"];

test("SOURCE_DATE_EPOCH has to be a count of seconds", async (context) => {
  const { lading, env } = await createFilledCommand(context);
  for (const epoch of EPOCHS) {
    const { code, stderr } = await lading(["build"], { env: { ...env, SOURCE_DATE_EPOCH: epoch } });
    assert.is(code, 2, `${epoch}: ${stderr}`);
    assert.match(stderr, /^USAGE: SOURCE_DATE_EPOCH ".*" is no count of seconds[^\n]*\n$/);
  }
  const times = ["", "0", "253402300799"].map(async (epoch) => {
    const { stdout } = await lading(["build", "-t", `t${epoch}:1`], { env: { ...env, SOURCE_DATE_EPOCH: epoch } });
    assert.match(stdout, /^sha256:/);
    const inspected = await lading(["inspect", `store:t${epoch}:1`, "--json"]);
    return JSON.parse(inspected.stdout).config.created;
  });
  const last = "9999-12-31T23:59:59Z";
  assert.equal(await Promise.all(times), ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", last]);
});

test("the store is --store, else $LADING_STORE, else $XDG_DATA_HOME/lading, else in the home folder", async (context) => {
  const { lading, env, folder } = await createCommand(context);
  await mkdir(join(folder, "content"));
  const places: readonly (readonly [args: readonly string[], env: object, place: string])[] = [
    [["--store", "flag"], { LADING_STORE: "variable", XDG_DATA_HOME: join(folder, "data") }, "flag"],
    [[], { LADING_STORE: "variable", XDG_DATA_HOME: join(folder, "data") }, "variable"],
    [[], { LADING_STORE: "", XDG_DATA_HOME: join(folder, "data") }, "data/lading"],
    [[], {}, "home/.local/share/lading"],
  ];
  for (const [args, more, place] of places) {
    const create = ["package", "create", "x", "--from", "content", ...args];
    const { code, stderr } = await lading(create, { env: { ...env, ...more } });
    assert.is(code, 0, stderr);
    assert.match(await readFile(join(folder, place, "index.json"), "utf8"), /package::\/::x/);
  }
});

const ESCAPES = "\u001b[31m\u0007\u009b31m\u202eevil\r";

test("names that strangers chose reach the terminal escaped", async (context) => {
  const { lading, write } = await createFilledCommand(context);
  await write("labels.yaml", `labels: {a: ${JSON.stringify(`${ESCAPES}\nforged`)}}\n`);
  await lading(["build", "labels.yaml", "-t", "hostile:1"]);
  const all: readonly (readonly string[])[] = [
    ["inspect", "store:hostile:1"],
    ["inspect", "store:hostile:1", "--json"],
    ["inspect", `oci:${ESCAPES}:x`],
    ["inspect", `oci:${ESCAPES}:x`, "--json"],
    ["verify", `store:${ESCAPES}`],
    ["package", "show", ESCAPES],
    ["package", "import", ESCAPES],
    ["package", "create", ESCAPES, "--from", "packages"],
    ["build", ESCAPES],
    ["resolve", ESCAPES],
    ["resolve", "lading.yaml", "--why", ESCAPES],
    [ESCAPES],
    ["build", `--${ESCAPES}`],
    ["package", ESCAPES],
  ];
  for (const args of all) {
    const { stdout, stderr } = await lading(args);
    assert.ok(stdout + stderr !== "");
    assert.not.match(stdout + stderr, /(?![\n\t])[\p{Cc}\p{Bidi_Control}]/u, JSON.stringify(args));
    assert.not.match(stdout, /^forged/m);
  }
  const { stdout } = await lading(["inspect", "store:hostile:1", "--json"]);
  assert.is(JSON.parse(stdout).config.config.Labels.a, `${ESCAPES}\nforged`);
});

test.run();
