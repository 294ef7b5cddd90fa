/**
 * Uploads and downloads over a network that is cut, and by processes that are killed.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createHttpClient } from "../../src/http/client.js";
import { describe } from "../../src/oci/descriptor.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createRegistryStore } from "../../src/registry/client.js";
import { copy } from "../../src/store/copy.js";
import { createFolderJournal } from "../../src/store/journal.js";
import { createMemoryStore } from "../../src/store/memory.js";
import type { Store } from "../../src/store/store.js";
import { collect } from "../../src/stream/bytes.js";
import { type CuttingProxy, startCuttingProxy } from "../support/cutting-proxy.js";
import { startDockerRegistry } from "../support/docker-registry.js";
import { startEmbeddedRegistry } from "../support/embedded-registry.js";
import { reply, startHostileServer } from "../support/hostile-server.js";
import { missing } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("registry client: uploads that are cut", { deadlineMs: 180_000 });
const STEP = 256 * 1024;
const SIZE = 16 * 1024 * 1024;
/** What requests need beside content. */
const HEADERS = 64 * 1024;
const BACKOFF = { baseDelayMs: 1, maxDelayMs: 5 };

const bytes = randomBytes(SIZE);
const blob = describe(MEDIA_TYPE.layer, bytes);

/** A store of one large blob that opens in small pieces, as files do. */
const store: Store = {
  ...createMemoryStore(),
  async *open() {
    for (let at = 0; at < SIZE; at += 65_536) yield bytes.subarray(at, at + 65_536);
  },
};

function createTarget(context: TestContext, proxy: CuttingProxy, repository: string, folder?: string): Store {
  const client = createHttpClient({ baseDelayMs: 1, maxDelayMs: 200, attempts: 4 });
  context.defer(() => client.close());
  const journal = folder === undefined ? undefined : createFolderJournal(folder);
  return createRegistryStore({ registry: proxy.host, repository }, { client, journal, backoff: BACKOFF });
}

test("every connection is cut after 256 KiB: the upload goes on, and no byte that got there goes twice", async (context) => {
  const { host } = await startEmbeddedRegistry(context);
  const proxy = await startCuttingProxy(context, host);
  proxy.limit({ up: STEP });
  let counted = 0;
  const onBytes = (_: unknown, bytes: number) => {
    counted += bytes;
  };
  await copy(blob, store, createTarget(context, proxy, "team/app"), { onBytes });
  assert.ok(proxy.cuts >= 60, `${proxy.cuts} cuts`);
  // Headers, and what the server had taken from the network and not yet kept.
  assert.ok(proxy.sent < SIZE + proxy.cuts * 16_384, `${proxy.sent - SIZE} bytes too many`);
  assert.is(counted, SIZE);
});

/** Cuts the network for good after `up` bytes, then pushes again, as the next process would. Gives the bytes of both. */
async function pushTwice(
  context: TestContext,
  proxy: CuttingProxy,
  at: { repository: string; up: number; folder: string },
) {
  const before = proxy.sent;
  proxy.limit({ up: at.up, dead: true });
  await rejects(copy(blob, store, createTarget(context, proxy, at.repository, at.folder)), "NETWORK");
  const first = proxy.sent - before;
  proxy.limit({});
  const { bytes } = await copy(blob, store, createTarget(context, proxy, at.repository, at.folder));
  assert.is(bytes.copied, SIZE);
  return { first, second: proxy.sent - before - first };
}

test("cut for good at every 256 KiB: the next run sends the rest", async (context) => {
  const { host } = await startEmbeddedRegistry(context);
  const proxy = await startCuttingProxy(context, host);
  const folder = await tempFolder(context);
  for (let up = STEP; up < SIZE; up += STEP) {
    const { first, second } = await pushTwice(context, proxy, { repository: `team/app${up}`, up, folder });
    assert.ok(first + second < SIZE + HEADERS, `cut at ${up}: ${first} and then ${second} bytes`);
  }
});

const lacking = missing("docker-registry");

test.needs(lacking, "docker-registry loses what is cut: the next run sends all, in chunks", async (context) => {
  const { host } = await startDockerRegistry(context);
  const proxy = await startCuttingProxy(context, host);
  const folder = await tempFolder(context);
  for (let up = STEP; up < SIZE; up += 8 * STEP) {
    const { second } = await pushTwice(context, proxy, { repository: `team/app${up}`, up, folder: join(folder, "j") });
    assert.ok(second < SIZE + HEADERS, `cut at ${up}: ${second} bytes`);
  }
});

