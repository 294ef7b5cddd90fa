/**
 * Referrers, by the API and by the tag that stands for it.
 *
 * @module
 */

import * as assert from "uvu/assert";
import { type Descriptor, describe } from "../../src/oci/descriptor.js";
import { decodeIndex, encodeManifest } from "../../src/oci/manifest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { referrersTag } from "../../src/oci/referrer.js";
import { createRegistryStore } from "../../src/registry/client.js";
import { copy } from "../../src/store/copy.js";
import { createMemoryStore } from "../../src/store/memory.js";
import type { Store } from "../../src/store/store.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { startDockerRegistry } from "../support/docker-registry.js";
import { startEmbeddedRegistry } from "../support/embedded-registry.js";
import { reply, startHostileServer } from "../support/hostile-server.js";
import { putImage } from "../support/image.js";
import { missing } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";

const test = suite("registry client: referrers");
const REGISTRIES = [
  ["lading serve", startEmbeddedRegistry, undefined],
  ["docker-registry", startDockerRegistry, missing("docker-registry")],
] as const;

async function putReferrer(store: Store, subject: Descriptor, text: string, artifactType = "text/sbom") {
  const config = await store.put(MEDIA_TYPE.empty, fromBytes("{}"));
  const layer = await store.put("text/plain", fromBytes(text));
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, artifactType, config, layers: [layer] } as const;
  return await store.put(MEDIA_TYPE.manifest, fromBytes(encodeManifest({ ...manifest, subject })));
}

async function begin(context: TestContext, start: (context: TestContext) => Promise<{ readonly host: string }>) {
  const { host } = await start(context);
  const open = () => createRegistryStore({ registry: host, repository: "team/app" });
  const local = createMemoryStore();
  const subject = await putImage(local, [Buffer.from("layer")]);
  const store = open();
  await copy(subject, local, store);
  await store.tag([{ name: "1", descriptor: subject }]);
  const list = async (artifactType?: string) =>
    ((await open().referrers?.(subject.digest, { artifactType })) ?? []).map(({ digest }) => digest).sort();
  return { store, open, subject, list };
}

for (const [name, start, lacking] of REGISTRIES) {
  test.needs(lacking, `${name}: referrers are listed, by type, and gone when they are deleted`, async (context) => {
    const { store, open, subject, list } = await begin(context, start);
    assert.equal(await list(), []);
    const sbom = await putReferrer(store, subject, "sbom");
    const signature = await putReferrer(open(), subject, "signature", "text/signature");
    assert.equal(await list(), [sbom.digest, signature.digest].sort());
    assert.equal(await list("text/signature"), [signature.digest]);
    const [found] = (await store.referrers?.(subject.digest, { artifactType: "text/sbom" })) ?? [];
    assert.equal(found, { ...sbom, artifactType: "text/sbom" });
    await open().untag([sbom.digest]);
    assert.equal(await list(), [signature.digest]);
  });

  test.needs(lacking, `${name}: eight that refer to one image at once are all listed`, async (context) => {
    const { open, subject, list } = await begin(context, start);
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, count) => putReferrer(open(), subject, `sbom ${count}`)),
    );
    assert.equal(await list(), all.map(({ digest }) => digest).sort());
  });
}

test("a list under the tag that is no index stops the push, and is left alone", async (context) => {
  const subject = describe(MEDIA_TYPE.manifest, Buffer.from("subject"));
  const { host, seen } = await startHostileServer(context, (request, response) => {
    if (request.method === "HEAD") return reply(response, 200, { "content-length": "2" });
    if (request.method === "GET") return reply(response, 200, { "content-type": MEDIA_TYPE.manifest }, "[]");
    return reply(response, 201);
  });
  const store = createRegistryStore({ registry: host, repository: "team/app" });
  const config = { mediaType: MEDIA_TYPE.empty, digest: describe("", Buffer.from("{}")).digest, size: 2 };
  const manifest = encodeManifest({ schemaVersion: 2, mediaType: MEDIA_TYPE.manifest, config, layers: [], subject });
  await rejects(store.put(MEDIA_TYPE.manifest, fromBytes(manifest)), "SYNTAX");
  assert.is(
    seen.filter(({ method, path }) => method === "PUT" && path.includes(referrersTag(subject.digest))).length,
    0,
  );
});

test("the list that clients keep has what strangers put there, and their fields", async (context) => {
  const subject = describe(MEDIA_TYPE.manifest, Buffer.from("subject"));
  const tag = `/v2/team/app/manifests/${referrersTag(subject.digest)}`;
  const stranger = {
    ...describe(MEDIA_TYPE.manifest, Buffer.from("x")),
    artifactType: "text/x",
    annotations: { a: "b" },
  };
  let index = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [stranger], more: 1 });
  const { host } = await startHostileServer(context, (request, response) => {
    if (request.method === "POST") return reply(response, 202, { location: "/v2/team/app/blobs/uploads/1" });
    if (request.path !== tag) return reply(response, request.method === "PUT" ? 201 : 404);
    if (request.method === "PUT") index = String(request.body);
    return reply(response, 200, { "content-type": MEDIA_TYPE.index }, request.method === "GET" ? index : "");
  });
  const store = createRegistryStore({ registry: host, repository: "team/app" });
  const own = await putReferrer({ ...createMemoryStore(), put: store.put } as Store, subject, "sbom");
  const { manifests, ...rest } = decodeIndex(Buffer.from(index));
  assert.equal(manifests, [stranger, { ...own, artifactType: "text/sbom" }]);
  assert.is((rest as { more?: unknown }).more, 1);
});

test.run();
