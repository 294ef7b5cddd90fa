import * as assert from "uvu/assert";
import { createHttpClient, type HttpClient } from "../../src/http/client.js";
import type { HttpRequest } from "../../src/http/message.js";
import type { Credentials } from "../../src/registry/auth-file.js";
import { createRegistryStore } from "../../src/registry/client.js";
import { mergeScopes } from "../../src/registry/scope.js";
import { createSession } from "../../src/registry/session.js";
import { fetchToken } from "../../src/registry/token.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { type Answer, reply, startHostileServer } from "../support/hostile-server.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";

const test = suite("registry/auth");
const USER: Credentials = { username: "joe", password: "hunter2" };
const BASIC = `Basic ${Buffer.from("joe:hunter2").toString("base64")}`;

/** A registry that wants `Bearer good`, whose token server answers as `token` says. */
async function startTokenRegistry(context: TestContext, token: Answer) {
  const server = await startHostileServer(context, (request, response, count) => {
    if (request.path.startsWith("/token")) return token(request, response, count);
    if (request.headers.authorization === "Bearer good") return reply(response, 200, {}, '{"tags":[]}');
    const realm = `Bearer realm="http://${request.headers.host}/token?own=1",service="s",scope="repository:team/app:pull"`;
    return reply(response, 401, { "www-authenticate": realm });
  });
  const store = (credentials?: Credentials) =>
    createRegistryStore(
      { registry: server.host, repository: "team/app" },
      { credentials: async () => credentials, client: createHttpClient({ baseDelayMs: 1 }) },
    );
  return { server, store };
}

const good: Answer = (_request, response) => reply(response, 200, {}, '{"token":"good"}');

test("a token is asked for with service, scope and login, and used again", async (context) => {
  const { server, store } = await startTokenRegistry(context, good);
  const remote = store(USER);
  await remote.tags();
  await remote.tags();
  const asked = server.seen.filter(({ path }) => path.startsWith("/token"));
  assert.is(asked.length, 1);
  assert.is(asked[0]?.path, "/token?own=1&service=s&scope=repository%3Ateam%2Fapp%3Apull&account=joe");
  assert.is(asked[0]?.headers.authorization, BASIC);
  assert.is(server.seen.length, 4);
});

test("an anonymous token is asked for without login", async (context) => {
  const { server, store } = await startTokenRegistry(context, good);
  await store().tags();
  assert.is(server.seen.find(({ path }) => path.startsWith("/token"))?.headers.authorization, undefined);
});

test("an identity token goes by POST to the token server alone, by GET where that is not known", async (context) => {
  const { server, store } = await startTokenRegistry(context, (request, response) =>
    request.method === "POST" ? reply(response, 404) : reply(response, 200, {}, '{"access_token":"good"}'),
  );
  await store({ identityToken: "refresh" }).tags();
  const post = server.seen.find(({ method }) => method === "POST");
  assert.match(String(post?.body), "grant_type=refresh_token&refresh_token=refresh");
  const others = server.seen.filter((request) => request !== post);
  assert.not.match(JSON.stringify(others), "refresh");
});

test("a registry token is sent as it is", async (context) => {
  const { server, store } = await startTokenRegistry(context, good);
  await store({ registryToken: "good" }).tags();
  assert.is(server.seen.filter(({ path }) => path.startsWith("/token")).length, 0);
});

const BAD_TOKENS: readonly (readonly [title: string, body: string, code: "REGISTRY" | "TOO_LARGE"])[] = [
  ["no token", "{}", "REGISTRY"],
  ["no JSON", "<html>", "REGISTRY"],
  ["line breaks in the token", JSON.stringify({ token: "good\r\nx: y" }), "REGISTRY"],
  ["more than 64 KiB", JSON.stringify({ token: "good", more: "x".repeat(100_000) }), "TOO_LARGE"],
];

for (const [title, body, code] of BAD_TOKENS) {
  test(`case 124: a token answer with ${title} is refused`, async (context) => {
    const { store } = await startTokenRegistry(context, (_request, response) => reply(response, 200, {}, body));
    const error = await rejects(store(USER).tags(), code);
    assert.not.match(error.message, "hunter2");
  });
}

for (const expires of [-1, "NaN", null, 1e300]) {
  test(`case 124: expires_in ${expires} still gives a token that lives a minute`, async (context) => {
    const body = JSON.stringify({ token: "good", expires_in: expires });
    const { server, store } = await startTokenRegistry(context, (_request, response) => reply(response, 200, {}, body));
    const remote = store();
    await remote.tags();
    await remote.tags();
    assert.is(server.seen.filter(({ path }) => path.startsWith("/token")).length, 1);
  });
}

test("a token that is not enough is asked for once more, then it is a no", async (context) => {
  let tokens = 0;
  const { server, store } = await startTokenRegistry(context, (_request, response) =>
    reply(response, 200, {}, JSON.stringify({ token: `bad${tokens++}` })),
  );
  const error = await rejects(store(USER).tags(), "REGISTRY");
  assert.is(error.detail.status, 401);
  assert.match(error.message, "log in");
  assert.is(server.seen.filter(({ path }) => path.startsWith("/token")).length, 2);
});

