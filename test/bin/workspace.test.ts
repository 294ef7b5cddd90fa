import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as assert from "uvu/assert";
import { createRegistryStore } from "../../src/registry/client.js";
import { createCli } from "../support/cli.js";
import { basicOf, passwordOf, startGuardedRegistry, writeRules } from "../support/guarded-registry.js";
import { missing, run } from "../support/programs.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("bin: workspaces");

async function start(context: TestContext) {
  const registry = await startGuardedRegistry(context);
  const folder = await tempFolder(context);
  const cli = await createCli(folder);
  await mkdir(join(folder, "site"));
  await writeFile(join(folder, "site/index.html"), "hello\n");
  await writeFile(join(folder, "lading.yaml"), "files: [{from: site, to: /srv}]\n");
  const auth = (user: string) => Buffer.from(`${user}:${passwordOf(user)}`).toString("base64");
  const login = (entry: object) =>
    writeFile(join(folder, "auth.json"), JSON.stringify({ auths: { [registry.host]: entry } }));
  await login({ auth: auth("bob") });
  const env = { REGISTRY_AUTH_FILE: join(folder, "auth.json") };
  const has = async (repository: string, tag: string) => {
    const credentials = async () => ({ username: "root", password: passwordOf("root") });
    const names = await createRegistryStore({ registry: registry.host, repository }, { credentials }).tags();
    return names.some(({ name }) => name === tag);
  };
  return {
    ...registry,
    has,
    login,
    ok: (...args: readonly string[]) => cli.ok(args, { env }),
    fails: async (...args: readonly string[]) => {
      const { code, stderr } = await cli.lading(args, { env });
      return `${code} ${stderr.trim()}`;
    },
  };
}

test("build and push place an image in a workspace, shared or of the user who is logged in", async (context) => {
  const { host, ok, has, login, call } = await start(context);
  assert.match(
    await ok("build", "--push", "-t", `${host}/site:1`, "--workspace", "lab"),
    `docker://${host}/w/lab/site:1`,
  );
  assert.ok(await has("w/lab/site", "1"));
  await ok("build", "-t", "site:1");
  const args = ["push", "store:site:1", `docker://${host}/site:2`, "--workspace=lab"];
  assert.match(await ok(...args, "--scope=user"), `docker://${host}/w/lab/u/bob/site:2`);
  assert.ok(await has("w/lab/u/bob/site", "2"));
  await ok(...args, "--scope=workspace");
  assert.ok(await has("w/lab/site", "2"));
  await ok("build", "-o", `docker://${host}/tool/site:3`, "-o", "oci:out:3", "--workspace=lab", "--scope=user");
  assert.ok(await has("w/lab/u/bob/tool/site", "3"));
  // As docker keeps a login that it has exchanged: the user's name beside a token.
  const { text } = await call("GET", "/v2/token?offline_token=true", { authorization: basicOf("bob") });
  const identitytoken: string = JSON.parse(text).refresh_token;
  await login({ auth: Buffer.from("bob:").toString("base64"), identitytoken });
  await ok("push", "store:site:1", `docker://${host}/site:4`, "--workspace=lab", "--scope=user");
  assert.ok(await has("w/lab/u/bob/site", "4"));
});

test("a refusal reaches the user with the scope that is missing", async (context) => {
  const { host, ok, fails } = await start(context);
  await ok("build", "-t", "site:1");
  const said = await fails("push", "store:site:1", `docker://${host}/site:1`, "--workspace=ops");
  assert.match(said, /^1 REGISTRY: .*403 DENIED \(this login lacks the scope repository:w\/ops\/site:pu/);
  assert.match(said, 'scope "workspace" of workspace "ops"');
});

test("flags that name no place are wrong usage", async (context) => {
  const { host, fails, login } = await start(context);
  const push = (...flags: readonly string[]) => fails("push", "store:site:1", `docker://${host}/site:1`, ...flags);
  assert.match(await push("--scope=user"), /^2 USAGE: --scope needs a workspace/);
  assert.match(await push("--scope=team", "--workspace=lab"), /^2 USAGE: --scope "team" is unknown/);
  assert.match(await push("--workspace=Lab"), /^2 USAGE: Cannot name a place in a workspace by "Lab"/);
  assert.match(
    await fails("build", "-t", "site", "--workspace=lab"),
    /^2 USAGE: --workspace and --scope are for registries/,
  );
  const twice = await fails("push", "store:site:1", `docker://${host}/w/lab/site:1`, "--workspace=lab");
  assert.match(twice, /^2 USAGE: .*its first part is w or u/);
  await login({});
  assert.match(
    await push("--workspace=lab", "--scope=user"),
    /^2 USAGE: --scope user needs a login that names its user/,
  );
});

/** `lading serve` until the test ends; gives the address that it prints. */
async function serve(context: TestContext, folder: string, ...args: readonly string[]) {
  const { env } = await createCli(folder);
  const child = spawn("lading", ["serve", ...args], { cwd: folder, env: { ...process.env, ...env }, stdio: "pipe" });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  context.defer(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const [line] = await Promise.race([
    ended.then(() => [`ended: ${stderr}`]),
    (async () => {
      for await (const text of createInterface({ input: child.stdout })) return [text];
      return [`ended: ${stderr}`];
    })(),
  ]);
  return { url: line ?? "", stderr: () => stderr };
}

test.needs(missing("skopeo", "podman"), "serve --auth: logins of skopeo and podman", async (context) => {
  const folder = await tempFolder(context);
  await writeRules(join(folder, "auth"));
  const { url } = await serve(context, folder, "--root=registry", "--auth=auth");
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  const host = url.slice("http://".length);
  for (const [program, ...args] of [
    ["skopeo", "login", "--tls-verify=false"],
    ["podman", "login", "--tls-verify=false"],
  ] as const) {
    const file = `--authfile=${join(folder, `${program}.json`)}`;
    const right = await run(program, [...args, file, "-u=bob", "--password-stdin", host], { input: passwordOf("bob") });
    assert.is(right.code, 0, right.stderr);
    const wrong = await run(program, [...args, `${file}.2`, "-u=bob", "--password-stdin", host], { input: "guess" });
    assert.is.not(wrong.code, 0);
    assert.match(wrong.stderr, /invalid username\/password|unauthorized/);
  }
  const broken = join(folder, "broken");
  await writeRules(broken, "workspaces: 1");
  const { url: said } = await serve(context, folder, "--root=other", `--auth=${broken}`);
  assert.match(said, /^ended: SYNTAX: .*broken\/access\.yaml:1:13: workspaces: found 1, expected workspaces with/);
});

test.run();
