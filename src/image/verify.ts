/**
 * Is every byte of an image right?
 *
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import { decodeConfig, type ImageConfig } from "../oci/config.js";
import type { Descriptor } from "../oci/descriptor.js";
import { decodeIndex, decodeManifest, MAX_MANIFEST_BYTES, type Manifest } from "../oci/manifest.js";
import { isIndexType, MEDIA_TYPE } from "../oci/media-type.js";
import type { Store } from "../store/store.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import { decompress } from "../stream/codec.js";
import { detectCompression, HEAD_SIZE } from "../stream/detect.js";
import { createHasher } from "../stream/hash.js";
import { peek } from "../stream/peek.js";
import { createScanner } from "../tar/scan.js";

/** What was looked at. Bytes are stored bytes, each content counted once. */
export interface Verified {
  readonly manifests: number;
  readonly configs: number;
  readonly layers: number;
  readonly blobs: number;
  readonly bytes: number;
  /** Tar entries of all layers. */
  readonly entries: number;
}

type Counts = { -readonly [K in keyof Verified]: Verified[K] };

interface Check extends IoOptions {
  readonly store: Store;
  readonly seen: Set<string>;
  readonly counts: Counts;
}

const IMAGE_CONFIGS: ReadonlySet<string> = new Set([MEDIA_TYPE.config, MEDIA_TYPE.dockerConfig]);
const MAX_DEPTH = 16;

function contradiction(what: string, why: string): LadingError<"CORRUPT"> {
  return new LadingError("CORRUPT", `Cannot verify ${what}: ${why}; build or copy the image again`, { what, why });
}

/** Reads a layer to its end, its tar among it. Returns the digest of the tar. */
async function verifyLayer(check: Check, descriptor: Descriptor): Promise<string> {
  const { store, signal, counts } = check;
  const hasher = createHasher();
  const scanner = createScanner({ entry: () => void counts.entries++ });
  const { head, stream } = await peek(store.open(descriptor, { signal }), HEAD_SIZE);
  const what = `layer ${descriptor.digest}`;
  for await (const chunk of decompress(stream, detectCompression(head), { signal, what })) {
    hasher.update(chunk);
    scanner.write(chunk);
  }
  scanner.end();
  return hasher.end().digest;
}

async function verifyBlob(check: Check, descriptor: Descriptor): Promise<void> {
  for await (const _chunk of check.store.open(descriptor, { signal: check.signal }));
}

async function verifyLayers(check: Check, { layers }: Manifest, { rootfs }: ImageConfig, what: string): Promise<void> {
  const { diff_ids: diffIds } = rootfs;
  if (diffIds.length !== layers.length) {
    throw contradiction(what, `it has ${layers.length} layers, its config names ${diffIds.length}`);
  }
  for (const [index, layer] of layers.entries()) {
    const key = `${layer.digest} ${diffIds[index]}`;
    if (check.seen.has(key)) continue;
    check.seen.add(key);
    const actual = await verifyLayer(check, layer);
    count(check, layer, "layers");
    if (actual === diffIds[index]) continue;
    throw contradiction(what, `the tar of layer ${layer.digest} is ${actual}, its config says ${diffIds[index]}`);
  }
}

function count(
  { seen, counts }: Check,
  { digest, size }: Descriptor,
  kind: "manifests" | "configs" | "layers" | "blobs",
) {
  if (seen.has(digest)) return;
  seen.add(digest);
  counts[kind]++;
  counts.bytes += size;
}

async function verifyManifest(check: Check, descriptor: Descriptor, bytes: Uint8Array): Promise<void> {
  const manifest = decodeManifest(bytes, descriptor.mediaType);
  const what = `image ${descriptor.digest}`;
  const isImage = IMAGE_CONFIGS.has(manifest.config.mediaType);
  const limit = isImage ? MAX_MANIFEST_BYTES : Number.MAX_SAFE_INTEGER;
  if (!isImage) {
    for (const blob of [manifest.config, ...manifest.layers]) {
      if (check.seen.has(blob.digest)) continue;
      await verifyBlob(check, blob);
      count(check, blob, "blobs");
    }
    return;
  }
  const config = decodeConfig(await collect(check.store.open(manifest.config, check), limit, `config of ${what}`));
  count(check, manifest.config, "configs");
  await verifyLayers(check, manifest, config, what);
}

async function verifyRoot(check: Check, descriptor: Descriptor, depth: number): Promise<void> {
  if (check.seen.has(descriptor.digest)) return;
  if (depth > MAX_DEPTH) throw contradiction(`index ${descriptor.digest}`, `it is nested deeper than ${MAX_DEPTH}`);
  const bytes = await collect(check.store.open(descriptor, check), MAX_MANIFEST_BYTES, `manifest ${descriptor.digest}`);
  count(check, descriptor, "manifests");
  if (!isIndexType(descriptor.mediaType)) return await verifyManifest(check, descriptor, bytes);
  for (const child of decodeIndex(bytes, descriptor.mediaType).manifests) await verifyRoot(check, child, depth + 1);
}

/**
 * Reads everything that an image reaches and checks it: every digest and size, every layer's compression and tar, every
 * `diff_id`, and that manifest and config agree. Memory does not grow with the image.
 *
 * @throws {LadingError} `NOT_FOUND`, `DIGEST_MISMATCH` or `CORRUPT` for the first thing that is wrong, by its digest;
 * `SYNTAX` and `FORMAT` for documents that are not what they should be.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { composeImage, createMemoryStore, verifyImage } from "lading";
 *
 * const store = createMemoryStore();
 * const settings = { environments: [], labels: {}, ports: [], volumes: [], annotations: {} };
 * const { descriptor } = await composeImage(store, { os: "linux", architecture: "amd64" }, [], settings);
 * assert.equal((await verifyImage(store, descriptor)).manifests, 1);
 * ```
 */
export async function verifyImage(store: Store, root: Descriptor, { signal }: IoOptions = {}): Promise<Verified> {
  const counts: Counts = { manifests: 0, configs: 0, layers: 0, blobs: 0, bytes: 0, entries: 0 };
  const check: Check = { store, signal, seen: new Set(), counts };
  try {
    await verifyRoot(check, root, 0);
  } catch (error) {
    if (!isLadingError(error, "UNSAFE_ENTRY")) throw error;
    throw contradiction(`image ${root.digest}`, error.message);
  }
  return counts;
}
