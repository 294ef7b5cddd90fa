import * as assert from "uvu/assert";
import { createHttpClient } from "../../src/http/client.js";
import { describe } from "../../src/oci/descriptor.js";
import { digestOf } from "../../src/oci/digest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createRegistryStore } from "../../src/registry/client.js";
import { parseLocation, withParameter } from "../../src/registry/location.js";
import { registryUrl } from "../../src/registry/place.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { type Answer, type HostileOptions, reply, startHostileServer } from "../support/hostile-server.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";

const test = suite("registry client: hostile registries");
const PATH = "/v2/team/app";
const HELLO = describe("text/plain", Buffer.from("hello"));
const EMPTY_INDEX = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [] }));

async function start(context: TestContext, answer: Answer, options?: HostileOptions, http = {}) {
  const server = await startHostileServer(context, answer, options);
  const client = createHttpClient({ baseDelayMs: 1, maxDelayMs: 20, ...http });
  context.defer(() => client.close());
  return { server, client, store: createRegistryStore({ registry: server.host, repository: "team/app" }, { client }) };
}

const put = (store: ReturnType<typeof createRegistryStore>, text = "hello") =>
  store.put("text/plain", fromBytes(text), { digest: digestOf(text), size: text.length });

/** A registry that takes uploads; `on` may answer first. */
function uploads(on: Answer): Answer {
  return async (request, response, count) => {
    await on(request, response, count);
    if (response.writableEnded) return;
    if (request.method === "HEAD") return reply(response, 404);
    if (request.method === "POST") return reply(response, 202, { location: `${PATH}/blobs/uploads/1?_state=a%2Fb` });
    if (request.method === "PATCH") return reply(response, 202, { location: `${PATH}/blobs/uploads/2` });
    return reply(response, request.method === "DELETE" ? 204 : 201);
  };
}

test("case 121: a relative Location with a query is kept as it is", async (context) => {
  const { server, store } = await start(
    context,
    uploads(() => undefined),
  );
  await put(store);
  assert.is(
    server.seen.at(-1)?.path,
    `${PATH}/blobs/uploads/1?_state=a%2Fb&digest=${encodeURIComponent(HELLO.digest)}`,
  );
  assert.is(String(server.seen.at(-1)?.body), "hello");
});

test("case 121: a missing Location is an error", async (context) => {
  const { store } = await start(
    context,
    uploads((request, response) => request.method === "POST" && reply(response, 202)),
  );
  assert.match((await rejects(put(store), "REGISTRY")).message, "no Location");
});

const LOCATIONS: readonly (readonly [location: string, from: string, allowed: boolean])[] = [
  ["/v2/x", "https://r.example/v2/", true],
  ["https://storage.example/x?sig=%2B", "https://r.example/v2/", true],
  ["http://r.example/x", "https://r.example/v2/", false],
  ["https://169.254.169.254/x", "https://r.example/v2/", false],
  ["https://10.0.0.1/x", "https://r.example/v2/", false],
  ["https://10.0.0.1/x", "https://10.0.0.1/v2/", true],
  ["http://[::ffff:10.0.0.1]/x", "http://127.0.0.1:5000/v2/", false],
  ["https://localhost/x", "https://r.example/v2/", false],
  ["https://u:p@r.example/x", "https://r.example/v2/", false],
  ["file:///etc/passwd", "http://127.0.0.1/v2/", false],
  ["http://[", "http://127.0.0.1/v2/", false],
];

for (const [location, from, allowed] of LOCATIONS) {
  test(`case 121: Location ${location} from ${from} is ${allowed ? "followed" : "refused"}`, () => {
    assert.is(typeof parseLocation(location, new URL(from)) !== "string", allowed);
  });
}

test("withParameter() leaves a signed query alone", () => {
  const url = new URL("https://h/u?sig=a%2Fb+c~&x");
  assert.is(withParameter(url, "digest", "sha256:1").href, "https://h/u?sig=a%2Fb+c~&x&digest=sha256%3A1");
});

test("case 125: a digest header that lies is found out", async (context) => {
  const { store } = await start(context, (request, response) =>
    request.method === "HEAD"
      ? reply(response, 405)
      : reply(
          response,
          200,
          { "content-type": MEDIA_TYPE.index, "docker-content-digest": digestOf("other") },
          EMPTY_INDEX.toString(),
        ),
  );
  await rejects(store.resolve("latest"), "DIGEST_MISMATCH");
});

