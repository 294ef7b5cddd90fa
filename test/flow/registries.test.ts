/**
 * What a client does with a registry, with each kind of registry.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type Descriptor, describe } from "../../src/oci/descriptor.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createRegistryStore } from "../../src/registry/client.js";
import { createCredentialSource } from "../../src/registry/credentials.js";
import { copy } from "../../src/store/copy.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { createMemoryStore } from "../../src/store/memory.js";
import type { Store } from "../../src/store/store.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { type Command, createCommand } from "../bin/command.js";
import { createAuthority } from "../support/authority.js";
import { type CuttingProxy, startCuttingProxy } from "../support/cutting-proxy.js";
import { startDockerRegistry, USER } from "../support/docker-registry.js";
import { putImage } from "../support/image.js";
import { missing } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { startServe } from "../support/serve.js";
import { suite, type TestContext } from "../support/suite.js";

const test = suite("registries, one after the other", { deadlineMs: 300_000 });

/** Bytes of the layer that stays, of the one that changes, and more than the requests of one push take without content. */
const [LARGE, SMALL, REQUESTS] = [3_000_000, 200_000, 60_000];

/** A registry as the command line reaches it. */
interface Reached {
  readonly host: string;
  /** The files of authorities to trust. */
  readonly cacert: readonly string[];
  /** Does it want a login? */
  readonly closed: boolean;
}

interface Kind {
  readonly title: string;
  /** What this machine lacks for it. */
  readonly lacking: string | undefined;
  start(context: TestContext): Promise<Reached>;
}

const open = (host: string): Reached => ({ host, cacert: [], closed: false });

const KINDS: readonly Kind[] = [
  {
    title: "docker-registry",
    lacking: missing("docker-registry"),
    start: async (context) => open((await startDockerRegistry(context)).host),
  },
  {
    title: "docker-registry with TLS and a private authority",
    lacking: missing("docker-registry", "openssl"),
    async start(context) {
      const authority = await createAuthority(context);
      const tls = await authority.issue(["127.0.0.1"]);
      const { host } = await startDockerRegistry(context, { tls });
      return { host, cacert: [authority.caFile], closed: false };
    },
  },
  {
    title: "docker-registry with users",
    lacking: missing("docker-registry"),
    start: async (context) => ({ ...open((await startDockerRegistry(context, { auth: true })).host), closed: true }),
  },
  {
    title: "lading serve",
    lacking: undefined,
    start: async (context) => open((await startServe(context)).host),
  },
  {
    title: "lading serve with TLS and a private authority",
    lacking: missing("openssl"),
    async start(context) {
      const authority = await createAuthority(context);
      const { certFile, keyFile } = await authority.issue(["127.0.0.1"]);
      const { host } = await startServe(context, { flags: ["--cert", certFile, "--key", keyFile] });
      return { host, cacert: [authority.caFile], closed: false };
    },
  },
];

interface Scene {
  readonly command: Command;
  readonly proxy: CuttingProxy;
  /** `docker://HOST/team/NAME`, by way of the proxy that counts. */
  at(name: string): string;
  /** The same as a store. */
  store(name: string): Store;
  /** Runs a verb; gives its result and the bytes that went to the registry meanwhile. */
  run(...args: readonly string[]): Promise<{ readonly sent: number; readonly bytes: Readonly<Record<string, number>> }>;
}

async function startScene(context: TestContext, kind: Kind): Promise<Scene> {
  const { host, cacert, closed } = await kind.start(context);
  const proxy = await startCuttingProxy(context, host);
  const command = await createCommand(context);
  const flags = cacert.flatMap((file) => ["--cacert", file]);
  if (closed) {
    const args = ["login", proxy.host, "-u", USER.name, "--password-stdin"];
    const { code, stderr } = await command.lading(args, { input: USER.password });
    assert.is(code, 0, stderr);
  }
  const credentials = createCredentialSource({ env: command.env });
  return {
    command,
    proxy,
    at: (name) => `docker://${proxy.host}/team/${name}`,
    store: (name) =>
      createRegistryStore({ registry: proxy.host, repository: `team/${name}` }, { credentials, network: { cacert } }),
    async run(...args) {
      const before = proxy.sent;
      const { bytes } = await command.json<{ bytes: Record<string, number> }>(...args, ...flags);
      return { sent: proxy.sent - before, bytes };
    },
  };
}

