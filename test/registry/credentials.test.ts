import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as assert from "uvu/assert";
import { findCredentials, parseAuthFile } from "../../src/registry/auth-file.js";
import { createCredentialSource } from "../../src/registry/credentials.js";
import { rejects, throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("registry/credentials");

const base64 = (text: string) => Buffer.from(text).toString("base64");
const user = (name: string) => ({ auth: base64(`${name}:secret`) });
const place = (registry: string, repository = "team/app") => ({ registry, repository });

const AUTHS = {
  "r.example/team/app": user("app"),
  "r.example/team": user("team"),
  "r.example": user("all"),
  "https://old.example/v1/": user("old"),
  "other.example/deep": user("deep"),
  "https://index.docker.io/v1/": user("hub"),
  "empty.example": {},
  "pair.example": { username: "u", password: "p:q" },
  "refresh.example": { ...user("<token>"), identitytoken: "refresh" },
  "helper.example": { auth: base64("<token>:refresh") },
  "token.example": { registrytoken: "ready" },
  "nul.example": { auth: base64("u:p:q\0\0") },
};

const FOUND: readonly (readonly [title: string, ReturnType<typeof place>, unknown])[] = [
  ["the repository", place("r.example"), { username: "app", password: "secret" }],
  ["its namespace", place("r.example", "team/other"), { username: "team", password: "secret" }],
  ["the registry", place("r.example", "teams/app"), { username: "all", password: "secret" }],
  ["a key that is a URL", place("old.example"), { username: "old", password: "secret" }],
  ["Docker Hub by its old name", place("docker.io", "library/debian"), { username: "hub", password: "secret" }],
  ["nothing for another namespace", place("other.example"), undefined],
  ["nothing for an empty entry", place("empty.example"), undefined],
  ["nothing for a host that only ends alike", place("evil-r.example"), undefined],
  ["nothing for another port", place("r.example:444"), undefined],
  ["a user and password apart", place("pair.example"), { username: "u", password: "p:q" }],
  ["an identity token", place("refresh.example"), { identityToken: "refresh" }],
  ["an identity token as a helper writes it", place("helper.example"), { identityToken: "refresh" }],
  ["a registry token", place("token.example"), { registryToken: "ready" }],
  ["a padded pair, split at the first colon", place("nul.example"), { username: "u", password: "p:q" }],
];

for (const [title, where, expected] of FOUND) {
  test(`findCredentials() finds ${title}`, () => {
    const { auths } = parseAuthFile(JSON.stringify({ auths: AUTHS }), "f");
    assert.equal(findCredentials(auths, where, "f"), expected);
  });
}

test("a file that was named has to be there, when a registry asks for a login", async () => {
  const source = createCredentialSource({ env: {}, authFile: "/there/is/none.json" });
  const { detail, message } = await rejects(source(place("r.example")), "IO");
  assert.equal(detail, { path: "/there/is/none.json", errno: "ENOENT" });
  assert.match(message, "there is no such file; check the path");
});

const MALFORMED: readonly (readonly [title: string, text: string])[] = [
  ["no JSON", '{"auths": hunter2'],
  ["a list", '["hunter2"]'],
  ["auths that is no object", '{"auths": ["hunter2"]}'],
  ["an entry that is no object", '{"auths": {"r.example": "hunter2"}}'],
  ["an auth without colon", `{"auths": {"r.example": {"auth": "${base64("hunter2")}"}}}`],
  ["an auth that is no text", '{"auths": {"r.example": {"auth": 7, "x": "hunter2"}}}'],
];

for (const [title, text] of MALFORMED) {
  test(`a file with ${title} is named, its content is not`, () => {
    const error = throws(
      () => findCredentials(parseAuthFile(text, "/x/f.json").auths, place("r.example"), "/x/f.json"),
      "SYNTAX",
    );
    assert.is(error.detail.path, "/x/f.json");
    assert.match(error.message, "/x/f.json");
    assert.not.match(error.message + String(error.cause), "hunter2");
    assert.not.match(error.message, base64("hunter2"));
  });
}

async function write(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(content));
}

test("createCredentialSource() asks the places in their order", async (context) => {
  const home = await tempFolder(context);
  const auths = (name: string) => ({ auths: { "r.example": user(name) } });
  await write(join(home, "run/containers/auth.json"), auths("runtime"));
  await write(join(home, ".config/containers/auth.json"), auths("config"));
  await write(join(home, ".docker/config.json"), auths("docker"));
  await write(join(home, ".dockercfg"), { "r.example": user("legacy") });
  await write(join(home, "own.json"), auths("own"));
  const find = async (env: Record<string, string>) =>
    (await createCredentialSource({ env })(place("r.example")))?.username;
  const all = { HOME: home, XDG_RUNTIME_DIR: join(home, "run") };
  assert.is(await find({ ...all, DOCKER_AUTH_CONFIG: JSON.stringify(auths("text")) }), "text");
  assert.is(await find({ ...all, REGISTRY_AUTH_FILE: join(home, "own.json") }), "own");
  assert.is(await find({ ...all, REGISTRY_AUTH_FILE: join(home, "absent.json") }), undefined);
  assert.is(await find(all), "runtime");
  assert.is(await find({ HOME: home }), "config");
  assert.is(await find({ HOME: home, XDG_CONFIG_HOME: join(home, "none") }), "docker");
  assert.is(
    await find({ HOME: home, XDG_CONFIG_HOME: join(home, "none"), DOCKER_CONFIG: join(home, "none") }),
    "legacy",
  );
  assert.is(await find({}), undefined);
});

test("createCredentialSource() refuses a file of more than 1 MiB", async (context) => {
  const home = await tempFolder(context);
  await write(join(home, ".docker/config.json"), "x".repeat(1024 * 1024));
  await rejects(createCredentialSource({ env: { HOME: home } })(place("r.example")), "TOO_LARGE");
});

test.run();
