import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createRegistryStore } from "../../src/registry/client.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { createCli } from "../support/cli.js";
import { basicOf, passwordOf, startGuardedRegistry, writeRules } from "../support/guarded-registry.js";
import { putImage } from "../support/image.js";
import { missing, output, run } from "../support/programs.js";
import { startServe } from "../support/serve.js";
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

test.needs(
  missing("skopeo", "podman", "openssl"),
  "serve --auth with TLS: logins of skopeo and podman",
  async (context) => {
    const folder = await tempFolder(context);
    const file = (name: string) => join(folder, name);
    await writeRules(file("auth"));
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const made = ["-keyout", file("key.pem"), "-out", file("ca.crt"), "-days", "1"];
    await output("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", ...made, ...subject]);
    const flags = ["--auth", file("auth"), "--cert", file("ca.crt"), "--key", file("key.pem")];
    const { host, url } = await startServe(context, { folder: file("registry"), flags });
    assert.match(url, /^https:/);
    await mkdir(file("certs"));
    await copyFile(file("ca.crt"), file("certs/ca.crt"));
    for (const program of ["skopeo", "podman"]) {
      const login = ["login", `--cert-dir=${file("certs")}`, "-u=bob", "--password-stdin"];
      const right = [...login, `--authfile=${file(`${program}.json`)}`, host];
      await output(program, right, { input: passwordOf("bob") });
      const wrong = await run(program, [...login, `--authfile=${file("wrong.json")}`, host], { input: "guess" });
      assert.is.not(wrong.code, 0);
      assert.match(wrong.stderr, /invalid username\/password|unauthorized/);
    }
    const copy = [
      "copy",
      "-q",
      "--insecure-policy",
      `--dest-cert-dir=${file("certs")}`,
      "--authfile",
      file("skopeo.json"),
    ];
    const layout = createLayoutStore(file("from"));
    await layout.tag([{ name: "1", descriptor: await putImage(layout, [Buffer.from("layer")]) }]);
    await output("skopeo", [...copy, `oci:${file("from")}:1`, `docker://${host}/w/lab/app:1`]);
    const refused = await run("skopeo", [...copy, `oci:${file("from")}:1`, `docker://${host}/w/ops/app:1`]);
    assert.match(refused.stderr, /403|Forbidden|denied/);
  },
);

test("serve does not start with rules that are broken", async (context) => {
  const { lading, folder } = await createCli(await tempFolder(context));
  await writeRules(join(folder, "auth"), "workspaces: 1");
  const { code, stderr } = await lading(["serve", "--root=registry", "--auth=auth"]);
  assert.is(code, 1);
  assert.match(
    stderr,
    /^SYNTAX: .*auth\/access\.yaml:1:13: workspaces: found 1, expected workspaces with their members/,
  );
});

test.run();
