import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createCredentialSource } from "../../src/registry/credentials.js";
import { type LoginOptions, login, logout } from "../../src/registry/login.js";
import { writeHelper } from "../support/credential-helper.js";
import { reply, startHostileServer } from "../support/hostile-server.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("registry/login");
const USER = { username: "joe", password: "hun:ter2" };
const basic = (text: string) => Buffer.from(text).toString("base64");
const AUTH = basic("joe:hun:ter2");

/** A registry that takes {@link USER} alone, by Basic or by tokens, and a home to log in from. */
async function prepare(context: TestContext, kind: "basic" | "bearer" | "open" = "basic") {
  const server = await startHostileServer(context, ({ path, headers }, response) => {
    const isJoe = headers.authorization === `Basic ${AUTH}`;
    if (path.startsWith("/token")) return isJoe ? reply(response, 200, {}, '{"token":"good"}') : reply(response, 401);
    if (kind === "open" || (kind === "basic" && isJoe)) return reply(response, 200);
    if (kind === "bearer" && headers.authorization === "Bearer good") return reply(response, 200);
    const bearer = `Bearer realm="http://${headers.host}/token",service="s"`;
    return reply(response, 401, { "www-authenticate": kind === "basic" ? 'Basic realm="r"' : bearer });
  });
  const home = await tempFolder(context);
  const options: LoginOptions = { env: { HOME: home } };
  const place = { registry: server.host, repository: "team/app" };
  const find = () => createCredentialSource(options)(place);
  return { ...server, home, options, find, docker: join(home, ".docker/config.json") };
}

for (const kind of ["basic", "bearer"] as const) {
  test(`login() checks by ${kind} and writes a file that its owner alone can read`, async (context) => {
    const { host, options, docker, find, seen } = await prepare(context, kind);
    const result = await login(host, USER, options);
    assert.equal(result, { registry: host, username: "joe", keptIn: docker, checked: true, shadowed: false });
    assert.equal(JSON.parse(await readFile(docker, "utf8")), { auths: { [host]: { auth: AUTH } } });
    assert.is((await stat(docker)).mode & 0o777, 0o600);
    assert.is((await stat(join(docker, ".."))).mode & 0o777, 0o700);
    assert.equal(await readdir(join(docker, "..")), ["config.json"]);
    assert.equal(await find(), USER);
    assert.is(seen[0]?.headers.authorization, undefined);
  });

  test(`login() with a wrong password keeps nothing, by ${kind}`, async (context) => {
    const { host, options, home } = await prepare(context, kind);
    const error = await rejects(login(host, { username: "joe", password: "sesame" }, options), "REGISTRY");
    assert.is(error.detail.status, 401);
    assert.not.match(error.message, "sesame");
    assert.not.match(error.message, basic("joe:sesame"));
    assert.equal(await readdir(home), []);
  });
}

test("a registry that asks nobody: the login is kept, and said to be unchecked", async (context) => {
  const { host, options } = await prepare(context, "open");
  assert.is((await login(host, USER, options)).checked, false);
});

test("login() and logout() keep what others wrote, a link, and the spelling of a key", async (context) => {
  const { host, options, docker, home } = await prepare(context);
  const others = {
    HttpHeaders: { "X-Meta": "1" },
    auths: { "other.example": { auth: basic("a:b"), email: "e" }, [`https://${host}/v1/`]: { auth: basic("old:old") } },
    proxies: { default: { noProxy: "x" } },
  };
  await mkdir(join(home, ".docker"));
  await writeFile(join(home, "real.json"), JSON.stringify(others));
  await chmod(join(home, "real.json"), 0o644);
  await symlink("../real.json", docker);
  await login(host, USER, options);
  const read = async () => JSON.parse(await readFile(docker, "utf8"));
  const auths = { "other.example": others.auths["other.example"] };
  assert.equal(await read(), { ...others, auths: { ...auths, [`https://${host}/v1/`]: { auth: AUTH } } });
  assert.ok((await lstat(docker)).isSymbolicLink());
  assert.is((await stat(docker)).mode & 0o777, 0o600);
  assert.equal((await logout(host, options)).removedFrom, [docker]);
  assert.equal(await read(), { ...others, auths });
  assert.equal((await logout(host, options)).removedFrom, []);
});

test("login() writes where the login is looked for first", async (context) => {
  const { host, options, home, docker, find } = await prepare(context);
  const podman = join(home, ".config/containers/auth.json");
  await mkdir(join(podman, ".."), { recursive: true });
  await writeFile(podman, JSON.stringify({ auths: { [host]: { auth: basic("old:old") } } }));
  assert.is((await login(host, USER, options)).keptIn, podman);
  assert.equal(await find(), USER);
  const own = { ...options, authFile: join(home, "own/auth.json") };
  assert.is((await login(host, USER, own)).keptIn, own.authFile);
  const env = { ...options.env, REGISTRY_AUTH_FILE: join(home, "env.json") };
  assert.is((await login(host, USER, { env })).keptIn, env.REGISTRY_AUTH_FILE);
  await writeFile(podman, "{}");
  assert.is((await login(host, USER, options)).keptIn, docker);
  const text = JSON.stringify({ auths: { [host]: { auth: AUTH } } });
  assert.ok((await login(host, USER, { env: { ...options.env, DOCKER_AUTH_CONFIG: text } })).shadowed);
  assert.match((await rejects(login(host, USER, { env: {} }), "CREDENTIALS")).message, "set HOME");
});

test("a helper that the file names keeps the login, and takes the password out of the file", async (context) => {
  const { host, home, docker } = await prepare(context);
  const helper = await writeHelper(home, "test");
  const options = { env: { HOME: home, PATH: helper.PATH } };
  await mkdir(join(home, ".docker"));
  await writeFile(docker, JSON.stringify({ credsStore: "test", auths: { [host]: { auth: basic("old:old") } } }));
  assert.is((await login(host, USER, options)).keptIn, "docker-credential-test");
  assert.equal(JSON.parse(await readFile(docker, "utf8")), { credsStore: "test", auths: { [host]: {} } });
  const find = createCredentialSource(options);
  assert.equal(await find({ registry: host, repository: "a" }), USER);
  assert.equal((await logout(host, options)).removedFrom, ["docker-credential-test", docker]);
  assert.is(await find({ registry: host, repository: "a" }), undefined);
  for (const { args } of await helper.runs()) assert.is(args.length, 1);
});

test("eight logins at once: all eight are kept", async (context) => {
  const { options, docker } = await prepare(context);
  const servers = await Promise.all(Array.from({ length: 8 }, () => prepare(context)));
  await Promise.all(servers.map(({ host }) => login(host, USER, options)));
  const { auths } = JSON.parse(await readFile(docker, "utf8"));
  assert.equal(Object.keys(auths).sort(), servers.map(({ host }) => host).sort());
});

test("a file that is malformed stays as it is, and nothing of it is shown", async (context) => {
  const { host, options, home, docker } = await prepare(context);
  await mkdir(join(home, ".docker"));
  await writeFile(docker, '{"auths": hunter3');
  const error = await rejects(login(host, USER, options), "SYNTAX");
  assert.not.match(error.message, "hunter3");
  assert.is(await readFile(docker, "utf8"), '{"auths": hunter3');
});

test.run();
