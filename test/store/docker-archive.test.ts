import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { deliver } from "../../src/deliver.js";
import { verifyImage } from "../../src/image/verify.js";
import { digestOf } from "../../src/oci/digest.js";
import { decodeManifest } from "../../src/oci/manifest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createDockerArchiveStore } from "../../src/store/docker-archive.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { createOciArchiveStore } from "../../src/store/oci-archive.js";
import type { Store } from "../../src/store/store.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { indexMembers } from "../../src/tar/members.js";
import { testStore } from "../contract/store.js";
import { putImage, putTarImage, tarOf } from "../support/image.js";
import { preparePodman } from "../support/podman.js";
import { findProgram, missing, output } from "../support/programs.js";
import { type RawMember, rawTar } from "../support/raw-tar.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const newFile = async (context: TestContext) => join(await tempFolder(context), "x.tar");

testStore(
  "docker-archive",
  async (context) => {
    const store = createDockerArchiveStore(await newFile(context));
    context.defer(async () => await store.release?.());
    return store;
  },
  (letter) => `${letter}:latest`,
);

const test = suite("store/docker-archive", { deadlineMs: 120_000 });
const place = (store: Store, name: string) => ({ store, name, label: name });

async function readJson<T>(file: string, path: string): Promise<T> {
  const bytes = await readFile(file);
  const read = async (at: number, length: number) => bytes.subarray(at, at + length);
  const member = (await indexMembers({ size: bytes.length, read })).get(path);
  return JSON.parse(bytes.toString("utf8", member?.offset, (member?.offset ?? 0) + (member?.size ?? 0))) as T;
}

interface Saved {
  readonly Config: string;
  readonly RepoTags: readonly string[];
  readonly Layers: readonly string[];
}

test("it holds what docker save writes today, and the image stays itself", async (context) => {
  const file = await newFile(context);
  const from = createMemoryStore();
  const root = await putTarImage(from, ["one", "two"]);
  await deliver(root, from, place(createDockerArchiveStore(file), "127.0.0.1:5000/team/py:1"));
  await deliver(root, from, place(createDockerArchiveStore(file), "docker.io/library/py"));
  const { config, layers } = decodeManifest(await collect(from.open(root), 1 << 20));
  const path = (digest: string) => `blobs/${digest.replace(":", "/")}`;
  assert.equal(await readJson<Saved[]>(file, "manifest.json"), [
    {
      Config: path(config.digest),
      RepoTags: ["127.0.0.1:5000/team/py:1", "py:latest"],
      Layers: layers.map(({ digest }) => path(digest)),
    },
  ]);
  const { manifests } = await readJson<{ manifests: { annotations: object }[] }>(file, "index.json");
  assert.equal(manifests[1]?.annotations, {
    "io.containerd.image.name": "docker.io/library/py:latest",
    "org.opencontainers.image.ref.name": "latest",
  });
  const store = createDockerArchiveStore(file);
  for (const name of ["py", "py:latest", "docker.io/library/py", root.digest])
    assert.is((await store.resolve(name)).digest, root.digest, name);
  await verifyImage(store, root);
});

test("an image without a name takes the place of the one that had none", async (context) => {
  const file = await newFile(context);
  const from = createMemoryStore();
  const [one, two] = [await putTarImage(from, ["one"]), await putTarImage(from, ["two"])];
  await deliver(one, from, place(createDockerArchiveStore(file), "named"));
  for (const root of [one, two]) await deliver(root, from, place(createDockerArchiveStore(file), ""));
  const names = (await createDockerArchiveStore(file).tags()).map(({ name, descriptor }) => [name, descriptor.digest]);
  assert.equal(names, [
    ["named:latest", one.digest],
    [undefined, two.digest],
  ]);
});

test("an index and an artifact are refused, and say what to do", async (context) => {
  const file = await newFile(context);
  const from = createMemoryStore();
  const image = await putTarImage(from, ["one"]);
  const list = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [image] };
  const index = await from.put(MEDIA_TYPE.index, fromBytes(JSON.stringify(list)));
  const refused = await rejects(deliver(index, from, place(createDockerArchiveStore(file), "x")), "UNSUPPORTED");
  assert.match(refused.message, /it is an index .*--platform/);
  const empty = await from.put(MEDIA_TYPE.empty, fromBytes("{}"));
  const artifact = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    artifactType: "text/x",
    config: empty,
    layers: [],
  };
  const root = await from.put(MEDIA_TYPE.manifest, fromBytes(JSON.stringify(artifact)));
  await rejects(deliver(root, from, place(createDockerArchiveStore(file), "x")), "UNSUPPORTED");
  await rejects(createDockerArchiveStore(file).resolve(`x@${root.digest}`), "SYNTAX");
  for (const [name, create] of [
    ["docker", createOciArchiveStore],
    ["oci", createDockerArchiveStore],
  ] as const) {
    const other = `${file}.${name}`;
    const store = name === "docker" ? createDockerArchiveStore(other) : createOciArchiveStore(other);
    await deliver(image, from, place(store, "x"));
    // What Docker writes today is an OCI archive as well.
    if (name === "docker") assert.is((await create(other).tags()).length, 1);
    else assert.match((await rejects(create(other).resolve("x"), "FORMAT")).message, /name it with oci-archive:/);
  }
});

