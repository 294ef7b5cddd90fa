import { mkdir, truncate } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { ImportedPackage } from "../../src/package/import.js";
import type { Package } from "../../src/package/package.js";
import { file, hardlink, tarOf } from "../image/make.js";
import { controlOf, debOf } from "../support/deb.js";
import { output } from "../support/programs.js";
import { suite } from "../support/suite.js";
import { createCommand, createFilledCommand } from "./command.js";

const test = suite("bin/package");

test("create makes a package of a tarball, with all that flags say", async (context) => {
  const { ok, json, write } = await createCommand(context);
  await write("node.tar", await tarOf([file("opt/node/bin/node", "node", 0o755)]));
  const flags = ["-p", "runtime=node", "-p", "runtime=node-20", "-d", "os=linux", "-d", "jq (>= 1.6)"];
  const more = [
    "-e",
    "PATH=/opt/node/bin:$PATH",
    "--package-version",
    "20.1",
    "--architecture",
    "amd64",
    "--os",
    "linux",
  ];
  const [line] = await ok("package", "create", "/team::node", "--from", "node.tar", ...flags, ...more);
  assert.match(line ?? "", /^imported package::\/team::node sha256:[0-9a-f]{64}$/);
  const pkg = await json<Package>("package", "show", "node");
  assert.equal(pkg.environment, { PATH: "/opt/node/bin:$PATH" });
  assert.equal([pkg.version, pkg.architecture, pkg.os], ["20.1", "amd64", "linux"]);
  const shown = await ok("package", "show", "node");
  for (const text of ["provides     runtime:node-20", "depends      jq (>= 1.6)", "version      20.1"]) {
    assert.ok(shown.includes(text), `${text} in\n${shown.join("\n")}`);
  }
  assert.ok(shown.some((text) => /^normalized +it is not compressed/.test(text)));
});

test("create of a folder; again it is unchanged, with other content it says what to do", async (context) => {
  const { ok, fails, write, folder } = await createCommand(context);
  await mkdir(join(folder, "app"));
  await write("app/a", "1");
  const create = ["package", "create", "app", "--from", "app"];
  assert.match((await ok(...create)).join(), /^imported /);
  assert.match((await ok(...create)).join(), /^unchanged /);
  await write("app/a", "2");
  assert.match(await fails(1, ...create), /^EXISTS: .*--override.*--skip-existing/);
  assert.match((await ok(...create, "--skip-existing")).join(), /^skipped /);
  assert.match((await ok(...create, "--override")).join(), /^replaced /);
});

test("what a layer cannot hold is passed over where --exclude leaves it out, as the refusal says", async (context) => {
  const { ok, fails, write, folder } = await createCommand(context);
  await mkdir(join(folder, "app/run"), { recursive: true });
  await write("app/a", "1");
  await write("app/holes", "");
  await truncate(join(folder, "app/holes"), 8 * 2 ** 30);
  await output("mkfifo", [join(folder, "app/run/pipe")]);
  const create = ["package", "create", "app", "--from", "app"];
  const remedy = /; (?:remove it, or )?ignore it \(--exclude, or ignore in a recipe\)/;
  assert.match(await fails(1, ...create), /^TOO_LARGE: .*"holes"/);
  assert.match(await fails(1, ...create), remedy);
  assert.match(await fails(1, ...create, "--exclude", "holes"), /^UNSAFE_ENTRY: .*"run\/pipe".*a FIFO/);
  assert.match(await fails(1, ...create, "--exclude", "holes"), remedy);
  await ok(...create, "--exclude", "holes", "--exclude", "*.pid", "--exclude", "pipe");
  assert.equal(await ok("package", "show", "app", "--files"), ["/a", "/run"]);
  await ok("package", "create", "one", "--from", "app", "--include", "a");
  assert.equal(await ok("package", "show", "one", "--files"), ["/a"]);
});

