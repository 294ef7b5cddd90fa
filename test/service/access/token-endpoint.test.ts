import * as assert from "uvu/assert";
import {
  ACCESS,
  basicOf,
  passwordOf,
  startGuardedRegistry,
  USERS,
  userLine,
  writeRules,
} from "../../support/guarded-registry.js";
import { suite, type TestContext } from "../../support/suite.js";

const test = suite("service/access: tokens");

async function start(context: TestContext, rules = ACCESS) {
  const registry = await startGuardedRegistry(context, rules);
  const form = async (fields: Record<string, string>, type = "application/x-www-form-urlencoded") => {
    const body = new URLSearchParams(fields).toString();
    const answer = await registry.call("POST", "/v2/token", { body, headers: { "content-type": type } });
    return { ...answer, json: JSON.parse(answer.text) };
  };
  const get = async (user: string, query: string) => {
    const answer = await registry.call("GET", `/v2/token?${query}`, { authorization: basicOf(user) });
    return { ...answer, json: JSON.parse(answer.text) };
  };
  const tags = async (token: string) => {
    return (await registry.call("GET", "/v2/w/lab/app/tags/list", { authorization: `Bearer ${token}` })).status;
  };
  return { ...registry, form, get, tags };
}

const SCOPE = "repository:w/lab/app:pull,push";

test("a token holds what is allowed of what was asked for, and says so", async (context) => {
  const { get } = await start(context);
  const scopesOf = async (user: string, ...scopes: readonly string[]) =>
    (await get(user, scopes.map((scope) => `scope=${encodeURIComponent(scope)}`).join("&"))).json.scope;
  assert.is(await scopesOf("bob", "repository:w/lab/app:*"), "repository:w/lab/app:pull,push");
  assert.is(
    await scopesOf("ann", "repository:w/lab/app:delete,push,pull,fly"),
    "repository:w/lab/app:pull,push,delete",
  );
  assert.is(
    await scopesOf("bob", "repository:w/ops/app:pull", "repository:w/lab/shared:pull"),
    "repository:w/lab/shared:pull",
  );
  assert.is(await scopesOf("bob", `${SCOPE} repository:w/lab/u/bob/x:pull`), `${SCOPE} repository:w/lab/u/bob/x:pull`);
  assert.is(await scopesOf("anonymous", SCOPE, "repository:w/lab/public:pull,push"), "repository:w/lab/public:pull");
  assert.is(
    await scopesOf("bob", "registry:catalog:*", "repository(plugin):w/lab/app:pull", "x", "::", "repository:W:pull"),
    "registry:catalog:*",
  );
  assert.is(await scopesOf("bob"), "");
});

test("an answer is one that clients know", async (context) => {
  const { get, tags } = await start(context);
  const { headers, json } = await get("bob", `service=lading&scope=${SCOPE}&account=bob&client_id=docker`);
  assert.is(headers["cache-control"], "no-store");
  assert.equal([json.token, json.expires_in, json.token_type], [json.access_token, 300, "Bearer"]);
  assert.ok(Math.abs(Date.parse(json.issued_at) - Date.now()) < 60_000);
  assert.is(json.refresh_token, undefined);
  assert.is(await tags(json.token), 404);
});

test("docker's form: a password for a token, and a refresh token for later ones", async (context) => {
  const { form, get, tags, auth } = await start(context);
  const login = {
    grant_type: "password",
    username: "bob",
    password: passwordOf("bob"),
    service: "lading",
    client_id: "x",
  };
  const { json } = await form({ ...login, scope: SCOPE, access_type: "offline" });
  assert.is(await tags(json.access_token), 404);
  const refresh = { grant_type: "refresh_token", refresh_token: json.refresh_token, service: "lading", scope: SCOPE };
  assert.is(await tags((await form(refresh)).json.access_token), 404);
  assert.is(await tags(json.refresh_token), 401);
  assert.is((await form({ ...refresh, refresh_token: json.access_token })).status, 401);
  assert.is((await form({ ...login, password: "guess" })).status, 401);
  assert.is((await form(login)).json.refresh_token, undefined);
  const offline = await get("bob", `scope=${SCOPE}&offline_token=true`);
  assert.is((await form({ ...refresh, refresh_token: offline.json.refresh_token })).status, 200);
  assert.is((await get("anonymous", "offline_token=true")).json.refresh_token, undefined);
  await writeRules(auth, ACCESS, USERS.map((user) => userLine(user, user === "bob" ? "changed" : undefined)).join(""));
  assert.is((await form(refresh)).status, 401);
});

test("what makes no sense is refused", async (context) => {
  const { call, form, get, token } = await start(context);
  assert.is((await form({ grant_type: "magic" })).status, 400);
  assert.is((await form({ grant_type: "password" }, "application/json")).status, 415);
  assert.is((await form({ grant_type: "password", password: "x".repeat(70_000) })).status, 413);
  assert.is((await get("bob", "service=another")).status, 400);
  assert.is((await get("bob", `scope=${`${SCOPE}+`.repeat(25)}`)).status, 400);
  const put = await call("PUT", "/v2/token");
  assert.equal([put.status, put.headers.allow], [405, "GET, POST"]);
  // A token is no login.
  const bearer = await token("bob", SCOPE);
  assert.is((await call("GET", `/v2/token?scope=${SCOPE}`, { authorization: bearer })).status, 401);
});

test("where the access file wants passwords, or names the address, challenges say so", async (context) => {
  const basic = await start(context, `${ACCESS}login: password\n`);
  const { headers } = await basic.call("GET", "/v2/");
  assert.is(headers["www-authenticate"], 'Basic realm="lading",charset="UTF-8"');
  const named = await start(context, `${ACCESS}url: https://registry.example/\n`);
  const challenge = (await named.call("GET", "/v2/")).headers["www-authenticate"];
  assert.is(challenge, 'Bearer realm="https://registry.example/v2/token",service="lading"');
  const evil = await basic.call("GET", "/v2/", { headers: { host: 'evil",x="' } });
  assert.not.match(String(evil.headers["www-authenticate"]), "evil");
  const host = { host: "registry.lan:8443" };
  const own = await startGuardedRegistry(context);
  const said = (await own.call("GET", "/v2/", { headers: host })).headers["www-authenticate"];
  assert.is(said, 'Bearer realm="http://registry.lan:8443/v2/token",service="lading"');
  const broken = (await own.call("GET", "/v2/", { headers: { host: 'a",b="c' } })).headers["www-authenticate"];
  assert.match(String(broken), /realm="http:\/\/127\.0\.0\.1:\d+\/v2\/token"/);
});

test.run();
