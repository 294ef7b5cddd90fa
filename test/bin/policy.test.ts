import * as assert from "uvu/assert";
import { file, tarOf } from "../image/make.js";
import { suite } from "../support/suite.js";
import { type Command, createCommand } from "./command.js";

const test = suite("bin/policy");

async function createJava(context: Parameters<typeof createCommand>[0]): Promise<Command> {
  const command = await createCommand(context);
  for (const name of ["jdk-8u300", "jdk-8u400"]) {
    await command.write("java.tar", await tarOf([file(`opt/${name}`, name)]));
    await command.ok("package", "create", `/prod/pkg::${name}`, "--from", "java.tar", "-p", "runtime=java-1.8");
  }
  await command.write("lading.yaml", "packages: [{runtime: java-1.8}]\n");
  return command;
}

test("resolve and build follow the policies that are named; without one it is ambiguous", async (context) => {
  const { ok, fails, write } = await createJava(context);
  const line = await fails(1, "resolve");
  assert.match(line, /^AMBIGUOUS: .*jdk-8u300, \/prod\/pkg::jdk-8u400 all provide it/);
  const [, rule = ""] = /or in a policy: (.*)$/.exec(line) ?? [];
  await write("a.pol", rule);
  assert.equal(await ok("resolve", "--policy", "a.pol"), ["package::/prod/pkg::jdk-8u300  (recipe)"]);
  await write("b.pol", 'on job::/prod {\n  { package.lock "package::/prod/pkg::jdk-8u400" } // beats a default\n}\n');
  const both = ["--policy", "a.pol", "--policy", "b.pol"];
  assert.equal(await ok("resolve", ...both, "--job", "job::/prod/web::api"), [
    "package::/prod/pkg::jdk-8u400  (recipe)",
  ]);
  assert.equal(await ok("resolve", ...both, "--job", "/test"), ["package::/prod/pkg::jdk-8u300  (recipe)"]);
  const why = await ok("resolve", ...both, "--job", "/prod", "--why", "runtime=java-1.8");
  assert.match(why.join(), /jdk-8u300 \(b\.pol:2 locks the choice to \/prod\/pkg::jdk-8u400\)/);
  await fails(1, "build", "-t", "x:1");
  await ok("build", "-t", "x:1", ...both, "--job", "/prod");
  assert.match((await ok("inspect", "store:x:1")).join("\n"), /jdk-8u400|sha256/);
});

test("what is wrong with a policy or a job is said with its line", async (context) => {
  const { fails, write } = await createJava(context);
  await write("a.pol", 'job::/ {\n  package.alow "package::/x"\n}\n');
  assert.match(
    await fails(1, "resolve", "--policy", "a.pol"),
    /^SYNTAX: .*"a\.pol": line 2, column 3: .*package\.allow/,
  );
  assert.match(await fails(1, "resolve", "--policy", "none.pol"), /^IO: .*none\.pol.*ENOENT/);
  await write("a.pol", "");
  await fails(2, "resolve", "--policy", "a.pol", "--job", "web");
  await fails(2, "resolve", "--job", "job::/");
});

test.run();