test("import takes Debian packages and tarballs with their document, all or none", async (context) => {
  const { ok, json, fails, write } = await createCommand(context);
  await write("demo.deb", debOf());
  await write("ruby.tar.gz", await tarOf([file("usr/bin/ruby")]));
  await write("ruby.json", JSON.stringify({ name: "ruby", provides: ["runtime=ruby"] }));
  await write("bad.deb", debOf().subarray(0, 300));
  assert.match(await fails(1, "package", "import", "demo.deb", "bad.deb", "ruby.tar.gz"), /^[A-Z]+: .*bad\.deb/);
  assert.equal(await ok("package", "list"), []);
  const imported = await json<readonly ImportedPackage[]>("package", "import", "demo.deb", "ruby.tar.gz");
  assert.equal(
    imported.map(({ path, status, package: { fqn } }) => [path, status, fqn]),
    [
      ["demo.deb", "imported", "package::/debian::demo"],
      ["ruby.tar.gz", "imported", "package::/::ruby"],
    ],
  );
  assert.equal(await ok("package", "import", "demo.deb"), ["unchanged package::/debian::demo 1.0-1"]);
  await write("demo.deb", debOf({ control: controlOf({ Section: "other" }) }));
  assert.match(await fails(1, "package", "import", "demo.deb"), /^EXISTS: .*demo 1\.0-1/);
  assert.equal(await ok("package", "import", "--skip-existing", "demo.deb"), ["skipped package::/debian::demo 1.0-1"]);
  assert.equal(await ok("package", "import", "--override", "demo.deb"), ["replaced package::/debian::demo 1.0-1"]);
});

test("list has a line of four fields for each package, in order", async (context) => {
  const { ok, json } = await createFilledCommand(context);
  const lines = (await ok("package", "list")).map((line) => line.split("\t"));
  assert.equal(
    lines.map(([fqn]) => fqn),
    ["package::/::greeting", "package::/::hello", "package::/::linux-base"],
  );
  assert.ok(lines.length === 3 && lines.every((fields) => fields.length === 4));
  assert.is((await json<readonly Package[]>("package", "list")).length, 3);
});

test("show --files lists what is in it", async (context) => {
  const { ok, json, write } = await createCommand(context);
  await write("a.tar", await tarOf([file("a/x"), hardlink("a/y", "a/x"), file("esc\u001b")]));
  await ok("package", "create", "a", "--from", "a.tar");
  assert.equal(await ok("package", "show", "a", "--files"), ["/a/x", "/a/y", "/esc\\u{1b}"]);
  const files = await json<readonly { path: string }[]>("package", "show", "a", "--files");
  assert.equal(
    files.map(({ path }) => path),
    ["a/x", "a/y", "esc\u001b"],
  );
});

test("delete takes packages out of the list, all or none", async (context) => {
  const { ok, fails } = await createFilledCommand(context);
  await ok("build", "-t", "x:1");
  assert.match(await fails(1, "package", "delete", "hello", "none"), /^NOT_FOUND: Cannot find package "none"/);
  assert.is((await ok("package", "list")).length, 3);
  const deleted = await ok("package", "delete", "hello", "greeting");
  assert.equal(deleted, ["deleted package::/::greeting 1.0", "deleted package::/::hello 1.0"]);
  assert.is((await ok("package", "list")).length, 1);
  // Images that were built of them stay whole.
  assert.match((await ok("verify", "store:x:1")).join(), /every byte is right/);
});

test("what fails is one line that says what to do", async (context) => {
  const { fails, write } = await createFilledCommand(context);
  await write("bare.tar", await tarOf([file("a")]));
  const cases: readonly (readonly [args: readonly string[], words: RegExp])[] = [
    [["show", "greting"], /^NOT_FOUND: Cannot find package "greting".*import it first/],
    [["import", "bare.tar"], /^FORMAT: .*bare\.tar.*package create/],
    [["import", "none.deb"], /^IO: .*ENOENT/],
    [["import", "packages"], /^FORMAT: .*it is a folder/],
    [["create", "../x", "--from", "bare.tar"], /^SYNTAX: .*\.\.\/x/],
    [["create", "x", "--from", "none"], /^IO: .*none.*ENOENT/],
  ];
  for (const [args, words] of cases) assert.match(await fails(1, "package", ...args), words);
});

test("create and import change what they take, and show says how", async (context) => {
  const { ok, write } = await createCommand(context);
  await write("app.tar", await tarOf([file("bin/app", "a", 0o4700), file("doc", "d")]));
  const flags = ["--at", "/opt/app", "--exclude", "doc", "--single-id", "--compression", "estargz"];
  await ok("package", "create", "app", "--from", "app.tar", ...flags);
  const shown = (await ok("package", "show", "app")).join("\n");
  assert.match(shown, /its files go below "\/opt\/app"/);
  assert.equal(await ok("package", "show", "app", "--files"), ["/opt", "/opt/app", "/opt/app/bin/app"]);
  await write("demo.deb", debOf());
  await ok("package", "import", "demo.deb", "--at", "/srv");
  assert.match((await ok("package", "show", "demo", "--files")).join("\n"), /srv\/usr\/bin\/demo/);
});

test.run();
