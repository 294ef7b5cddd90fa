import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { openAccess } from "../../../src/service/access/gate.js";
import { loadTokenKey } from "../../../src/service/access/token-key.js";
import {
  ACCESS,
  basicOf,
  startGuardedRegistry,
  TOKEN_KEY,
  USERS,
  userLine,
  writeRules,
} from "../../support/guarded-registry.js";
import { rejects } from "../../support/rejects.js";
import { suite } from "../../support/suite.js";
import { tempFolder } from "../../support/temp.js";

const test = suite("service/access: files that change");

const WITHOUT_BOB = ACCESS.replace("bob: member, ", "");

test("a change counts from the next request on, a broken one not at all", async (context) => {
  const { call, auth, warnings } = await startGuardedRegistry(context);
  const file = join(auth, "access.yaml");
  const bob = async () => (await call("GET", "/v2/w/lab/app/tags/list", { authorization: basicOf("bob") })).status;
  assert.is(await bob(), 404);
  await writeFile(file, WITHOUT_BOB);
  assert.is(await bob(), 403);
  // As long as before, and written within the same moment.
  await writeFile(file, ACCESS.replace("bob: member", "bob: reader"));
  await writeFile(file, ACCESS);
  assert.is(await bob(), 404);
  for (const broken of ["workspaces: [", "workspace: {}", "", "administrators: [Root]"]) {
    await writeFile(file, broken);
    assert.is(await bob(), 404, broken);
    assert.is(await bob(), 404);
    assert.match(warnings.at(-1) ?? "", /access\.yaml:1:.*; until then the access rules stay as they were$/);
  }
  assert.is(warnings.length, 4, "once each");
  await rm(file);
  assert.is(await bob(), 404);
  assert.match(warnings.at(-1) ?? "", "ENOENT");
  await writeFile(file, WITHOUT_BOB);
  assert.is(await bob(), 403);
  assert.is(warnings.length, 5);
});

test("users come, change and go; a broken file of them leaves both files as they were", async (context) => {
  const { call, auth, warnings } = await startGuardedRegistry(context);
  const status = async (user: string, password?: string) =>
    (await call("GET", "/v2/w/lab/app/tags/list", { authorization: basicOf(user, password) })).status;
  const users = USERS.map((user) => userLine(user)).join("");
  await writeFile(join(auth, "htpasswd"), users + userLine("dora"));
  assert.is(await status("dora"), 403);
  await writeFile(join(auth, "htpasswd"), users.replace(userLine("bob"), userLine("bob", "new")));
  assert.equal([await status("dora"), await status("bob"), await status("bob", "new")], [401, 401, 404]);
  await writeRules(auth, WITHOUT_BOB, "ann:plain\n");
  assert.equal([await status("bob", "new"), await status("ann")], [404, 404]);
  assert.match(warnings.at(-1) ?? "", /htpasswd:1: the password of "ann" is not bcrypt/);
  await writeRules(auth, WITHOUT_BOB, userLine("bob"));
  assert.equal([await status("bob"), await status("ann")], [403, 401]);
  assert.match(warnings.at(-1) ?? "", "users without a password: ann, carl, eve, root; add them to");
});

test("while files change under many requests, each is answered by the old rules or the new", async (context) => {
  const { call, auth } = await startGuardedRegistry(context);
  const seen = new Set<string>();
  let ended = false;
  const ask = async (user: string, name: string, expected: readonly number[]) => {
    while (!ended) {
      const { status } = await call("GET", `/v2/${name}/tags/list`, { authorization: basicOf(user) });
      assert.ok(expected.includes(status), `${user} ${name}: ${status}`);
      seen.add(`${user} ${status}`);
    }
  };
  const asking = [
    ask("ann", "w/lab/app", [404]),
    ask("bob", "w/lab/app", [403, 404]),
    ask("bob", "w/lab/u/ann/x", [403]),
    ask("carl", "w/lab/app", [403]),
    ask("carl", "w/lab/shared", [404]),
    ask("anonymous", "w/lab/app", [401]),
    ask("anonymous", "w/lab/public", [404]),
  ];
  for (let round = 0; round < 60; round++) {
    const text = round % 2 === 0 ? WITHOUT_BOB : ACCESS;
    if (round % 3 === 0) {
      // In place, which a reader may see half of.
      await writeFile(join(auth, "access.yaml"), text);
    } else if (round % 3 === 1) {
      await writeFile(join(auth, "new"), text);
      await rename(join(auth, "new"), join(auth, "access.yaml"));
    } else await writeFile(join(auth, "access.yaml"), `${text}broken: [`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await writeFile(join(auth, "access.yaml"), WITHOUT_BOB);
  ended = true;
  await Promise.all(asking);
  assert.ok(seen.has("bob 403") && seen.has("bob 404"));
});

test("at the start, files have to be there and right", async (context) => {
  const folder = await tempFolder(context);
  const open = (path: string) => openAccess(path, { key: TOKEN_KEY });
  assert.match((await rejects(open(join(folder, "none")), "IO")).message, /ENOENT/);
  assert.match((await rejects(open(folder), "NOT_FOUND")).message, /it has no access\.yaml, access\.yml, access\.json/);
  await writeFile(join(folder, "access.json"), "{}");
  assert.match((await rejects(open(folder), "IO")).message, /htpasswd": ENOENT/);
  await writeFile(join(folder, "htpasswd"), userLine("ann"));
  (await open(folder)).close();
  await writeFile(join(folder, "access.json"), '{"htpasswd": 1}');
  assert.match((await rejects(open(join(folder, "access.json")), "SYNTAX")).message, /access\.json:1:14/);
  await writeFile(join(folder, "access.json"), " ".repeat(1024 * 1024 + 1));
  assert.match((await rejects(open(folder), "TOO_LARGE")).message, /1048576/);
});

test("servers that start at once agree on the key of tokens, and find it again", async (context) => {
  const path = join(await tempFolder(context), "new/folder/key");
  const keys = await Promise.all(Array.from({ length: 8 }, () => loadTokenKey(path)));
  const again = await loadTokenKey(path);
  for (const key of keys) assert.equal(Buffer.from(key), Buffer.from(again));
  assert.is(again.byteLength, 32);
  await writeFile(path, "short");
  assert.match((await rejects(loadTokenKey(path), "FORMAT")).message, /it has 5 bytes, expected 32/);
});

test.run();
