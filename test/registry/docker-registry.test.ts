import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createRegistryStore } from "../../src/registry/client.js";
import { createCredentialSource } from "../../src/registry/credentials.js";
import { copy } from "../../src/store/copy.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { startDockerRegistry, USER } from "../support/docker-registry.js";
import { putImage } from "../support/image.js";
import { missing } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("registry client: Debian's docker-registry");
const lacking = missing("docker-registry");

test.needs(lacking, "an image goes there and comes back, and again without a byte", async (context) => {
  const { host } = await startDockerRegistry(context);
  const local = createMemoryStore();
  const root = await putImage(local, [Buffer.alloc(3_000_000, "a"), Buffer.from("small")]);
  const remote = createRegistryStore({ registry: host, repository: "team/app" });
  const first = await copy(root, local, remote);
  assert.ok(first.bytes.copied > 3_000_000);
  await remote.tag([{ name: "1", descriptor: root }]);
  assert.equal(await remote.resolve("1"), root);
  assert.equal(
    (await remote.tags()).map(({ name }) => name),
    ["1"],
  );
  const again = await copy(root, local, createRegistryStore({ registry: host, repository: "team/app" }));
  assert.is(again.bytes.copied, 0);
  const back = createMemoryStore();
  await copy(root, remote, back);
  assert.ok(await back.has(root));
});

test.needs(lacking, "content of unknown size and digest streams", async (context) => {
  const { host } = await startDockerRegistry(context);
  const store = createRegistryStore({ registry: host, repository: "team/app" });
  const descriptor = await store.put(
    MEDIA_TYPE.layer,
    (async function* () {
      const chunk = Buffer.alloc(100_000);
      // One buffer for all chunks, as producers do.
      for (let count = 0; count < 50; count++) yield chunk.fill(count);
    })(),
  );
  assert.is(descriptor.size, 5_000_000);
  assert.ok(await store.has(descriptor));
  for await (const _chunk of store.open(descriptor));
});

test.needs(lacking, "htpasswd: a login from a file opens it, none says where to put one", async (context) => {
  const { host } = await startDockerRegistry(context, { auth: true });
  const home = await tempFolder(context);
  await mkdir(join(home, ".docker"));
  const auth = Buffer.from(`${USER.name}:${USER.password}`).toString("base64");
  await writeFile(join(home, ".docker/config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
  const local = createMemoryStore();
  const root = await putImage(local, [Buffer.alloc(2_000_000, "b")]);
  const place = { registry: host, repository: "team/app" };
  const remote = createRegistryStore(place, { credentials: createCredentialSource({ env: { HOME: home } }) });
  await copy(root, local, remote);
  await remote.tag([{ name: "1", descriptor: root }]);
  const error = await rejects(copy(root, local, createRegistryStore(place)), "REGISTRY");
  assert.is(error.detail.status, 401);
  assert.match(error.message, `lading login ${host}`);
  assert.not.match(error.message, "\n");
});

test.run();
