import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Package } from "../../src/package/package.js";
import { tarGzWith } from "../package/files.js";
import { suite } from "../support/suite.js";
import { createCommand } from "./command.js";

const test = suite("bin/package-verbs");

test("update changes what a package says, and warns where a policy names what was renamed", async (context) => {
  const { ok, json, fails, lading, write } = await createCommand(context);
  await write("a.tar.gz", tarGzWith("a"));
  await ok("package", "create", "/prod/pkg::package-A", "--from", "a.tar.gz", "-p", "runtime=a");
  await write(
    "a.pol",
    'job::/ {\n  { package.allow "package::/prod/pkg" }\n  { package.default "package::/prod/pkg::package-A" }\n}',
  );
  assert.equal(await ok("package", "update", "package-A", "-p", "os=linux", "-d", "jq", "-e", "A=b"), [
    "updated package::/prod/pkg::package-A",
  ]);
  const pkg = await json<Package>("package", "show", "package-A");
  assert.equal([pkg.provides.length, pkg.dependencies.length, pkg.environment], [2, 1, { A: "b" }]);
  const rename = ["package", "update", "/prod/pkg::package-A", "--name", "package-B", "--policy", "a.pol"];
  const { code, stdout, stderr } = await lading(rename);
  assert.is(code, 0);
  assert.is(stdout, "updated package::/prod/pkg::package-B (was package::/prod/pkg::package-A)\n");
  assert.is(
    stderr,
    "warning: a.pol:3 names package::/prod/pkg::package-A (package.default), which is not there any more; change it\n",
  );
  await fails(2, "package", "update", "package-B");
  assert.match(await fails(1, "package", "update", "package-B", "--name", "/x::y"), /^SYNTAX: .*a local name/);
});

test("replace and download: the tarball in, the tarball out", async (context) => {
  const { ok, folder, write } = await createCommand(context);
  await write("a.tar.gz", tarGzWith("a"));
  await write("b.tar.gz", tarGzWith("b"));
  await ok("package", "create", "tool", "--from", "a.tar.gz", "--package-version", "1.0");
  assert.match(
    (await ok("package", "replace", "tool", "--from", "b.tar.gz")).join(),
    /^updated package::\/::tool sha256:/,
  );
  assert.match(
    (await ok("package", "download", "tool")).join(),
    /^downloaded package::\/::tool to tool-1\.0\.tar\.gz \(/,
  );
  assert.ok((await readFile(join(folder, "tool-1.0.tar.gz"))).equals(tarGzWith("b")));
  await ok("package", "download", "tool", "-f", "out.tgz");
  assert.ok((await readFile(join(folder, "out.tgz"))).equals(tarGzWith("b")));
});

test("namespace is kept in the store; bare names stand in it, and -o puts what is imported there", async (context) => {
  const { ok, fails, write } = await createCommand(context);
  await write("bare.tar.gz", tarGzWith("bare"));
  await write("bare.json", JSON.stringify({ name: "bare" }));
  await write("full.tar.gz", tarGzWith("full"));
  await write("full.json", JSON.stringify({ fqn: "package::/old::full" }));
  assert.equal(await ok("namespace"), ["/"]);
  assert.equal(await ok("namespace", "/acme/pkg"), ["/acme/pkg"]);
  assert.equal(await ok("namespace"), ["/acme/pkg"]);
  assert.equal(await ok("package", "import", "bare.tar.gz", "full.tar.gz", "--batch"), [
    "imported package::/acme/pkg::bare",
    "imported package::/old::full",
  ]);
  await ok("package", "export", "full", "bare", "-o", "two.cntmp");
  await ok("package", "delete", "bare", "/old::full");
  assert.equal(await ok("package", "import", "two.cntmp", "-s", "-o"), [
    "imported package::/acme/pkg::bare",
    "imported package::/acme/pkg::full",
  ]);
  assert.equal(await ok("package", "import", "two.cntmp", "-s", "-o", "--namespace", "/else"), [
    "imported package::/else::bare",
    "imported package::/else::full",
  ]);
  assert.match(
    (await ok("package", "create", "made", "--from", "bare.tar.gz")).join(),
    /^imported package::\/acme\/pkg::made/,
  );
  // A bare name is the current namespace's first.
  assert.match((await ok("package", "show", "full")).join("\n"), /package::\/acme\/pkg::full/);
  assert.match((await ok("package", "show", "full", "--namespace", "/else")).join("\n"), /package::\/else::full/);
  assert.match(await fails(1, "namespace", "acme"), /^SYNTAX: /);
  await fails(2, "package", "import", "bare.tar.gz", "--namespace", "acme");
});

test.run();
