import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { digestOf } from "../../../src/oci/digest.js";
import { MEDIA_TYPE } from "../../../src/oci/media-type.js";
import { createTokenSigner, type TokenClaims } from "../../../src/service/access/token.js";
import { createLayoutStore } from "../../../src/store/layout.js";
import {
  ACCESS,
  type Answer,
  basicOf,
  type GuardedRegistry,
  startGuardedRegistry,
  TOKEN_KEY,
  USERS,
  userLine,
  writeRules,
} from "../../support/guarded-registry.js";
import { putImage } from "../../support/image.js";
import { suite, type TestContext } from "../../support/suite.js";

const test = suite("service/access: attacks");

const SECRET = "the layer of w/lab/app";

async function start(context: TestContext): Promise<GuardedRegistry> {
  const registry = await startGuardedRegistry(context);
  const store = createLayoutStore(join(registry.folder, "w/lab/app/_layout"), { shared: true });
  await store.tag([{ name: "1", descriptor: await putImage(store, [Buffer.from(SECRET)]) }]);
  return registry;
}

/** What an answer tells, the name that was asked for taken out. */
function tellsOf({ status, headers, text }: Answer, name: string): string {
  const { date: _date, "content-length": _length, ...rest } = headers;
  return JSON.stringify([status, rest, text]).replaceAll(name, "NAME");
}

const REQUESTS = [
  "GET tags/list",
  "GET manifests/1",
  "HEAD manifests/1",
  "DELETE manifests/1",
  `GET blobs/${digestOf(SECRET)}`,
  `HEAD blobs/${digestOf(SECRET)}`,
  `DELETE blobs/${digestOf(SECRET)}`,
  `GET referrers/${digestOf(SECRET)}`,
  "POST blobs/uploads/",
  `POST blobs/uploads/?mount=${digestOf(SECRET)}&from=w/ops/app`,
] as const;

test("a refusal is the same whether the repository is there or not, and whatever it holds", async (context) => {
  const { call, token } = await start(context);
  for (const who of ["carl", "anonymous"]) {
    for (const request of REQUESTS) {
      const [method = "", path = ""] = request.split(" ");
      const tells: string[] = [];
      for (const name of ["w/lab/app", "w/lab/xyz"]) {
        const bearer = await token(who, `repository:${name}:pull,push,delete`);
        for (const authorization of [basicOf(who), bearer]) {
          const answer = await call(method, `/v2/${name}/${path}`, { authorization });
          assert.ok([401, 403].includes(answer.status), `${request}: ${answer.status}`);
          tells.push(tellsOf(answer, name));
        }
      }
      assert.equal(tells.slice(0, 2), tells.slice(2), `${who}: ${request}`);
    }
  }
});

test("the workspace and the user of a refused name may be made up, too", async (context) => {
  const { call } = await start(context);
  for (const [real, made] of [
    ["w/lab/app", "w/xyz/app"],
    ["w/lab/u/ann/app", "w/lab/u/xyz/app"],
  ] as const) {
    const [one, other] = [await call("GET", `/v2/${real}/tags/list`), await call("GET", `/v2/${made}/tags/list`)];
    assert.is(tellsOf(other, made).replaceAll("xyz", real.includes("/u/") ? "ann" : "lab"), tellsOf(one, real));
  }
});

test("a refusal says which scope is missing, and whose it is", async (context) => {
  const { call } = await start(context);
  const messageOf = async (who: string, method: string, path: string) => {
    const { text } = await call(method, `/v2/${path}`, { authorization: basicOf(who) });
    return JSON.parse(text).errors[0];
  };
  assert.equal(await messageOf("eve", "POST", "w/lab/app/blobs/uploads/"), {
    code: "DENIED",
    message:
      'this login lacks the scope repository:w/lab/app:push (scope "workspace" of workspace "lab": its members but readers)',
    detail: { scopes: ["repository:w/lab/app:push"] },
  });
  assert.match(
    (await messageOf("bob", "GET", "w/lab/u/ann/app/tags/list")).message,
    'scope "user" of workspace "lab": ann alone',
  );
  assert.match((await messageOf("bob", "DELETE", "w/lab/app/manifests/1")).message, "its owners");
  assert.match((await messageOf("anonymous", "GET", "library/x/tags/list")).message, "log in: this needs the scope");
});

const OTHER_NAMES = [
  "W/lab/app",
  "w/LAB/app",
  "w/lab/App",
  "w%2Flab%2Fapp",
  "w%2flab/app",
  "%77/lab/app",
  "w/lab/%61pp",
  "w//lab/app",
  "/w/lab/app",
  "w/lab/app/",
  "./w/lab/app",
  "w/lab/./app",
  "w/ops/../lab/app",
  "w/ops/%2e%2e/lab/app",
  "w/ops/..%2flab/app",
  "w/ops/x/../../lab/app",
  "w\\lab\\app",
  "w/lab/app%00",
  "w/lab/app%20",
  "w/lab/app/_layout",
  "w/ops/_uploads",
  "w/lab/u",
  "w/lab/u/carl",
  "w/lab",
  "w",
];