test("a download that is cut goes on from there, and every byte is checked", async (context) => {
  const { host } = await startEmbeddedRegistry(context);
  const proxy = await startCuttingProxy(context, host);
  await copy(blob, store, createTarget(context, proxy, "team/app"));
  const before = proxy.received;
  proxy.limit({ down: 4 * STEP });
  await copy(blob, createTarget(context, proxy, "team/app"), createMemoryStore());
  assert.ok(proxy.cuts >= 15, `${proxy.cuts} cuts`);
  assert.ok(proxy.received - before < SIZE + HEADERS, `${proxy.received - before} bytes`);
});

/** What a scripted registry does not answer as usual. */
type Script = (
  request: { method: string; path: string },
  count: number,
) => [number, Record<string, string>?] | undefined;

/** Pushes the blob to a registry that keeps what it is sent, and tells each request: `PATCH 0-4194303`, `PUT 16777216`. */
async function pushTo(context: TestContext, script: Script, folder?: string): Promise<readonly string[]> {
  let kept = 0;
  const told: string[] = [];
  const { host } = await startHostileServer(context, ({ method, path, headers, body }, response, count) => {
    const said = headers["content-range"] ?? (body.byteLength > 0 ? body.byteLength : undefined);
    told.push(said === undefined ? method : `${method} ${said}`);
    const [status, more] = script({ method, path }, count) ?? [];
    const location = { location: "/v2/team/app/blobs/uploads/1" };
    if (method === "GET" && more?.range !== undefined) kept = Number(more.range.replace("0-", "")) + 1;
    if (status !== undefined) return reply(response, status, more);
    if (method === "HEAD") return reply(response, 404);
    if (method === "POST") kept = 0;
    kept += body.byteLength;
    const usual = { POST: 202, PATCH: 202, PUT: 201 }[method] ?? 204;
    return reply(response, usual, { ...location, range: `0-${Math.max(kept - 1, 0)}` });
  });
  const journal = folder === undefined ? undefined : createFolderJournal(folder);
  await journal?.note(`upload docker://${host}/team/app ${blob.digest}`, { location: `http://${host}/v2/old` });
  await journal?.release(`upload docker://${host}/team/app ${blob.digest}`);
  const client = createHttpClient({ baseDelayMs: 1, maxDelayMs: 5 });
  context.defer(() => client.close());
  const place = { registry: host, repository: "team/app" };
  await copy(blob, store, createRegistryStore(place, { client, journal, backoff: BACKOFF }));
  return told;
}

const MIB = 1024 * 1024;
/** The requests of chunks of so many bytes, from `start` on. */
function chunksFrom(start: number, chunk: number): readonly string[] {
  const told = [];
  for (let at = start; at < SIZE; at += chunk) told.push(`PATCH ${at}-${Math.min(at + chunk, SIZE) - 1}`);
  return told;
}

test("a registry that asks for chunks gets them, as large as it wants", async (context) => {
  const location = "/v2/team/app/blobs/uploads/1";
  const told = await pushTo(context, ({ method }) =>
    method === "POST" ? [202, { location, "oci-chunk-min-length": String(6 * MIB) }] : undefined,
  );
  assert.equal(told, ["HEAD", "POST", ...chunksFrom(0, 6 * MIB), "PUT"]);
});

test("what is too large for one request goes in chunks", async (context) => {
  const told = await pushTo(context, (_request, count) => (count === 2 ? [413] : count === 3 ? [404] : undefined));
  assert.equal(told, ["HEAD", "POST", `PUT ${SIZE}`, "GET", "DELETE", "POST", ...chunksFrom(0, 4 * MIB), "PUT"]);
});

test("a PUT that fails goes on from where the registry has it", async (context) => {
  const told = await pushTo(context, ({ method }, count) =>
    count === 2 ? [500] : method === "GET" ? [204, { range: `0-${5 * MIB - 1}` }] : undefined,
  );
  assert.equal(told.slice(2, 5), [`PUT ${SIZE}`, "GET", `PATCH ${5 * MIB}-${9 * MIB - 1}`]);
});

