import * as assert from "uvu/assert";
import type { PackageScript } from "../../src/package/script/script.js";
import { suite } from "../support/suite.js";
import { createCommand } from "./command.js";

const test = suite("bin/package-script");

const SCRIPT = `namespace: "/acme/pkg"
sources [ { url: "https://ex.test/t.tgz", sha256: "${"a".repeat(64)}" }, { url: "https://ex.test/u" } ]
include_files [ "tool.cfg" ]
build_depends [ { package: "build-essential" } ]
depends [ { os: "linux" } ]
provides [ { runtime: "tool" } ]
environment { "PATH": "/opt/tool/bin:$PATH" }
cleanup [ "/root" ]
build (
  make

  make install
)
`;

test("show prints what a package script says", async (context) => {
  const { ok, json, fails, write } = await createCommand(context);
  await write("tool-2.1.conf", SCRIPT);
  assert.equal(await ok("package", "show", "tool-2.1.conf"), [
    "fqn            package::/acme/pkg::tool-2.1",
    "provides       runtime:tool",
    "depends        os:linux",
    "build depends  build-essential",
    "environment    PATH=/opt/tool/bin:$PATH",
    `source         https://ex.test/t.tgz sha256:${"a".repeat(64)}`,
    "source         https://ex.test/u (no checksum)",
    "include file   tool.cfg",
    "cleanup        /root",
    "build          2 lines",
  ]);
  assert.is((await json<PackageScript>("package", "show", "tool-2.1.conf")).build, "  make\n\n  make install\n");
  await write("bad.conf", "name: x\nprovide [ ]\n");
  assert.match(
    await fails(1, "package", "show", "bad.conf"),
    /^SYNTAX: .*"bad\.conf": line 2, column 1: unknown key "provide"; did you mean "provides"\?$/,
  );
  assert.match(await fails(1, "package", "show", "none.conf"), /^NOT_FOUND: /);
  await fails(2, "package", "show", "--files", "bad.conf");
});

test.run();
