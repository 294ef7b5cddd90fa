import { randomBytes } from "node:crypto";
import { type AddressInfo, createServer, type Socket } from "node:net";
import * as assert from "uvu/assert";
import { deliver } from "../../src/deliver.js";
import { createHttpClient } from "../../src/http/client.js";
import { describe } from "../../src/oci/descriptor.js";
import { digestOf } from "../../src/oci/digest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createRegistryStore, type RegistryStoreOptions } from "../../src/registry/client.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { createAuthority } from "../support/authority.js";
import { startCuttingProxy } from "../support/cutting-proxy.js";
import { startEmbeddedRegistry } from "../support/embedded-registry.js";
import { type Answer, reply, startHostileServer } from "../support/hostile-server.js";
import { putImage } from "../support/image.js";
import { missing } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";

const test = suite("registry client: hostile answers", { deadlineMs: 120_000 });
const HELLO = describe("text/plain", Buffer.from("hello"));

function storeAt(context: TestContext, host: string, http = {}, more: Partial<RegistryStoreOptions> = {}) {
  const client = createHttpClient({ baseDelayMs: 1, maxDelayMs: 20, ...http });
  context.defer(() => client.close());
  const backoff = { baseDelayMs: 1, maxDelayMs: 20 };
  return createRegistryStore({ registry: host, repository: "team/app" }, { client, backoff, ...more });
}

