import * as assert from "uvu/assert";
import { type BaseImage, composeImage, formatEpoch, type ImageSettings } from "../../src/image/compose.js";
import { DEFAULT_PATH } from "../../src/image/environment.js";
import type { Layer } from "../../src/image/layer-plan.js";
import { decodeConfig, type ImageConfig } from "../../src/oci/config.js";
import { digestOf } from "../../src/oci/digest.js";
import { decodeManifest } from "../../src/oci/manifest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { suite } from "../support/suite.js";
import { AMD64, NO_SETTINGS } from "./make.js";

const test = suite("image/compose");
const store = createMemoryStore();

async function layerOf(content: string, createdBy = content): Promise<Layer> {
  const descriptor = await store.put(MEDIA_TYPE.layer, fromBytes(content));
  return { descriptor, diffId: digestOf(content), uncompressedSize: descriptor.size, createdBy };
}

async function baseOf(config: Partial<ImageConfig>, count = 2): Promise<BaseImage> {
  const layers = await Promise.all(Array.from({ length: count }, (_, at) => layerOf(`base ${at}`)));
  const rootfs = { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) } as const;
  const manifest = await store.put(MEDIA_TYPE.manifest, fromBytes("the base's manifest"));
  return { name: "debian:12", manifest, config: { architecture: "amd64", os: "linux", ...config, rootfs }, layers };
}

async function compose(settings: Partial<ImageSettings>, base?: BaseImage, epoch?: number) {
  const layers = [...(base?.layers ?? []), await layerOf("own")];
  const all = { ...NO_SETTINGS, ...settings };
  return await composeImage(store, AMD64, layers, all, { base, ...(epoch === undefined ? {} : { epoch }) });
}

test("the least image is what every consumer takes", async () => {
  const { descriptor, manifest, config } = await compose({});
  assert.equal(config, {
    created: "1970-01-01T00:00:00Z",
    os: "linux",
    architecture: "amd64",
    config: { Env: [`PATH=${DEFAULT_PATH}`] },
    rootfs: { type: "layers", diff_ids: [digestOf("own")] },
    history: [{ created: "1970-01-01T00:00:00Z", created_by: "own" }],
  });
  assert.equal([manifest.mediaType, manifest.config.mediaType], [MEDIA_TYPE.manifest, MEDIA_TYPE.config]);
  assert.is(manifest.annotations, undefined);
  const bytes = await collect(store.open(descriptor), 9999);
  assert.equal(decodeManifest(bytes, MEDIA_TYPE.manifest), manifest);
  assert.equal(decodeConfig(await collect(store.open(manifest.config), 9999)), config);
});

test("settings become the fields of the specification", async () => {
  const { config, manifest } = await compose({
    environments: [{ A: "1" }, { A: "$A$A" }],
    entrypoint: ["/bin/x"],
    cmd: ["-v"],
    user: "joe:users",
    workdir: "/srv",
    labels: { b: "2", a: "1" },
    ports: ["80", "53/udp"],
    volumes: ["/data"],
    annotations: { "org.example.a": "b" },
  });
  assert.equal(config.config, {
    User: "joe:users",
    ExposedPorts: { "80/tcp": {}, "53/udp": {} },
    Env: ["A=11", `PATH=${DEFAULT_PATH}`],
    Entrypoint: ["/bin/x"],
    Cmd: ["-v"],
    Volumes: { "/data": {} },
    WorkingDir: "/srv",
    Labels: { a: "1", b: "2" },
  });
  assert.equal(manifest.annotations, { "org.example.a": "b" });
});

test("the order of labels and ports does not matter", async () => {
  const one = await compose({ labels: { a: "1", b: "2" }, ports: ["1", "2"] });
  const other = await compose({ labels: { b: "2", a: "1" }, ports: ["2", "1"] });
  assert.is(one.descriptor.digest, other.descriptor.digest);
});