test("case 125: content under another digest is found out, blob and manifest", async (context) => {
  const { store } = await start(context, (_request, response) => reply(response, 200, {}, EMPTY_INDEX.toString()));
  const digest = digestOf("other");
  const size = EMPTY_INDEX.byteLength;
  await rejects(collect(store.open({ mediaType: "text/plain", digest, size }), 1000), "DIGEST_MISMATCH");
  await rejects(collect(store.open({ mediaType: MEDIA_TYPE.index, digest, size }), 1000), "DIGEST_MISMATCH");
});

test("case 126: a media type that the content contradicts is refused, by GET and after HEAD", async (context) => {
  const { store } = await start(context, (request, response) => {
    const headers = { "content-type": MEDIA_TYPE.manifest, "docker-content-digest": digestOf(EMPTY_INDEX) };
    if (request.path.endsWith("/old") && request.method === "HEAD") return reply(response, 405);
    if (request.method !== "HEAD") return reply(response, 200, headers, EMPTY_INDEX.toString());
    return reply(response, 200, { ...headers, "content-length": String(EMPTY_INDEX.byteLength) });
  });
  await rejects(store.resolve("old"), "FORMAT");
  await rejects(collect(store.open(await store.resolve("new")), 1000), "FORMAT");
});

test("resolve() asks again by GET where HEAD tells too little, and ignores parameters", async (context) => {
  const { store } = await start(context, (request, response) =>
    request.method === "HEAD"
      ? reply(response, 200)
      : reply(response, 200, { "content-type": `${MEDIA_TYPE.index}; charset=utf-8` }, EMPTY_INDEX.toString()),
  );
  assert.equal(await store.resolve("latest"), describe(MEDIA_TYPE.index, EMPTY_INDEX));
});

for (const [title, length, body] of [
  ["short", "3", "hel"],
  ["long", "9", "hello you"],
] as const) {
  test(`case 127: a blob with a ${title} Content-Length is refused`, async (context) => {
    const { store } = await start(context, (_request, response) =>
      reply(response, 200, { "content-length": length }, body),
    );
    await rejects(collect(store.open(HELLO), 100), "DIGEST_MISMATCH");
  });
}

test("case 127: content without end stops at its size, a manifest at 4 MiB", async (context) => {
  const { store } = await start(context, (_request, response) => {
    const timer = setInterval(() => response.write(Buffer.alloc(65_536, "a")), 1);
    context.defer(() => clearInterval(timer));
    response.on("close", () => clearInterval(timer));
  });
  await rejects(collect(store.open(HELLO), 1e9), "DIGEST_MISMATCH");
  await rejects(collect(store.open({ ...HELLO, mediaType: MEDIA_TYPE.index }), 1e9), "TOO_LARGE");
});

test("case 129: 500, a lost session and then success: the upload starts anew", async (context) => {
  let count = 0;
  const { server, store } = await start(
    context,
    uploads((request, response) => request.method === "PUT" && count < 2 && reply(response, [500, 404][count++] ?? 0)),
  );
  await put(store);
  assert.is(server.seen.filter(({ method }) => method === "POST").length, 3);
  assert.equal(
    server.seen.filter(({ method }) => method === "PUT").map(({ body }) => String(body)),
    ["hello", "hello", "hello"],
  );
});

test("case 129: a yes that keeps nothing is found out", async (context) => {
  const { store } = await start(
    context,
    uploads((request, response) => request.method === "PUT" && reply(response, 202)),
  );
  assert.match((await rejects(put(store), "REGISTRY")).message, "did not keep it");
});

test("case 132: content that the registry said to have and lost is uploaded by the next push", async (context) => {
  let lost = true;
  const { server, store } = await start(
    context,
    uploads((request, response) => {
      if (request.method === "HEAD" && request.path.includes("blobs")) reply(response, 200, { "content-length": "5" });
      if (request.method !== "PUT" || !request.path.includes("manifests") || !lost) return;
      reply(response, 404, {}, JSON.stringify({ errors: [{ code: "MANIFEST_BLOB_UNKNOWN", message: HELLO.digest }] }));
    }),
  );
  assert.ok(await store.has(HELLO));
  const error = await rejects(store.put(MEDIA_TYPE.index, fromBytes(EMPTY_INDEX)), "REGISTRY");
  assert.match(error.message, "push again");
  lost = false;
  assert.not.ok(await store.has(HELLO));
  await put(store);
  await store.put(MEDIA_TYPE.index, fromBytes(EMPTY_INDEX));
  assert.is(server.seen.filter(({ method, path }) => method === "PUT" && path.includes("uploads")).length, 1);
});