/** A server that says what it likes on each connection, HTTP or not. */
async function startRaw(context: TestContext, speak: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    speak(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.defer(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("case 123: challenges on several lines are one list, and the one that lading knows is answered", async (context) => {
  const { host, seen } = await startHostileServer(context, ({ headers, path }, response) => {
    if (path.startsWith("/token")) return reply(response, 200, {}, '{"token":"good"}');
    if (headers.authorization === "Bearer good") return reply(response, 200, {}, '{"tags":[]}');
    const lines = [
      "Negotiate",
      'Basic realm="a, b"',
      `Bearer realm="http://${headers.host}/token",scope="x:y:pull,push"`,
    ];
    return response.writeHead(401, { "www-authenticate": lines }).end();
  });
  assert.equal(await storeAt(context, host).tags(), []);
  assert.ok(seen.some(({ path }) => path.includes("scope=x%3Ay%3Apull%2Cpush&scope=repository")));
});

const CHALLENGES: readonly (readonly [title: string, header: string, code: "SYNTAX" | "NETWORK"])[] = [
  ["without a closing quote", 'Bearer realm="http://127.0.0.1/token', "SYNTAX"],
  ["of 15 000 characters that go nowhere", `Bearer ${"a=,".repeat(5000)}`, "SYNTAX"],
  ["of a megabyte", `Bearer realm="${"a".repeat(1_000_000)}"`, "NETWORK"],
];

for (const [title, header, code] of CHALLENGES) {
  test(`case 123: a challenge ${title} is refused`, async (context) => {
    const { host } = await startHostileServer(context, (_request, response) =>
      reply(response, 401, { "www-authenticate": header }),
    );
    const error = await rejects(storeAt(context, host).has(HELLO), code);
    assert.ok(error.message.length < 400);
  });
}

test("case 127: content that trickles is given up, however many bytes have come", async (context) => {
  const { host } = await startHostileServer(context, (_request, response) => {
    response.writeHead(200, { "content-length": String(HELLO.size) });
    const timer = setInterval(() => response.write("h"), 100);
    context.defer(() => clearInterval(timer));
    response.on("close", () => clearInterval(timer));
  });
  const large = { ...HELLO, size: 10_000_000 };
  const { host: endless } = await startHostileServer(context, (_request, response) => {
    const timer = setInterval(() => response.write("h"), 50);
    context.defer(() => clearInterval(timer));
    response.on("close", () => clearInterval(timer));
  });
  await rejects(collect(storeAt(context, host, { idleTimeoutMs: 300 }).open(HELLO), 100), "NETWORK");
  const error = await rejects(collect(storeAt(context, endless, { idleTimeoutMs: 300 }).open(large), 1e8), "NETWORK");
  assert.match(error.message, "the answer stalled");
});

test("case 127: an answer whose headers trickle is given up", async (context) => {
  const host = await startRaw(context, (socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nx-slow: ");
      const timer = setInterval(() => socket.write("a"), 100);
      context.defer(() => clearInterval(timer));
      socket.on("close", () => clearInterval(timer));
    });
  });
  const error = await rejects(storeAt(context, host, { headersTimeoutMs: 1000 }).has(HELLO), "NETWORK");
  assert.match(error.message, "no answer in time");
});

test("a host that takes the connection and never speaks TLS is left after the time to connect", async (context) => {
  const host = await startRaw(context, () => undefined);
  const client = createHttpClient({ connectTimeoutMs: 300, baseDelayMs: 1 });
  context.defer(() => client.close());
  const error = await rejects(client.request({ method: "GET", url: `https://${host}/v2/` }), "NETWORK");
  assert.match(error.message, "no connection in time");
});

test("something that speaks another language is no registry", async (context) => {
  const host = await startRaw(context, (socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"));
  const error = await rejects(storeAt(context, host).has(HELLO), "NETWORK");
  assert.match(error.message, /does not speak HTTP|cut/);
});

test.needs(
  missing("openssl"),
  "a registry of TLS on this machine is found out, as one of Go's answers and as one of Node's",
  async (context) => {
    const authority = await createAuthority(context);
    const tls = await authority.issue(["127.0.0.1"]);
    const answer: Answer = (_request, response) => reply(response, 200, {}, '{"tags":[]}');
    const { host, seen } = await startHostileServer(context, answer, { tls });
    const cacert = [authority.caFile];
    // All at once: the others wait until it is known.
    const store = storeAt(context, host, { cacert });
    await Promise.all([store.has(HELLO), store.has(HELLO), store.tags()]);
    assert.ok(seen.length >= 3);
    const error = await rejects(storeAt(context, host).has(HELLO), "NETWORK");
    assert.match(error.message, "unknown authority");
    const go = await startRaw(context, (socket) => {
      socket.once("data", (bytes) => {
        const isTls = bytes[0] === 0x16;
        socket.end(isTls ? "" : "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n");
      });
    });
    assert.is((await rejects(storeAt(context, go).has(HELLO), "REGISTRY")).detail.status, 400);
  },
);

for (const after of ["1000000000", "-1", "Thu, 01 Jan 2099 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "soon"]) {
  test(`case 130: 429 with Retry-After ${after} is tried again within the limit`, async (context) => {
    const { host, seen } = await startHostileServer(context, (_request, response, count) =>
      count < 3 ? reply(response, 429, { "retry-after": after }) : reply(response, 200, {}, '{"tags":[]}'),
    );
    assert.equal(await storeAt(context, host).tags(), []);
    assert.is(seen.length, 4);
  });
}

test("case 130: a name is not asked for again by GET after 429, which would count as a pull", async (context) => {
  const { host, seen } = await startHostileServer(context, (_request, response) => reply(response, 429));
  const { detail } = await rejects(storeAt(context, host).resolve("1"), "REGISTRY");
  assert.equal([detail.status, detail.retryable], [429, true]);
  assert.ok(seen.every(({ method }) => method === "HEAD"));
});

test("case 126: a page for people in the place of a manifest is said to come from there", async (context) => {
  const { host } = await startHostileServer(context, (_request, response) =>
    reply(response, 200, { "content-type": "text/html" }, "<html>Log in</html>"),
  );
  const { message } = await rejects(storeAt(context, host).resolve("1"), "SYNTAX");
  assert.match(message, `Cannot read manifest "1" from docker://${host}/team/app: cannot decode manifest at line 1`);
  assert.match(message, "that no proxy answers for it");
});

test("case 130: 429 for ever is a no that may pass", async (context) => {
  const { host, seen } = await startHostileServer(context, (_request, response) =>
    reply(response, 429, { "retry-after": "99999" }, '{"errors":[{"code":"TOOMANYREQUESTS","message":"slow"}]}'),
  );
  const error = await rejects(storeAt(context, host).tags(), "REGISTRY");
  assert.ok(error.detail.retryable);
  assert.match(error.message, "TOOMANYREQUESTS (slow); wait and try again");
  assert.ok(seen.length < 10);
});

test("case 130: an upload waits as long as the registry asks, and is then sent again", async (context) => {
  for (const size of [5, 2 * 1024 * 1024]) {
    const at: number[] = [];
    const { host } = await startHostileServer(context, ({ method }, response) => {
      if (method === "POST") return reply(response, 202, { location: "/v2/team/app/blobs/uploads/1" });
      if (method === "GET") return reply(response, 404);
      if (method === "HEAD") return reply(response, 404);
      at.push(performance.now());
      const isLast = method === "PUT" && at.length > 1;
      return reply(response, at.length === 1 ? 503 : isLast ? 201 : 202, { "retry-after": "1", location: "/v2/u" });
    });
    const content = Buffer.alloc(size, "x");
    const descriptor = describe("text/plain", content);
    const store = storeAt(context, host, {}, { backoff: { baseDelayMs: 1, maxDelayMs: 5000 } });
    const options = { ...descriptor, reopen: () => fromBytes(content) };
    assert.equal((await store.put("text/plain", fromBytes(content), options)).digest, descriptor.digest);
    assert.ok((at[1] ?? 0) - (at[0] ?? 0) > 900, `${size}: ${at}`);
  }
});

test("case 129: an upload that the registry calls out of range begins anew", async (context) => {
  let count = 0;
  const { host, seen } = await startHostileServer(context, ({ method }, response) => {
    if (method === "HEAD") return reply(response, 404);
    if (method === "POST")
      return reply(response, 202, { location: `/v2/team/app/blobs/uploads/${count}`, range: "0-99" });
    if (method !== "PUT") return reply(response, 404);
    return reply(response, count++ === 0 ? 416 : 201, { range: "5-2" });
  });
  await storeAt(context, host).put("text/plain", fromBytes("hello"), HELLO);
  assert.equal(
    seen.filter(({ method }) => method === "PUT").map(({ body }) => String(body)),
    ["hello", "hello"],
  );
});

test("case 132: a mount that was none: the blob is uploaded once the manifest is refused", async (context) => {
  const local = createMemoryStore();
  const root = await putImage(local, [Buffer.from("layer")]);
  const uploaded = new Set<string>();
  const { host, seen } = await startHostileServer(context, ({ method, path }, response) => {
    const digest = /sha256(?::|%3A)[0-9a-f]{64}/.exec(path)?.[0].replace("%3A", ":") ?? "";
    if (path.includes("mount=")) return reply(response, 201, { location: "/v2/team/app/blobs/x" });
    if (method === "POST") return reply(response, 202, { location: "/v2/team/app/blobs/uploads/1" });
    if (method === "PUT" && path.includes("uploads")) return reply(response, uploaded.add(digest).size > 0 ? 201 : 500);
    if (method === "PUT") {
      const isWhole = uploaded.size === 2;
      return isWhole ? reply(response, 201) : reply(response, 400, {}, '{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}');
    }
    return reply(response, 404);
  });
  const from = { ...local, repository: { registry: host, repository: "team/base" } };
  await deliver(root, from, { store: storeAt(context, host), name: "1", label: "there" });
  assert.is(seen.filter(({ path }) => path.includes("mount=")).length > 0, true);
  assert.is(uploaded.size, 2);
});

test("case 133: cut after each 64 KiB: the next run sends only what is missing", async (context) => {
  const { host } = await startEmbeddedRegistry(context);
  const proxy = await startCuttingProxy(context, host);
  const [step, count] = [65_536, 3];
  const piece = 4 * step;
  for (let at = 1; at * step < count * piece; at++) {
    const local = createMemoryStore();
    const layers = Array.from({ length: count }, () => randomBytes(piece));
    const root = await putImage(local, layers);
    proxy.limit({ up: at * step, dead: true });
    const place = () => ({ store: storeAt(context, proxy.host, { attempts: 1 }), name: `t${at}`, label: "there" });
    await rejects(deliver(root, local, place(), { jobs: 1 }), "NETWORK");
    proxy.limit({});
    const direct = storeAt(context, host);
    const there = await Promise.all(
      layers.map((bytes) => direct.has({ mediaType: MEDIA_TYPE.layer, digest: digestOf(bytes), size: piece })),
    );
    const before = proxy.sent;
    await deliver(root, local, place(), { jobs: 1 });
    const missingBytes = there.filter((isThere) => !isThere).length * piece;
    const sent = proxy.sent - before;
    assert.ok(sent < missingBytes + 20_000, `after ${at} steps: ${sent} bytes for ${missingBytes} that were missing`);
    assert.is((await direct.resolve(`t${at}`)).digest, root.digest);
  }
});

test.run();
