/**
 * Archives of images that somebody else made: what no honest tool writes is refused, by what it is.
 *
 * @module
 */

import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { type ErrorCode, isLadingError } from "../../src/errors.js";
import { describe } from "../../src/oci/descriptor.js";
import { digestOf } from "../../src/oci/digest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { copy } from "../../src/store/copy.js";
import { createDockerArchiveStore } from "../../src/store/docker-archive.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { createOciArchiveStore } from "../../src/store/oci-archive.js";
import { tarOf } from "../support/image.js";
import { type RawMember, rawTar } from "../support/raw-tar.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("hostile/image-archives");

const layer = await tarOf("one");
const CONFIG = JSON.stringify({
  architecture: "amd64",
  os: "linux",
  rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
});
const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: MEDIA_TYPE.manifest,
  config: describe(MEDIA_TYPE.config, Buffer.from(CONFIG)),
  layers: [describe(MEDIA_TYPE.layer, layer)],
});
const root = describe(MEDIA_TYPE.manifest, Buffer.from(MANIFEST));
const pathOf = (bytes: string | Buffer) => `blobs/${digestOf(bytes).replace(":", "/")}`;
const indexOf = (manifests: readonly object[]) => JSON.stringify({ schemaVersion: 2, manifests });
const named = { ...root, annotations: { "org.opencontainers.image.ref.name": "x" } };