for (const [title, link] of [
  ["another host", '<http://127.0.0.1:1/v2/team/app/tags/list?last=a>; rel="next"'],
  ["itself", '</v2/team/app/tags/list>; rel="next"'],
] as const) {
  test(`case 131: a list of tags that goes on at ${title} is refused`, async (context) => {
    const { store } = await start(context, (_request, response) => reply(response, 200, { link }, '{"tags":["a"]}'));
    await rejects(store.tags(), "REGISTRY");
  });
}

test("a registry that answers 500: soon, and one line", async (context) => {
  const { store } = await start(context, (_request, response) => reply(response, 500, {}, "<h1>\noops</h1>"));
  for (const action of [() => store.has(HELLO), () => store.resolve("a"), () => put(store), () => store.tags()]) {
    const error = await rejects(action(), "REGISTRY");
    assert.ok(error.detail.retryable);
    assert.match(error.message, /^Cannot [^\n]*500; try again later[^\n]*$/);
  }
});

test("a registry that hangs: soon, and one line", async (context) => {
  const { store } = await start(context, () => undefined, {}, { headersTimeoutMs: 100 });
  const error = await rejects(store.has(HELLO), "NETWORK");
  assert.match(error.message, /^[^\n]*no answer in time[^\n]*$/);
});

test("a large upload that is refused early tells why", async (context) => {
  const { store } = await start(
    context,
    (request, response) => {
      if (request.method === "HEAD") return reply(response, 404);
      if (request.method === "POST") return reply(response, 202, { location: `${PATH}/blobs/uploads/1` });
      return reply(response, 413, {}, JSON.stringify({ errors: [{ code: "SIZE_INVALID", message: "too big" }] }));
    },
    { early: true },
  );
  const text = "a".repeat(3_000_000);
  const error = await rejects(put(store, text), "REGISTRY");
  assert.is(error.detail.status, 413);
  assert.match(error.message, "SIZE_INVALID (too big)");
});

test("a large upload of wrong content is cut before its end and given back", async (context) => {
  const { server, store } = await start(
    context,
    uploads(() => undefined),
  );
  const text = "a".repeat(3_000_000);
  const wrong = store.put("text/plain", fromBytes(text), { digest: HELLO.digest, size: text.length });
  await rejects(wrong, "DIGEST_MISMATCH");
  assert.is(server.seen.filter(({ method }) => method === "PUT").length, 0);
  assert.is(server.seen.at(-1)?.method, "DELETE");
});

test("put() after has() does not look twice, and what is there is not sent", async (context) => {
  const { server, store } = await start(
    context,
    uploads((request, response) => {
      if (request.method === "HEAD" && request.path.includes(HELLO.digest))
        reply(response, 200, { "content-length": "5" });
    }),
  );
  assert.equal(await put(store), HELLO);
  const other = { mediaType: "text/plain", digest: digestOf("other"), size: 5 };
  assert.not.ok(await store.has(other));
  await put(store, "other");
  assert.equal(
    server.seen.map(({ method }) => method),
    ["HEAD", "HEAD", "POST", "PUT"],
  );
});

test("registryUrl() is https, but on this machine; Docker Hub answers elsewhere", () => {
  assert.is(registryUrl("docker.io").href, "https://registry-1.docker.io/");
  assert.is(registryUrl("r.example:5000").href, "https://r.example:5000/");
  assert.is(registryUrl("10.0.0.1:5000").href, "https://10.0.0.1:5000/");
  assert.is(registryUrl("10.0.0.1:5000", true).href, "http://10.0.0.1:5000/");
  assert.is(registryUrl("127.0.0.1:5000").href, "http://127.0.0.1:5000/");
  assert.is(registryUrl("[::1]:5000").href, "http://[::1]:5000/");
});

test.run();