const put = (store: Store, mediaType: string, bytes: Uint8Array) =>
  store.put(mediaType, fromBytes(bytes), describe(mediaType, bytes));

/** An index of two images under `multi`, its first image under `one`, and something that refers to that. */
async function makeImages(store: Store, large: Buffer): Promise<Descriptor> {
  const one = await putImage(store, [large, randomBytes(SMALL)]);
  const two = await putImage(store, [randomBytes(SMALL)]);
  const manifests = [
    { ...one, platform: { os: "linux", architecture: "amd64" } },
    { ...two, platform: { os: "linux", architecture: "arm64" } },
  ];
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests };
  const root = await put(store, MEDIA_TYPE.index, Buffer.from(JSON.stringify(index)));
  await store.tag([
    { name: "one", descriptor: one },
    { name: "multi", descriptor: root },
  ]);
  const referrer = await putImage(store, [Buffer.from("signed")], {
    subject: one,
    artifactType: "application/vnd.example.signature",
  });
  await store.tag([{ descriptor: referrer }]);
  return one;
}

for (const kind of KINDS) {
  test.needs(kind.lacking, kind.title, async (context) => {
    const { command, at, store, run } = await startScene(context, kind);
    const local = createLayoutStore(join(command.folder, "src"));
    const large = randomBytes(LARGE);
    const one = await makeImages(local, large);

    const first = await run("push", "oci:src:one", `${at("app")}:1`);
    assert.ok(first.sent > LARGE && first.sent < LARGE + SMALL + REQUESTS, `first push: ${first.sent}`);
    const again = await run("push", "oci:src:one", `${at("app")}:1`);
    assert.is(again.bytes.copied, 0);
    assert.ok(again.sent < REQUESTS, `second push: ${again.sent}`);

    const changed = await putImage(local, [large, randomBytes(SMALL)]);
    await local.tag([{ name: "changed", descriptor: changed }]);
    const next = await run("push", "oci:src:changed", `${at("app")}:2`);
    assert.ok(next.sent > SMALL && next.sent < SMALL + REQUESTS, `one layer changed: ${next.sent}`);

    const sibling = await run("copy", `${at("app")}:1`, `${at("sibling")}:1`);
    assert.ok((sibling.bytes.mounted ?? 0) > LARGE + SMALL, "its blobs are mounted");
    assert.ok(sibling.sent < REQUESTS, `sibling: ${sibling.sent}`);
    const known = await run("push", "oci:src:one", `${at("third")}:1`);
    assert.ok(known.sent < REQUESTS, `from this machine, mounted out of what was pushed before: ${known.sent}`);

    await run("pull", `${at("sibling")}:1`, "oci:back:1");
    const back = createLayoutStore(join(command.folder, "back"));
    assert.is((await back.resolve("1")).digest, one.digest);
    await copy(one, back, createMemoryStore());

    await run("copy", "oci:src:multi", `${at("app")}:multi`, "--all");
    await run("copy", `${at("app")}:multi`, "oci:back:multi", "--all");
    const [there, here] = await Promise.all([back.resolve("multi"), local.resolve("multi")]);
    assert.is(there.digest, here.digest);
    await copy(here, back, createMemoryStore());

    await run("copy", "oci:src:one", `${at("signed")}:1`, "--referrers");
    const found = await store("signed").referrers?.(one.digest);
    assert.equal(
      found?.map(({ artifactType }) => artifactType),
      ["application/vnd.example.signature"],
    );
    await run("copy", `${at("signed")}:1`, "oci:signed:1", "--referrers");
    assert.is((await createLayoutStore(join(command.folder, "signed")).tags()).length, 2);

    await store("third").untag([one.digest]);
    await rejects(store("third").resolve("1"), "NOT_FOUND");
    assert.is((await store("app").resolve("1")).digest, one.digest);
  });
}

test.run();
