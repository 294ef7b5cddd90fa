import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createCredentialSource } from "../../src/registry/credentials.js";
import { writeHelper } from "../support/credential-helper.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("registry/credential-helper");
const KNOWN = 'console.log(JSON.stringify({ ServerURL: input, Username: "joe", Secret: "hunter2" }));';
const auth = Buffer.from("file:secret").toString("base64");
const R = { registry: "r.example", repository: "team/app" };

/** A home whose file of Docker's says this, and a source that looks there. */
async function prepare(context: TestContext, document: unknown, code?: string, helperTimeoutMs?: number) {
  const home = await tempFolder(context);
  const helper = await writeHelper(home, "test", code);
  await mkdir(join(home, ".docker"));
  await writeFile(join(home, ".docker/config.json"), JSON.stringify(document));
  const find = createCredentialSource({ env: { HOME: home, PATH: helper.PATH }, helperTimeoutMs });
  return { home, helper, find };
}

test("credHelpers: the program is asked for the host alone, on its standard input", async (context) => {
  const document = { credHelpers: { "r.example": "test" }, auths: { "r.example": { auth } } };
  const { find, helper } = await prepare(context, document, KNOWN);
  assert.equal(await find(R), { username: "joe", password: "hunter2" });
  assert.is(await find({ ...R, registry: "other.example" }), undefined);
  assert.equal(await helper.runs(), [{ args: ["get"], input: "r.example" }]);
});

test("credsStore: it is asked for all, Docker Hub by its old address, and comes after credHelpers", async (context) => {
  const document = { credsStore: "test", credHelpers: { "r.example": "none" } };
  const { find, helper } = await prepare(context, document, KNOWN);
  assert.is((await find({ registry: "docker.io", repository: "library/debian" }))?.username, "joe");
  assert.is((await helper.runs())[0]?.input, "https://index.docker.io/v1/");
  const error = await rejects(find(R), "CREDENTIALS");
  assert.match(error.message, '"docker-credential-none" for the login of "r.example": it is not installed');
});

test("what the program does not know may stand in the file", async (context) => {
  const document = { credsStore: "test", auths: { "r.example": { auth }, "s.example": {} } };
  const { find } = await prepare(context, document);
  assert.is((await find(R))?.username, "file");
  assert.is(await find({ ...R, registry: "s.example" }), undefined);
});

test("a credsStore that is not installed is passed over: homes are shared between machines", async (context) => {
  const { find } = await prepare(context, { credsStore: "desktop", auths: { "r.example": { auth } } });
  assert.is((await find(R))?.username, "file");
});

test("the user <token> means an identity token", async (context) => {
  const code = 'console.log(JSON.stringify({ Username: "<token>", Secret: "refresh" }));';
  const { find } = await prepare(context, { credsStore: "test" }, code);
  assert.equal(await find(R), { identityToken: "refresh" });
});

const FAILURES: readonly (readonly [title: string, code: string, words: string])[] = [
  ["fails", 'console.log("hunter2 is locked"); console.error("hunter2"); process.exit(3);', "ended with status 3"],
  ["gives no JSON", 'console.log("hunter2");', "no login in JSON"],
  ["gives no login", 'console.log("[]");', "no login in JSON"],
  ["gives no end", 'for (;;) require("node:fs").writeSync(1, "hunter2".repeat(9999));', "does not end"],
  ["hangs", "setInterval(() => {}, 1000);", "took too long"],
  [
    "hangs in one that it started",
    'require("node:child_process").execFileSync("sleep", ["60"], { stdio: "inherit" });',
    "took too long",
  ],
];

for (const [title, code, words] of FAILURES) {
  test(`a program that ${title} is named, and what it said is not`, async (context) => {
    const limit = title.startsWith("hangs") ? 500 : 30_000;
    const { find } = await prepare(context, { credHelpers: { "r.example": "test" } }, code, limit);
    const error = await rejects(find(R), "CREDENTIALS");
    assert.match(error.message, words);
    assert.not.match(error.message + String(error.cause), "hunter2");
  });
}

test("an abort ends the program", async (context) => {
  const { find } = await prepare(context, { credsStore: "test" }, "setInterval(() => {}, 1000);");
  const signal = AbortSignal.any([AbortSignal.timeout(300)]);
  assert.is(await find(R, { signal }).catch((error) => error.name), "TimeoutError");
});

for (const name of ["../../x", "/bin/sh", "x; touch pwned", "$(touch pwned)", "", "a b", 7, {}]) {
  test(`case 136: a helper named ${JSON.stringify(name)} is never run`, async (context) => {
    const { find, home } = await prepare(context, { credHelpers: { "r.example": name } }, KNOWN);
    const path = join(home, ".docker/config.json");
    // An empty name is none.
    if (name === "") assert.is(await find(R), undefined);
    else assert.is((await rejects(find(R), "SYNTAX")).detail.path, path);
    assert.not.ok(existsSync("pwned"));
  });
}

test.run();