test("a name in another case or encoding is refused as one that is not there", async (context) => {
  const { call } = await start(context);
  for (const who of ["carl", "anonymous"]) {
    const authorization = basicOf(who);
    for (const request of REQUESTS) {
      const [method = "", path = ""] = request.split(" ");
      const expected = await call(method, `/v2/w/lab/xyz/${path}`, { authorization });
      for (const name of OTHER_NAMES) {
        const { status, code } = await call(method, `/v2/${name}/${path}`, { authorization });
        assert.equal([status, code], [expected.status, expected.code], `${who}: ${method} ${name}`);
      }
    }
  }
  // Whoever may read the repository does not find it by another name either.
  for (const name of OTHER_NAMES) {
    for (const who of ["bob", "root"]) {
      const { status } = await call("GET", `/v2/${name}/manifests/1`, { authorization: basicOf(who) });
      assert.ok([400, 403, 404].includes(status), `${who}: ${name}: ${status}`);
    }
  }
});

test("the source of a mount in another case or encoding mounts nothing", async (context) => {
  const { call } = await start(context);
  for (const name of ["w/lab/app", ...OTHER_NAMES, ...OTHER_NAMES.map(encodeURIComponent), ""]) {
    const path = `/v2/w/ops/own/blobs/uploads/?mount=${digestOf(SECRET)}&from=${name}`;
    assert.is((await call("POST", path, { authorization: basicOf("carl") })).status, 202, name);
  }
  const twice = `/v2/w/ops/own/blobs/uploads/?mount=${digestOf(SECRET)}&from=w/ops/own&from=w/lab/app`;
  assert.is((await call("POST", twice, { authorization: basicOf("carl") })).status, 202);
});

test("a digest that was guessed opens nothing", async (context) => {
  const { call } = await start(context);
  const authorization = basicOf("carl");
  const own = (method: string, path: string, body?: string, headers = {}) =>
    call(method, `/v2/w/ops/own/${path}`, { authorization, headers, body });
  assert.is((await own("POST", `blobs/uploads/?digest=${digestOf("{}")}`, "{}")).status, 201);
  assert.is((await own("HEAD", `blobs/${digestOf(SECRET)}`)).status, 404);
  assert.is((await own("POST", `blobs/uploads/?mount=${digestOf(SECRET)}`)).status, 202);
  assert.is((await own("POST", `blobs/uploads/?digest=${digestOf(SECRET)}`, "guess")).status, 400);
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: { mediaType: MEDIA_TYPE.config, digest: digestOf("{}"), size: 2 },
    layers: [{ mediaType: MEDIA_TYPE.layer, digest: digestOf(SECRET), size: SECRET.length }],
  };
  const put = await own("PUT", "manifests/1", JSON.stringify(manifest), { "content-type": MEDIA_TYPE.manifest });
  assert.is(put.code, "MANIFEST_BLOB_UNKNOWN");
  assert.is((await own("GET", `blobs/${digestOf(SECRET)}`)).status, 404);
});

test("a token opens what it was given for, and only as long as its user may", async (context) => {
  const registry = await start(context);
  const { call, token, auth } = registry;
  const tags = async (authorization: string, name = "w/lab/app") =>
    await call("GET", `/v2/${name}/tags/list`, { authorization });
  const right = await token("bob", "repository:w/lab/app:pull,push,delete");
  assert.is((await tags(right)).status, 200);
  // Less was given than asked: bob is no owner.
  const deleted = await call("DELETE", "/v2/w/lab/app/manifests/1", { authorization: right });
  assert.is(deleted.status, 403);
  const other = await tags(await token("bob", "repository:w/lab/other:pull"));
  assert.is(other.status, 401);
  assert.match(
    String(other.headers["www-authenticate"]),
    /^Bearer realm="http:\/\/127\.0\.0\.1:\d+\/v2\/token",service="lading",scope="repository:w\/lab\/app:pull",error="insufficient_scope"$/,
  );
  const pull = await token("bob", "repository:w/lab/app:pull");
  const push = await call("POST", "/v2/w/lab/app/blobs/uploads/", { authorization: pull });
  assert.equal([push.status, push.code], [401, "UNAUTHORIZED"]);
  assert.match(
    String(push.headers["www-authenticate"]),
    'scope="repository:w/lab/app:pull,push",error="insufficient_scope"',
  );
  // A mount takes the rights to both repositories.
  await registry.call("POST", `/v2/w/lab/app/blobs/uploads/?digest=${digestOf("b")}`, {
    authorization: right,
    body: "b",
  });
  const target = await token("bob", "repository:w/lab/u/bob/own:pull,push");
  const mount = `/v2/w/lab/u/bob/own/blobs/uploads/?mount=${digestOf("b")}&from=w/lab/app`;
  assert.is((await call("POST", mount, { authorization: target })).status, 202);
  const silent = await call("POST", mount);
  assert.match(
    String(silent.headers["www-authenticate"]),
    'scope="repository:w/lab/u/bob/own:pull,push repository:w/lab/app:pull"',
  );
  const both = await token("bob", "repository:w/lab/u/bob/own:pull,push repository:w/lab/app:pull");
  assert.is((await call("POST", mount, { authorization: both })).status, 201);
  // Out of the workspace, another password, no user at all: from the next request on.
  await writeRules(auth, ACCESS.replace("bob: member, ", ""));
  assert.is((await tags(right)).status, 403);
  await writeRules(auth);
  assert.is((await tags(right)).status, 200);
  const lines = USERS.map((user) => userLine(user, user === "bob" ? "changed" : undefined));
  await writeRules(auth, ACCESS, lines.join(""));
  assert.is((await tags(right)).status, 401);
  await writeRules(auth, ACCESS, userLine("ann"));
  assert.is((await tags(right)).status, 401);
});