test("case 118: a token server that redirects to another host is refused", async (context) => {
  const inside = await startHostileServer(context, (_request, response) =>
    reply(response, 200, {}, '{"token":"good"}'),
  );
  const { store } = await startTokenRegistry(context, (_request, response) =>
    reply(response, 302, { location: `${inside.url}/token` }),
  );
  await rejects(store(USER).tags(), "NETWORK");
  assert.is(inside.seen.length, 0);
});

test("an abort ends the question for a token, and not that of another who asks the same", async (context) => {
  let count = 0;
  const { server, store } = await startTokenRegistry(context, (request, response) =>
    count++ === 0 ? undefined : good(request, response, count),
  );
  const remote = store(USER);
  const stop = new AbortController();
  const stopped = remote.tags({ signal: stop.signal }).catch((error) => error.name);
  const other = remote.tags();
  while (count === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  assert.is(await stopped, "AbortError");
  assert.equal(await other, []);
  assert.is(server.seen.filter(({ path }) => path.startsWith("/token")).length, 2);
});

test("case 124: a token server that takes for ever ends in a typed error", async (context) => {
  const { url } = await startHostileServer(context, (_request, response) => {
    response.writeHead(200).write("{");
  });
  const client = createHttpClient();
  context.defer(() => client.close());
  const wanted = { realm: new URL(url), service: undefined, scopes: [], credentials: USER };
  const error = await rejects(fetchToken(client, wanted, { deadlineMs: 200 }), "NETWORK");
  assert.match(error.message, "the answer stalled");
});

/** A session over answers that are made up: the registry is not on this machine. */
function fakeSession(
  answer: (request: HttpRequest) => { status: number; headers?: Record<string, string>; body?: string; url?: string },
) {
  const sent: HttpRequest[] = [];
  const client: HttpClient = {
    async request(request) {
      sent.push(request);
      const { status, headers = {}, body = "", url } = answer(request);
      return { status, headers, url: new URL(url ?? request.url), body: fromBytes(body), discard: async () => {} };
    },
    close: async () => {},
  };
  const place = { registry: "r.example", repository: "team/app" };
  return { sent, session: createSession(place, { client, credentials: async () => USER }) };
}

test("case 117: a token server on a stranger's host gets no credentials, and the error says so", async () => {
  const { sent, session } = fakeSession(({ url }) =>
    String(url).startsWith("https://stranger.example")
      ? { status: 200, body: '{"token":"weak"}' }
      : { status: 401, headers: { "www-authenticate": 'Bearer realm="https://stranger.example/t"' } },
  );
  const response = await session.send({ method: "GET", to: "tags/list", actions: "pull" });
  const error = await session.refused(response, "GET", "list");
  assert.match(error.message, "stranger.example");
  const asked = sent.filter(({ url }) => String(url).startsWith("https://stranger.example"));
  assert.ok(asked.length > 0);
  assert.not.match(JSON.stringify(asked), Buffer.from("joe:hunter2").toString("base64"));
  assert.not.match(JSON.stringify(asked), "joe");
});

test("case 122: a 401 of another host after a redirect is not answered", async () => {
  const { sent, session } = fakeSession(() => ({
    status: 401,
    headers: { "www-authenticate": 'Basic realm="trap"' },
    url: "https://trap.example/",
  }));
  const response = await session.send({ method: "GET", to: "tags/list", actions: "pull" });
  assert.is(response.status, 401);
  assert.is(sent.length, 1);
});

test("case 121: credentials stay away from an upload on another host", async () => {
  const { sent, session } = fakeSession(({ headers }) =>
    headers?.authorization === BASIC
      ? { status: 200 }
      : { status: 401, headers: { "www-authenticate": 'Basic realm="r"' } },
  );
  await session.send({ method: "GET", to: "tags/list", actions: "pull,push" });
  await session.send({ method: "PUT", to: new URL("https://other.example/u"), actions: "pull,push" });
  await session.send({ method: "PUT", to: new URL("https://r.example/u"), actions: "pull,push" });
  assert.equal(
    sent.map(({ headers }) => headers?.authorization),
    [undefined, BASIC, undefined, BASIC],
  );
});

test("a registry that repeats the token in its error does not get it printed", async () => {
  const { session } = fakeSession(({ headers }) =>
    headers?.authorization === undefined
      ? { status: 401, headers: { "www-authenticate": 'Basic realm="r"' } }
      : {
          status: 403,
          body: JSON.stringify({ errors: [{ code: "DENIED", message: `no ${headers.authorization}\nx` }] }),
        },
  );
  const response = await session.send({ method: "GET", to: "tags/list", actions: "pull" });
  const error = await session.refused(response, "GET", "list");
  assert.match(error.message, "DENIED (no Basic *** x)");
});

const SCOPES: readonly (readonly [demanded: string | undefined, own: string, expected: readonly string[]])[] = [
  [undefined, "repository:a:pull", ["repository:a:pull"]],
  ["repository:a:pull", "repository:a:pull,push", ["repository:a:pull,push"]],
  ["repository:b:pull  x", "repository:a:pull", ["repository:b:pull", "x", "repository:a:pull"]],
  ["repository:h:5000/a:push", "repository:h:5000/a:pull", ["repository:h:5000/a:push,pull"]],
];

for (const [demanded, own, expected] of SCOPES) {
  test(`mergeScopes() makes ${expected.join(" and ")}`, () => assert.equal(mergeScopes(demanded, own), expected));
}

test.run();
