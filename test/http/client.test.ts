import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createServer as createHttpServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { createHttpClient } from "../../src/http/client.js";
import { redirectRequest } from "../../src/http/redirect.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { reply, startHostileServer } from "../support/hostile-server.js";
import { rejects, throws } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";

const test = suite("http/client");

function quick(context: TestContext, more = {}) {
  const client = createHttpClient({ baseDelayMs: 5, maxDelayMs: 50, ...more });
  context.defer(() => client.close());
  return client;
}

test("a body goes out and comes back, as it is", async (context) => {
  const { url, seen } = await startHostileServer(context, ({ body }, response) =>
    reply(response, 200, {}, body.toString()),
  );
  const body = { open: () => fromBytes("hello"), size: 5 };
  const response = await quick(context).request({ method: "POST", url: `${url}/x?a=%2f`, body });
  assert.is((await collect(response.body, 10)).toString(), "hello");
  assert.is(seen[0]?.path, "/x?a=%2f");
  assert.is(seen[0]?.headers["content-length"], "5");
  assert.is(seen[0]?.headers["accept-encoding"], "identity");
});

test("a producer that uses one buffer for all chunks is sent right", async (context) => {
  const { url, seen } = await startHostileServer(context, (_request, response) => reply(response, 200));
  const open = async function* () {
    const chunk = Buffer.alloc(65_536);
    for (let count = 0; count < 64; count++) yield chunk.fill(count);
  };
  await quick(context).request({ method: "PUT", url, body: { open, size: 64 * 65_536 } });
  const wrong = seen[0]?.body.findIndex((byte, at) => byte !== Math.floor(at / 65_536));
  assert.is(wrong, -1);
});

test("a connection is used again, after a HEAD too", async (context) => {
  const { url, seen } = await startHostileServer(context, (_request, response) => reply(response, 200));
  const client = quick(context, { connections: 4 });
  const ports = new Set<number | undefined>();
  const countPorts = (message: unknown) => {
    ports.add((message as { request: IncomingMessage }).request.socket.remotePort);
  };
  subscribe("http.server.request.start", countPorts);
  context.defer(() => {
    unsubscribe("http.server.request.start", countPorts);
  });
  for (const method of ["HEAD", "GET", "HEAD", "PUT"] as const) {
    await (await client.request({ method, url })).discard();
  }
  assert.equal([seen.length, ports.size], [4, 1]);
});

test("64 requests go at once, all stopped by one signal, and nothing is printed", async (context) => {
  const waiting: (() => void)[] = [];
  const { url } = await startHostileServer(context, (_request, response) => {
    waiting.push(() => reply(response, 200));
    if (waiting.length === 64) for (const answer of waiting) answer();
  });
  const warnings: string[] = [];
  const note = (warning: Error) => void warnings.push(warning.name);
  process.on("warning", note);
  context.defer(() => void process.off("warning", note));
  const client = quick(context);
  const { signal } = new AbortController();
  const ask = async () => await (await client.request({ method: "GET", url, signal })).discard();
  await Promise.all(Array.from({ length: 64 }, ask));
  assert.equal([waiting.length, warnings], [64, []]);
});

test("a server that is restarted is waited for, one that never answered is not", async (context) => {
  const start = (port: number) =>
    new Promise<Server>((resolve) => {
      const server = createHttpServer((_request, response) => response.end()).listen(port, "127.0.0.1");
      server.once("listening", () => resolve(server));
    });
  const stop = (server: Server) => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  const first = await start(0);
  const { port } = first.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  const client = quick(context, { baseDelayMs: 300, maxDelayMs: 300 });
  await (await client.request({ method: "GET", url })).discard();
  await stop(first);
  const answer = client.request({ method: "GET", url });
  const second = await sleep(150).then(() => start(port));
  assert.is((await answer).status, 200);
  await stop(second);
  const stranger = quick(context, { baseDelayMs: 1e9, maxDelayMs: 1e9 });
  assert.match((await rejects(stranger.request({ method: "GET", url }), "NETWORK")).message, "nothing listens there");
});

test("case 128: nothing is decompressed", async (context) => {
  const { url } = await startHostileServer(context, (_request, response) =>
    reply(response, 200, { "content-encoding": "gzip" }, "raw"),
  );
  const response = await quick(context).request({ method: "GET", url });
  assert.is((await collect(response.body, 10)).toString(), "raw");
});

test("case 119: a redirect to another port takes no secret header along, and opens the body again", async (context) => {
  const target = await startHostileServer(context, (_request, response) => reply(response, 200));
  const { url, seen } = await startHostileServer(context, (_request, response) =>
    reply(response, 307, { location: `${target.url}/there` }),
  );
  const headers = { authorization: "Bearer s", "x-api-key": "s", cookie: "s", accept: "a", "content-type": "t" };
  const body = { open: () => fromBytes("hello"), size: 5 };
  const response = await quick(context).request({ method: "PUT", url, headers, body });
  assert.is(response.url.href, `${target.url}/there`);
  assert.is(seen[0]?.headers.authorization, "Bearer s");
  const got = target.seen[0];
  assert.is(String(got?.body), "hello");
  for (const name of ["authorization", "x-api-key", "cookie"]) assert.is(got?.headers[name], undefined);
  assert.equal([got?.headers.accept, got?.headers["content-type"]], ["a", "t"]);
});