test("a token that was changed, is old, of another kind or of another registry opens nothing", async (context) => {
  const { call, token } = await start(context);
  const right = (await token("ann", "repository:w/lab/u/ann/x:pull")).slice("Bearer ".length);
  const [payload = "", signature = ""] = right.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as TokenClaims;
  const encode = (more: object) => Buffer.from(JSON.stringify({ ...claims, ...more })).toString("base64url");
  const sign = (more: object, key: Uint8Array = TOKEN_KEY) =>
    createTokenSigner(key).sign({ ...claims, ...more } as TokenClaims);
  const wide = { scopes: [{ repository: "w/lab/app", actions: ["pull", "push", "delete"] }] };
  const until = Math.floor(Date.now() / 1000);
  const status = async (token: string) => {
    return (await call("GET", "/v2/w/lab/app/tags/list", { authorization: `Bearer ${token}` })).status;
  };
  assert.is(await status(sign(wide)), 200, "the claims alone would do");
  for (const wrong of [
    `${encode(wide)}.${signature}`,
    `${encode(wide)}.`,
    encode(wide),
    `${encode({ ...wide, user: undefined, mark: undefined })}.${signature}`,
    `${payload}.${signature.slice(0, -1)}`,
    `${Buffer.from('{"alg":"none"}').toString("base64url")}.${encode(wide)}.`,
    sign(wide, Buffer.alloc(32, "other")),
    sign({ ...wide, until: until - 1 }),
    sign({ ...wide, use: "refresh" }),
    sign({ ...wide, user: "bob" }),
    sign({ ...wide, user: "ghost" }),
    sign({ ...wide, mark: undefined }),
    "x".repeat(12_000),
  ]) {
    assert.is(await status(wrong), 401, wrong.slice(0, 400));
  }
  // A wrong login is not taken for none, even where none would do.
  const open = await call("GET", "/v2/w/lab/public/tags/list", { authorization: `Bearer ${encode(wide)}.x` });
  assert.is(open.status, 401);
  assert.match(String(open.headers["www-authenticate"]), 'error="invalid_token"');
});

test("a wrong user and a wrong password are told alike", async (context) => {
  const { call } = await start(context);
  const paths = [
    "/v2/",
    "/v2/token?service=lading",
    "/v2/w/lab/public/tags/list",
    "/v2/w/lab/app/tags/list",
    "/v2/_catalog",
  ];
  for (const path of paths) {
    const wrong = await call("GET", path, { authorization: basicOf("ann", "guess") });
    const unknown = await call("GET", path, { authorization: basicOf("nobody", "guess") });
    assert.is(wrong.status, 401, path);
    assert.is(tellsOf(unknown, ""), tellsOf(wrong, ""));
  }
  for (const authorization of [
    "Basic",
    "Basic ?",
    "Basic Zm9v",
    "Digest x",
    "Bearer",
    "Bearer a b",
    `Basic ${"A".repeat(9000)}`,
  ]) {
    assert.is((await call("GET", "/v2/", { authorization })).status, 401, authorization.slice(0, 40));
  }
});

test("without rules for it, a registry that lost its files stays shut", async (context) => {
  const { call, auth } = await start(context);
  await rm(auth, { recursive: true });
  assert.is((await call("GET", "/v2/w/lab/app/tags/list")).status, 401);
  assert.is((await call("GET", "/v2/w/lab/app/tags/list", { authorization: basicOf("bob") })).status, 200);
});

test.run();