/** The members of an honest OCI archive, by what they are. */
const OCI = {
  version: { path: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
  index: { path: "index.json", content: indexOf([named]) },
  manifest: { path: pathOf(MANIFEST), content: MANIFEST },
  config: { path: pathOf(CONFIG), content: CONFIG },
  layer: { path: pathOf(layer), content: layer },
};

const configName = `${digestOf(CONFIG).slice(7)}.json`;
const SAVED = { Config: configName, RepoTags: ["x:1"], Layers: ["one/layer.tar"] };
const saved = (more: object = {}) => JSON.stringify([{ ...SAVED, ...more }]);
const DOCKER = {
  layer: { path: "one/layer.tar", content: layer },
  config: { path: configName, content: CONFIG },
  manifest: { path: "manifest.json", content: saved() },
};

/** The same with some members others, or none. */
function oci(
  changes: Partial<Record<keyof typeof OCI, RawMember | undefined>>,
  more: readonly RawMember[] = [],
): Buffer {
  return rawTar([...Object.values({ ...OCI, ...changes }).filter((each) => each !== undefined), ...more]);
}
function docker(
  changes: Partial<Record<keyof typeof DOCKER, RawMember | undefined>>,
  more: readonly RawMember[] = [],
): Buffer {
  return rawTar([...Object.values({ ...DOCKER, ...changes }).filter((each) => each !== undefined), ...more]);
}

const honest = oci({});
const flipped = Buffer.from(layer);
flipped[600] = (flipped[600] ?? 0) ^ 1;
const huge = `[${" ".repeat(5 * 1024 * 1024)}]`;
const link = (path: string, linkname: string, type = "2") => ({ path, linkname, type });

type Case = readonly [what: string, bytes: Buffer, code: ErrorCode];

const OCI_CASES: readonly Case[] = [
  ["a member that climbs out", oci({}, [{ path: "../x", content: "x" }]), "UNSAFE_ENTRY"],
  ["a member that climbs out within", oci({}, [{ path: "blobs/../../x", content: "x" }]), "UNSAFE_ENTRY"],
  ["a blob that is a symbolic link", oci({ layer: link(OCI.layer.path, "/etc/passwd") }), "FORMAT"],
  ["a blob that is a hard link", oci({ layer: link(OCI.layer.path, "index.json", "1") }), "FORMAT"],
  ["an index that is a symbolic link", oci({ index: link("index.json", "/etc/passwd") }), "FORMAT"],
  ["a blob twice", oci({}, [OCI.layer]), "CORRUPT"],
  ["an index twice", oci({}, [OCI.index]), "CORRUPT"],
  ["an index twice, once as ./index.json", oci({}, [{ ...OCI.index, path: "./index.json" }]), "CORRUPT"],
  ["a layer that is missing", oci({ layer: undefined }), "NOT_FOUND"],
  ["a config that is missing", oci({ config: undefined }), "NOT_FOUND"],
  ["a manifest that is missing", oci({ manifest: undefined }), "NOT_FOUND"],
  ["a layer with one wrong bit", oci({ layer: { ...OCI.layer, content: flipped } }), "DIGEST_MISMATCH"],
  ["a layer that is shorter", oci({ layer: { ...OCI.layer, content: layer.subarray(512) } }), "DIGEST_MISMATCH"],
  ["a manifest that is another", oci({ manifest: { ...OCI.manifest, content: `${MANIFEST} ` } }), "DIGEST_MISMATCH"],
  ["no layout version", oci({ version: undefined }), "FORMAT"],
  [
    "another layout version",
    oci({ version: { ...OCI.version, content: '{"imageLayoutVersion":"2.0.0"}' } }),
    "UNSUPPORTED",
  ],
  ["an empty index", oci({ index: { path: "index.json" } }), "CORRUPT"],
  ["an index that is no JSON", oci({ index: { path: "index.json", content: "{" } }), "SYNTAX"],
  [
    "a digest that is a path",
    oci({ index: { path: "index.json", content: indexOf([{ ...named, digest: "sha256:../../etc/passwd" }]) } }),
    "SYNTAX",
  ],
  [
    "a name with two meanings",
    oci({ index: { path: "index.json", content: indexOf([named, { ...named, digest: digestOf(CONFIG) }]) } }),
    "CORRUPT",
  ],
  ["an end inside a layer", honest.subarray(0, honest.length - 2048), "CORRUPT"],
  ["an end inside a header", honest.subarray(0, 700), "CORRUPT"],
  ["other bytes after the end", Buffer.concat([honest, Buffer.from("more")]), "CORRUPT"],
  ["a second archive after the end", Buffer.concat([honest, honest]), "CORRUPT"],
  ["a device", oci({}, [{ path: "x", type: "S" }]), "UNSAFE_ENTRY"],
];

const DOCKER_CASES: readonly Case[] = [
  ["no manifest.json", docker({ manifest: undefined }), "FORMAT"],
  ["a manifest.json of 5 MiB", docker({ manifest: { path: "manifest.json", content: huge } }), "TOO_LARGE"],
  ["a manifest.json twice", docker({}, [DOCKER.manifest]), "CORRUPT"],
  ["a manifest.json that is a link", docker({ manifest: link("manifest.json", configName) }), "FORMAT"],
  ["a manifest.json that is no list", docker({ manifest: { path: "manifest.json", content: "{}" } }), "SYNTAX"],
  [
    "a manifest.json with a key twice",
    docker({ manifest: { path: "manifest.json", content: `[{"Config":"a","Config":"b","Layers":[]}]` } }),
    "SYNTAX",
  ],
  ["a layer that is missing", docker({ layer: undefined }), "CORRUPT"],
  ["a config that is missing", docker({ config: undefined }), "CORRUPT"],
  [
    "a config that its name denies",
    docker({ config: { ...DOCKER.config, content: CONFIG.replace("amd64", "arm64") } }),
    "DIGEST_MISMATCH",
  ],
  ["a config of 5 MiB", docker({ config: { path: configName, content: huge } }), "TOO_LARGE"],
  ["a layer that its config denies", docker({ layer: { ...DOCKER.layer, content: flipped } }), "DIGEST_MISMATCH"],
  [
    "more layers than the config names",
    docker({ manifest: { path: "manifest.json", content: saved({ Layers: ["one/layer.tar", "one/layer.tar"] }) } }),
    "CORRUPT",
  ],
  [
    "a layer outside of the archive",
    docker({ manifest: { path: "manifest.json", content: saved({ Layers: ["../../etc/passwd"] }) } }),
    "CORRUPT",
  ],
  ["a layer that is a link to the host", docker({ layer: link("one/layer.tar", "/etc/passwd") }), "UNSAFE_ENTRY"],
  [
    "a layer that is a link out of the archive",
    docker({ layer: link("one/layer.tar", "../../etc/passwd") }),
    "UNSAFE_ENTRY",
  ],
  ["a layer that is a link to itself", docker({ layer: link("one/layer.tar", "layer.tar") }), "FORMAT"],
  ["a layer that is a folder", docker({ layer: { path: "one/layer.tar", type: "5" } }), "FORMAT"],
  [
    "a name that is none",
    docker({ manifest: { path: "manifest.json", content: saved({ RepoTags: ["UPPER case"] }) } }),
    "SYNTAX",
  ],
  [
    "a layer in bzip2",
    docker({ layer: { path: "one/layer.tar", content: Buffer.from("BZh91AY&SY", "latin1") } }),
    "UNSUPPORTED",
  ],
  [
    "an archive of Docker before 1.10",
    docker({ manifest: undefined }, [{ path: "repositories", content: "{}" }]),
    "FORMAT",
  ],
];

async function refusal(context: TestContext, kind: "oci" | "docker", bytes: Buffer) {
  const folder = await tempFolder(context);
  const file = join(folder, "x.tar");
  await writeFile(file, bytes);
  const store = kind === "oci" ? createOciArchiveStore(file) : createDockerArchiveStore(file);
  try {
    await copy(await store.resolve(kind === "oci" ? "x" : "x:1"), store, createMemoryStore());
  } catch (error) {
    assert.equal(await readdir(folder), ["x.tar"]);
    return error;
  }
  throw new Error("It was accepted");
}

for (const [kind, cases] of [
  ["oci", OCI_CASES],
  ["docker", DOCKER_CASES],
] as const) {
  for (const [what, bytes, code] of cases) {
    test(`${kind}-archive: ${what}`, async (context) => {
      for (const content of [bytes, gzipSync(bytes)]) {
        const error = await refusal(context, kind, content);
        assert.ok(isLadingError(error, code), `expected ${code}, got ${String(error)}`);
        assert.not.match(error.message, /\n/);
      }
    });
  }
}

test("an honest one of each is accepted, with ./ before its members too", async (context) => {
  const folder = await tempFolder(context);
  const file = join(folder, "x.tar");
  const dotted = Object.values(OCI).map((member) => ({ ...member, path: `./${member.path}` }));
  for (const bytes of [honest, rawTar(dotted)]) {
    await writeFile(file, bytes);
    const store = createOciArchiveStore(file);
    await copy(await store.resolve("x"), store, createMemoryStore());
  }
  await writeFile(file, docker({}));
  const store = createDockerArchiveStore(file);
  await copy(await store.resolve("x:1"), store, createMemoryStore());
});

test("a gzip that is cut off is refused", async (context) => {
  const packed = gzipSync(honest);
  const error = await refusal(context, "oci", packed.subarray(0, packed.length - 20));
  assert.ok(isLadingError(error, "CORRUPT"), String(error));
});

test.run();
