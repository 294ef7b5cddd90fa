/**
 * Blobs that come from another repository of the registry, by lading's own registry and by Debian's.
 *
 * @module
 */

import * as assert from "uvu/assert";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createRegistryStore } from "../../src/registry/client.js";
import { createMemoryCache } from "../../src/store/cache.js";
import { copy, planCopy } from "../../src/store/copy.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { startCuttingProxy } from "../support/cutting-proxy.js";
import { startDockerRegistry } from "../support/docker-registry.js";
import { startEmbeddedRegistry } from "../support/embedded-registry.js";
import { reply, startHostileServer } from "../support/hostile-server.js";
import { putImage } from "../support/image.js";
import { missing } from "../support/programs.js";
import { suite, type TestContext } from "../support/suite.js";

const test = suite("registry client: mounts");
const REGISTRIES = [
  ["lading serve", startEmbeddedRegistry, undefined],
  ["docker-registry", startDockerRegistry, missing("docker-registry")],
] as const;

async function createImage() {
  const store = createMemoryStore();
  const root = await putImage(store, [Buffer.alloc(3_000_000, "a"), Buffer.from("small")]);
  return { store, root };
}

for (const [name, start, lacking] of REGISTRIES) {
  const begin = async (context: TestContext) => {
    const { host } = await start(context);
    const proxy = await startCuttingProxy(context, host);
    const cache = createMemoryCache();
    const open = (repository: string) => createRegistryStore({ registry: proxy.host, repository }, { cache });
    return { proxy, open, ...(await createImage()) };
  };

  test.needs(lacking, `${name}: what went to a sibling repository is mounted from there`, async (context) => {
    const { proxy, open, store, root } = await begin(context);
    await copy(root, store, open("team/one"));
    const before = proxy.sent;
    const plan = await planCopy(root, store, open("team/two"));
    const { bytes, blobs } = await copy(root, store, open("team/two"));
    assert.equal({ blobs, bytes }, { blobs: plan.blobs, bytes: plan.bytes });
    assert.equal(
      blobs.map(({ action }) => action),
      ["mounted", "mounted", "mounted", "copied"],
    );
    assert.ok(proxy.sent - before < 20_000, `${proxy.sent - before} bytes sent`);
    assert.equal((await copy(root, store, open("team/two"))).bytes.skipped, bytes.mounted + bytes.copied);
  });

  test.needs(lacking, `${name}: within one registry blobs are mounted from the source`, async (context) => {
    const { proxy, store, root } = await begin(context);
    const open = (repository: string) => createRegistryStore({ registry: proxy.host, repository });
    await copy(root, store, open("team/one"));
    const before = proxy.received;
    const { bytes } = await copy(root, open("team/one"), open("team/two"));
    assert.ok(bytes.mounted > 3_000_000);
    assert.ok(proxy.received - before < 20_000);
  });

  test.needs(lacking, `${name}: what a repository no longer has is sent`, async (context) => {
    const { open, store, root } = await begin(context);
    const cache = createMemoryCache();
    const { digest } = (await copy(root, store, open("team/one"))).blobs[0]?.descriptor ?? root;
    await cache.set(`repositories of ${open("x").repository?.registry} with ${digest}`, ["gone/one", "gone/two"]);
    const target = createRegistryStore(open("team/three").repository ?? { registry: "", repository: "" }, { cache });
    assert.ok((await planCopy(root, store, target)).bytes.copied > 3_000_000);
    assert.ok((await copy(root, store, target)).bytes.copied > 3_000_000);
  });
}

test("an upload that a registry begins instead is used, and one too many is given back", async (context) => {
  let count = 0;
  const { host, seen } = await startHostileServer(context, (request, response) => {
    if (request.method === "HEAD") return reply(response, 404);
    if (request.method !== "POST") return reply(response, request.method === "DELETE" ? 204 : 201);
    return reply(response, 202, { location: `/v2/team/app/blobs/uploads/${++count}` });
  });
  const cache = createMemoryCache();
  const store = createMemoryStore();
  const blob = await store.put(MEDIA_TYPE.layer, fromBytes("hello"));
  await cache.set(`repositories of ${host} with ${blob.digest}`, ["a/b", "c/d", "../evil"]);
  await copy(blob, store, createRegistryStore({ registry: host, repository: "team/app" }, { cache }));
  assert.equal(
    seen.map(({ method, path }) => `${method} ${path.replace(/sha256.*?(?=&|$)/, "X")}`),
    [
      "HEAD /v2/team/app/blobs/X",
      "POST /v2/team/app/blobs/uploads/?mount=X&from=a%2Fb",
      "POST /v2/team/app/blobs/uploads/?mount=X&from=c%2Fd",
      "DELETE /v2/team/app/blobs/uploads/1",
      "PUT /v2/team/app/blobs/uploads/2?digest=X",
    ],
  );
});

test.run();