const RUN = {
  User: "base",
  Env: ["PATH=/base", "B=1"],
  Entrypoint: ["/base"],
  Cmd: ["base"],
  WorkingDir: "/base",
  Labels: { base: "1", both: "base" },
  ExposedPorts: { "1/tcp": {} },
  Volumes: { "/base": {} },
  StopSignal: "SIGINT",
};

test("what a base image says stays, unless it is said anew", async () => {
  const base = await baseOf({ config: RUN, author: "somebody", variant: "v2" });
  const { config } = await compose({ labels: { both: "own" }, ports: ["2"], volumes: ["/own"] }, base);
  assert.equal(config.config, {
    ...RUN,
    Labels: { base: "1", both: "own" },
    ExposedPorts: { "1/tcp": {}, "2/tcp": {} },
    Volumes: { "/base": {}, "/own": {} },
  });
  assert.equal([config.author, config.variant], ["somebody", "v2"]);
});

const COMMANDS: readonly (readonly [title: string, settings: Partial<ImageSettings>, run: object])[] = [
  ["nothing", {}, { Entrypoint: ["/base"], Cmd: ["base"] }],
  ["an entrypoint, which resets the command", { entrypoint: ["/own"] }, { Entrypoint: ["/own"] }],
  ["a command", { cmd: ["own"] }, { Entrypoint: ["/base"], Cmd: ["own"] }],
  ["both", { entrypoint: ["/own"], cmd: ["own"] }, { Entrypoint: ["/own"], Cmd: ["own"] }],
  ["an empty entrypoint", { entrypoint: [] }, { Entrypoint: [] }],
];

for (const [title, settings, run] of COMMANDS) {
  test(`the command on a base image, given ${title}`, async () => {
    const { config } = await compose(settings, await baseOf({ config: RUN }));
    const { Entrypoint, Cmd } = config.config ?? {};
    assert.equal({ ...(Entrypoint && { Entrypoint }), ...(Cmd && { Cmd }) }, run);
  });
}

test("fields that only engines know pass through from a base image", async () => {
  const run = { ...RUN, Healthcheck: { Test: ["NONE"] } };
  const { config } = await compose({}, await baseOf({ config: run }));
  assert.equal(config.config, run);
});

test("the base's history stays where it fits its layers, lines without one among it", async () => {
  const history = [{ created_by: "one" }, { created_by: "env", empty_layer: true }, { created_by: "two" }];
  const { config } = await compose({}, await baseOf({ history }));
  assert.equal(config.history?.slice(0, 3), history);
  assert.is(config.history?.length, 4);
});

for (const history of [undefined, [{ created_by: "one" }], [{}, {}, {}]]) {
  test(`a history of ${history?.length ?? "no"} lines does not fit two layers: each gets one`, async () => {
    const { config } = await compose({}, await baseOf(history === undefined ? {} : { history }), 5);
    assert.equal(config.history, [
      { created: "1970-01-01T00:00:05Z", created_by: "base image debian:12" },
      { created: "1970-01-01T00:00:05Z", created_by: "base image debian:12" },
      { created: "1970-01-01T00:00:05Z", created_by: "own" },
    ]);
  });
}

test("annotations tell the base, unless the recipe does", async () => {
  const base = await baseOf({});
  const names = ["org.opencontainers.image.base.digest", "org.opencontainers.image.base.name"];
  const { manifest } = await compose({}, base);
  assert.equal(manifest.annotations, { [names[0] ?? ""]: base.manifest.digest, [names[1] ?? ""]: "debian:12" });
  const own = await compose({ annotations: { [names[1] ?? ""]: "mine" } }, base);
  assert.is(own.manifest.annotations?.[names[1] ?? ""], "mine");
});

test("formatEpoch() gives whole seconds, UTC, to the last that RFC 3339 can write", () => {
  const times = [0, 1_700_000_000, 253_402_300_799].map(formatEpoch);
  assert.equal(times, ["1970-01-01T00:00:00Z", "2023-11-14T22:13:20Z", "9999-12-31T23:59:59Z"]);
});

test.run();
