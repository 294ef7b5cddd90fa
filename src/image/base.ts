/**
 * A base image made ready to build on: its config, its layers, and what lies where in them.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { decodeConfig, type ImageConfig } from "../oci/config.js";
import type { Descriptor } from "../oci/descriptor.js";
import { isDigest } from "../oci/digest.js";
import { decodeIndex, decodeManifest, MAX_MANIFEST_BYTES, type Manifest } from "../oci/manifest.js";
import { matchPlatform } from "../oci/match-platform.js";
import { isIndexType, MEDIA_TYPE } from "../oci/media-type.js";
import { formatPlatform, normalizePlatform, type Platform } from "../oci/platform.js";
import { createFileListEncoder, type FileListEncoder, type ListedFile, putFileList } from "../package/file-list.js";
import type { Cache } from "../store/cache.js";
import type { Store } from "../store/store.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import { type DecompressLimits, decompress } from "../stream/codec.js";
import { detectCompression, HEAD_SIZE } from "../stream/detect.js";
import { createHasher, type Hasher } from "../stream/hash.js";
import { peek } from "../stream/peek.js";
import { createScanner } from "../tar/scan.js";
import type { BaseImage } from "./compose.js";
import type { Layer } from "./layer-plan.js";

/** A base image and the lists of its layers' files, in order. */
export interface OpenBase extends BaseImage {
  readonly files: readonly Descriptor[];
}

/** Docker's layer types and what OCI calls the same bytes: one manifest must not mix the families. */
const OCI_LAYER: Readonly<Record<string, string>> = {
  [MEDIA_TYPE.dockerLayerGzip]: MEDIA_TYPE.layerGzip,
  "application/vnd.docker.image.rootfs.diff.tar": MEDIA_TYPE.layer,
  "application/vnd.docker.image.rootfs.diff.tar.zstd": MEDIA_TYPE.layerZstd,
};

/** The manifest of one image: of the only one, or of the one in an index that fits the platform. */
export async function selectManifest(
  store: Store,
  root: Descriptor,
  platform: Platform,
  options: IoOptions = {},
): Promise<Descriptor> {
  if (!isIndexType(root.mediaType)) return root;
  const bytes = await collect(store.open(root, options), MAX_MANIFEST_BYTES, "index");
  const { manifests } = decodeIndex(bytes, root.mediaType);
  return await selectManifest(store, matchPlatform(platform, manifests), platform, options);
}

/** A scanner that lists what goes by, each file with the digest of its content. */
function createLister(list: FileListEncoder) {
  let last: ListedFile | undefined;
  let content: Hasher | undefined;
  return createScanner({
    entry({ path, type, mode, uid, gid, size, linkpath }) {
      const listed = { path, type, mode, uid, gid, ...(linkpath === undefined ? {} : { target: linkpath }) };
      last = type === "file" ? { ...listed, size } : listed;
      content = type === "file" ? createHasher() : undefined;
    },
    data: (chunk) => content?.update(chunk),
    endEntry() {
      if (last !== undefined) list.add(content === undefined ? last : { ...last, digest: content.end().digest });
    },
  });
}

/** How the layers of a base image are read. */
interface OpenBaseOptions extends IoOptions {
  /** Keeps what is in a layer. */
  readonly cache?: Cache | undefined;
  /** How far a layer may grow when it is decompressed (500 times its size). */
  readonly limits?: DecompressLimits | undefined;
}

/** Lists what a layer holds, whiteouts among it, and checks that its tar is the one that the config names. */
async function scanLayer(
  store: Store,
  layer: Layer,
  list: FileListEncoder,
  { signal, limits }: OpenBaseOptions,
): Promise<void> {
  const scanner = createLister(list);
  const hasher = createHasher();
  const { head, stream } = await peek(store.open(layer.descriptor, { signal }), HEAD_SIZE);
  const how = { signal, limits, what: `layer ${layer.descriptor.digest}`, onTrailing: () => {} };
  for await (const chunk of decompress(stream, detectCompression(head), how)) {
    hasher.update(chunk);
    scanner.write(chunk);
  }
  scanner.end();
  const { digest } = hasher.end();
  if (digest === layer.diffId) return;
  const message = `Cannot build on layer ${layer.descriptor.digest}: its content is ${digest}, its image's config says ${layer.diffId}; use another base image`;
  throw new LadingError("DIGEST_MISMATCH", message, {
    what: layer.descriptor.digest,
    expected: layer.diffId,
    actual: digest,
  });
}

async function listLayer(store: Store, layer: Layer, { cache, limits, signal }: OpenBaseOptions): Promise<Descriptor> {
  const options = { signal };
  const key = `base layer ${layer.descriptor.digest} ${layer.diffId}`;
  const known = (await cache?.get(key)) as Descriptor | undefined;
  if (isDigest(known?.digest) && (await store.has(known, options))) return known;
  await store.prepareScratch?.();
  const list = await createFileListEncoder(store.scratch);
  try {
    await scanLayer(store, layer, list, { signal, limits });
    const listed = await putFileList(store, list, options);
    await cache?.set(key, listed);
    return listed;
  } finally {
    list.close();
  }
}

function checkCounts({ layers }: Manifest, diffIds: readonly string[], name: string): void {
  if (layers.length === diffIds.length) return;
  const why = `its manifest has ${layers.length} layers, its config ${diffIds.length}`;
  throw new LadingError("CORRUPT", `Cannot build on "${name}": ${why}; use another base image`, { what: name, why });
}

/** An image that is no index says in its config what it is for. */
function checkPlatform(config: ImageConfig, wanted: Platform, name: string): void {
  const [have, want] = [normalizePlatform(config), normalizePlatform(wanted)];
  if (have.os === want.os && have.architecture === want.architecture) return;
  const [is, asked] = [formatPlatform(have), formatPlatform(want)];
  const message = `Cannot build on "${name}": it is for ${is}, expected ${asked}; build for ${is}, or use another base image`;
  throw new LadingError("NOT_FOUND", message, { what: "platform", name: asked });
}

/**
 * Opens a base image that is in the store. Its layers are read once, to learn what lies where.
 *
 * @throws {LadingError} `NOT_FOUND` where the index or the image is not for the platform; `CORRUPT` and `DIGEST_MISMATCH` where
 * the image contradicts itself.
 */
export async function openBase(
  store: Store,
  name: string,
  root: Descriptor,
  platform: Platform,
  options: OpenBaseOptions = {},
): Promise<OpenBase> {
  const { signal } = options;
  const selected = await selectManifest(store, root, platform, { signal });
  const bytes = await collect(store.open(selected, { signal }), MAX_MANIFEST_BYTES, "manifest of the base image");
  const manifest = decodeManifest(bytes, selected.mediaType);
  const configBytes = await collect(
    store.open(manifest.config, { signal }),
    MAX_MANIFEST_BYTES,
    "config of the base image",
  );
  const config = decodeConfig(configBytes, { what: `config of "${name}"` });
  checkPlatform(config, platform, name);
  checkCounts(manifest, config.rootfs.diff_ids, name);
  const layers = manifest.layers.map((descriptor, index): Layer => {
    const diffId = config.rootfs.diff_ids[index] ?? descriptor.digest;
    const mediaType = OCI_LAYER[descriptor.mediaType] ?? descriptor.mediaType;
    return { descriptor: { ...descriptor, mediaType }, diffId, uncompressedSize: 0, createdBy: `base image ${name}` };
  });
  const files: Descriptor[] = [];
  for (const layer of layers) files.push(await listLayer(store, layer, options));
  return { name, manifest: selected, config, layers, files };
}