for (const [title, answer] of [
  ["is gone", [404]],
  ["has more bytes than there are", [204, { range: `0-${SIZE}` }]],
  ["has one byte or none", [204, { range: "0-0" }]],
  ["nobody can tell of", [204]],
] as const) {
  test(`an upload of an earlier process that ${title} begins anew, in chunks`, async (context) => {
    const told = await pushTo(
      context,
      ({ method }) => (method === "GET" ? [answer[0], { ...answer[1] }] : undefined),
      await tempFolder(context),
    );
    assert.equal(told, ["HEAD", "GET", "POST", ...chunksFrom(0, 4 * MIB), "PUT"]);
  });
}

test("an upload of an earlier process that turns out to be something else begins anew", async (context) => {
  let puts = 0;
  const told = await pushTo(
    context,
    ({ method }) => {
      if (method === "GET") return puts === 0 ? [204, { range: `0-${12 * MIB - 1}` }] : [404];
      return method === "PUT" && ++puts === 1 ? [400] : undefined;
    },
    await tempFolder(context),
  );
  const first = ["HEAD", "GET", ...chunksFrom(12 * MIB, 4 * MIB), "PUT"];
  assert.equal(told, [...first, "GET", "DELETE", "POST", ...chunksFrom(0, 4 * MIB), "PUT"]);
});

test("a registry that never takes a byte more is given up", async (context) => {
  const error = await rejects(
    pushTo(context, ({ method }) => (method === "PUT" ? [500] : method === "GET" ? [404] : undefined)),
    "REGISTRY",
  );
  assert.is(error.detail.status, 500);
});

for (const range of ["0-9", "0-0"]) {
  test(`a registry that says yes to every chunk and ${range} each time is given up`, async (context) => {
    let chunks = 0;
    const answer = { location: "/v2/team/app/blobs/uploads/1", range };
    const { message } = await rejects(
      pushTo(context, ({ method }) => {
        if (method === "PUT") return [413];
        if (method === "GET") return [404];
        // Were it asked without end, this would end it, with another error.
        if (method === "PATCH") return ++chunks > 5 ? [403] : [202, answer];
        return undefined;
      }),
      "REGISTRY",
    );
    assert.match(message, `Cannot upload ${blob.digest} to`);
    assert.match(message, "it has no more than before");
    assert.is(chunks, 2);
  });
}

const TEXT = "0123456789";
const SMALL = describe("text/plain", Buffer.from(TEXT));

/** Opens a blob at a registry that cuts its first answer after four bytes, and then answers so. Gives its text. */
async function openCut(context: TestContext, status: number, headers: Record<string, string>, body: string) {
  const { host, seen } = await startHostileServer(context, (_request, response, count) => {
    if (count > 0) return reply(response, status, headers, body);
    response.writeHead(200, { "content-length": String(TEXT.length) });
    response.write(TEXT.slice(0, 4), () => setTimeout(() => response.destroy(), 20));
  });
  const place = { registry: host, repository: "team/app" };
  const text = (await collect(createRegistryStore(place, { backoff: BACKOFF }).open(SMALL), 100)).toString();
  assert.is(seen[1]?.headers.range, "bytes=4-");
  return text;
}

const REST = TEXT.slice(4);
const part = (range: string) => ({ "content-range": range });

test("a download that was cut takes the rest, or all of it and skips what it has", async (context) => {
  assert.is(await openCut(context, 206, part("bytes 4-9/10"), REST), TEXT);
  assert.is(await openCut(context, 206, part("bytes 4-9/*"), REST), TEXT);
  assert.is(await openCut(context, 200, {}, TEXT), TEXT);
});

for (const [title, code, status, headers, body] of [
  ["another part", "REGISTRY", 206, part("bytes 3-9/10"), TEXT.slice(3)],
  ["a part that does not say which", "REGISTRY", 206, {}, REST],
  ["a part of something larger", "REGISTRY", 206, part("bytes 4-9/11"), REST],
  ["a part of another length", "DIGEST_MISMATCH", 206, { ...part("bytes 4-9/10"), "content-length": "2" }, "45"],
  ["other bytes", "DIGEST_MISMATCH", 206, part("bytes 4-9/10"), "abcdef"],
  ["more bytes", "DIGEST_MISMATCH", 206, part("bytes 4-9/10"), `${REST}!`],
  ["fewer bytes", "DIGEST_MISMATCH", 200, {}, TEXT.slice(0, 4)],
  ["no range", "REGISTRY", 416, {}, ""],
  ["nothing any more", "NOT_FOUND", 404, {}, ""],
] as const) {
  test(`a download that was cut and then gets ${title} is refused`, async (context) => {
    await rejects(openCut(context, status, { ...headers }, body), code);
  });
}

test.run();