test("a redirect to the same origin keeps the headers", async (context) => {
  const { url, seen } = await startHostileServer(context, ({ path }, response) =>
    path === "/a" ? reply(response, 302, { location: "/b" }) : reply(response, 200),
  );
  await quick(context).request({ method: "GET", url: `${url}/a`, headers: { authorization: "s" } });
  assert.is(seen[1]?.headers.authorization, "s");
});

test("redirects in a circle end", async (context) => {
  const { url, seen } = await startHostileServer(context, (_request, response) =>
    reply(response, 302, { location: "/a" }),
  );
  await rejects(quick(context).request({ method: "GET", url }), "NETWORK");
  assert.is(seen.length, 11);
});

test("case 120: redirectRequest() refuses to leave https, odd schemes, user names and nowhere", () => {
  const from = new URL("https://h/a");
  const request = { method: "GET", url: from } as const;
  for (const location of ["http://h/a", "file:///etc/passwd", "https://u:p@h/", undefined, "http://["]) {
    const error = throws(() => redirectRequest(request, from, 302, location), "NETWORK");
    assert.not.match(error.message, "u:p");
  }
});

test("statuses that pass are tried again, with a body too", async (context) => {
  const { url, seen } = await startHostileServer(context, (_request, response, count) =>
    reply(response, [503, 429, 200][count] ?? 500, { "retry-after": "0" }),
  );
  const body = { open: () => fromBytes("hello"), size: 5 };
  const response = await quick(context).request({ method: "PUT", url, body });
  assert.is(response.status, 200);
  assert.equal(
    seen.map((each) => String(each.body)),
    ["hello", "hello", "hello"],
  );
});

test("a status that stays is the answer in the end", async (context) => {
  const { url, seen } = await startHostileServer(context, (_request, response) => reply(response, 500, {}, "no"));
  const response = await quick(context).request({ method: "GET", url });
  assert.is(response.status, 500);
  assert.is((await collect(response.body, 10)).toString(), "no");
  assert.is(seen.length, 4);
});

test("POST and a body that opens once are sent once", async (context) => {
  const { url, seen } = await startHostileServer(context, (_request, response) => reply(response, 503));
  await quick(context).request({ method: "POST", url });
  const body = { open: () => fromBytes("hello"), size: 5, once: true };
  await quick(context).request({ method: "PUT", url, body });
  assert.is(seen.length, 2);
});

test("a cut connection is tried again", async (context) => {
  const { url, seen } = await startHostileServer(context, (_request, response, count) =>
    count < 2 ? response.destroy() : reply(response, 200),
  );
  assert.is((await quick(context).request({ method: "GET", url })).status, 200);
  assert.is(seen.length, 3);
});

test("a server that hangs is left after two timeouts", async (context) => {
  const { url, seen } = await startHostileServer(context, () => undefined);
  const start = Date.now();
  const error = await rejects(quick(context, { headersTimeoutMs: 200 }).request({ method: "GET", url }), "NETWORK");
  assert.match(error.message, "no answer in time");
  assert.not.match(error.message, "\n");
  assert.is(seen.length, 2);
  assert.ok(Date.now() - start < 5_000);
});

test("case 127: an answer that stalls ends, and so does one that is cut", async (context) => {
  const { url } = await startHostileServer(context, ({ path }, response) => {
    response.writeHead(200, { "content-length": "10" });
    response.write("half");
    if (path === "/cut") setTimeout(() => response.destroy(), 20);
  });
  const client = quick(context, { idleTimeoutMs: 200 });
  for (const path of ["/stall", "/cut"]) {
    const response = await client.request({ method: "GET", url: url + path });
    await rejects(collect(response.body, 100), "NETWORK");
  }
});

test("an error of the body's source comes out as it is", async (context) => {
  const { url } = await startHostileServer(context, (_request, response) => reply(response, 200));
  const open = async function* () {
    yield Buffer.from("half");
    throw Object.assign(new Error("the source broke"), { code: "ECONNRESET" });
  };
  const request = quick(context).request({ method: "PUT", url, body: { open, size: 10 } });
  assert.is(await request.catch((error) => error.message), "the source broke");
});

test("an abort stops a request and the reading of an answer", async (context) => {
  const { url } = await startHostileServer(context, ({ path }, response) => {
    if (path === "/body") response.write("half");
  });
  const client = quick(context);
  const nameOf = (promise: Promise<unknown>) => promise.catch((error) => error.name);
  const soon = () => AbortSignal.any([AbortSignal.timeout(50)]);
  assert.is(await nameOf(client.request({ method: "GET", url, signal: AbortSignal.abort() })), "AbortError");
  assert.is(await nameOf(client.request({ method: "GET", url, signal: soon() })), "TimeoutError");
  const response = await client.request({ method: "GET", url: `${url}/body`, signal: soon() });
  assert.is(await nameOf(collect(response.body, 100)), "TimeoutError");
});

test("nobody there: one line that says what to do, at once", async (context) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  const port = typeof address === "object" ? address?.port : 0;
  const error = await rejects(
    quick(context, { baseDelayMs: 10_000 }).request({ method: "GET", url: `http://localhost:${port}/x?secret` }),
    "NETWORK",
  );
  assert.match(error.message, "nothing listens there, start the server");
  assert.not.match(error.message, "secret");
});

test("case 134: plain http to another machine is refused before it is sent", async (context) => {
  const error = await rejects(quick(context).request({ method: "GET", url: "http://r.example/v2/" }), "NETWORK");
  assert.match(error.message, "plain http");
  await rejects(quick(context).request({ method: "GET", url: "file:///etc/passwd" }), "NETWORK");
});

test.run();