/** The members of an image as `docker save` wrote it before version 25, skopeo's and crane's like it. */
async function oldImage(names: readonly string[], { gzip = false, tags = ["old:1"] } = {}) {
  const tars = await Promise.all(names.map((name) => tarOf(name)));
  const diffIds = tars.map((bytes) => digestOf(bytes));
  const config = JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: diffIds } });
  const configPath = `${digestOf(config).slice(7)}.json`;
  const layers = tars.map((bytes, at) => ({
    path: gzip ? `${at}.tar.gz` : `${(diffIds[at] ?? "").slice(7)}/layer.tar`,
    content: gzip ? gzipSync(bytes) : bytes,
  }));
  const manifest = [{ Config: configPath, RepoTags: tags, Layers: layers.map(({ path }) => path) }];
  const members: RawMember[] = [...layers, { path: configPath, content: config }];
  return { members, manifest, diffIds };
}

const withManifest = (members: readonly RawMember[], manifest: unknown) =>
  rawTar([...members, { path: "manifest.json", content: JSON.stringify(manifest) }]);

test("older archives are read: each image gets a manifest, always the same", async (context) => {
  const file = await newFile(context);
  for (const gzip of [false, true]) {
    const { members, manifest } = await oldImage(["one", "two"], { gzip, tags: ["old:1", "docker.io/library/old:2"] });
    await writeFile(file, withManifest(members, manifest));
    const store = createDockerArchiveStore(file);
    const root = await store.resolve("old:2");
    assert.is((await store.resolve("old:1")).digest, root.digest);
    assert.is((await verifyImage(store, root)).layers, 2);
    const again = createDockerArchiveStore(file);
    assert.is((await again.resolve("old:1")).digest, root.digest);
    // Adding to it makes it one of today.
    const from = createMemoryStore();
    await deliver(await putTarImage(from, ["three"]), from, place(again, "new:1"));
    assert.equal(
      (await again.tags()).map(({ name }) => name),
      ["new:1", "old:1", "old:2"],
    );
    await verifyImage(createDockerArchiveStore(file), root);
    assert.match((await readJson<Saved[]>(file, "manifest.json"))[0]?.Layers[0] ?? "", /^blobs\/sha256\//);
  }
});

test("a layer that came twice was once a link to the other", async (context) => {
  const file = await newFile(context);
  const { members, manifest, diffIds } = await oldImage(["one", "one"]);
  const [layer] = members;
  const linked = [
    { path: "b/layer.tar", type: "2", linkname: `../${layer?.path}` },
    ...members.filter(({ path }, at) => at === 0 || path !== layer?.path),
  ];
  const Layers = [layer?.path, "b/layer.tar"];
  await writeFile(file, withManifest(linked, [{ ...manifest[0], Layers }]));
  const store = createDockerArchiveStore(file);
  const root = await store.resolve("old:1");
  const { layers } = decodeManifest(await collect(store.open(root), 1 << 20));
  assert.equal(
    layers.map(({ digest }) => digest),
    diffIds,
  );
  await verifyImage(store, root);
});

test("a manifest that the archive's layout has is taken where it is of the same config and layers", async (context) => {
  const file = await newFile(context);
  const from = createMemoryStore();
  const root = await putImage(from, [await tarOf("one")], { annotations: { made: "elsewhere" } });
  await deliver(root, from, place(createOciArchiveStore(file), "latest"));
  const { config, layers } = decodeManifest(await collect(from.open(root), 1 << 20));
  const path = (digest: string) => `blobs/${digest.replace(":", "/")}`;
  const manifest = [
    { Config: path(config.digest), RepoTags: ["x:1"], Layers: layers.map(({ digest }) => path(digest)) },
  ];
  const bytes = await readFile(file);
  const more = rawTar([{ path: "manifest.json", content: JSON.stringify(manifest) }]);
  await writeFile(file, Buffer.concat([bytes.subarray(0, bytes.length - 1024), more]));
  const store = createDockerArchiveStore(file);
  assert.is((await store.resolve("x:1")).digest, root.digest);
});

test.needs(missing("skopeo"), "skopeo reads it, and lading reads skopeo's", async (context) => {
  const folder = await tempFolder(context);
  const file = join(folder, "x.tar");
  const from = createMemoryStore();
  const root = await putTarImage(from, ["one", "two"]);
  await deliver(root, from, place(createDockerArchiveStore(file), "team/py:1"));
  const skopeo = (...args: string[]) => output("skopeo", ["--insecure-policy", ...args]);
  const back = join(folder, "back.tar");
  await skopeo("copy", "-q", `docker-archive:${file}:team/py:1`, `docker-archive:${back}:team/py:2`);
  const store = createDockerArchiveStore(back);
  assert.equal(
    (await store.tags()).map(({ name }) => name),
    ["team/py:2"],
  );
  const read = await store.resolve("team/py:2");
  assert.is((await verifyImage(store, read)).layers, 2);
  const config = (bytes: Uint8Array) => decodeManifest(bytes).config.digest;
  assert.is(config(await collect(store.open(read), 1 << 20)), config(await collect(from.open(root), 1 << 20)));
});

test.needs(missing("podman"), "podman loads it under its name", async (context) => {
  const folder = await tempFolder(context);
  const file = join(folder, "x.tar");
  const from = createMemoryStore();
  await deliver(await putTarImage(from, ["one", "two"]), from, place(createDockerArchiveStore(file), "team/py:1"));
  const podman = await preparePodman(context, folder);
  assert.match(await podman("load", "-q", "-i", file), /docker\.io\/team\/py:1/);
  assert.is((await podman("images", "-q", "--noheading", "team/py:1")).trim().length, 12);
});

// Not of Debian, so it may well be missing.
const crane = findProgram("crane");
if (crane !== undefined)
  test("crane reads it", async (context) => {
    const file = await newFile(context);
    const from = createMemoryStore();
    await deliver(await putTarImage(from, ["one"]), from, place(createDockerArchiveStore(file), "team/py:1"));
    await output(crane, ["validate", "--tarball", file]);
  });

test.run();
