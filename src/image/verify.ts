/**
 * Is every byte of an image right?
 *
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import { decodeConfig, type ImageConfig } from "../oci/config.js";
import type { Descriptor } from "../oci/descriptor.js";
import { decodeIndex, decodeManifest, MAX_MANIFEST_BYTES, type Manifest } from "../oci/manifest.js";
import { isImageConfigType, isIndexType } from "../oci/media-type.js";
import type { Store } from "../store/store.js";
import { type ByteStream, collect, type IoOptions } from "../stream/bytes.js";
import { type DecompressLimits, decompress } from "../stream/codec.js";
import { type Compression, detectCompression, HEAD_SIZE } from "../stream/detect.js";
import { createHasher } from "../stream/hash.js";
import { peek } from "../stream/peek.js";
import { createScanner } from "../tar/scan.js";
import { verifyTable } from "./verify-table.js";

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

/** How an image is verified. */
export interface VerifyOptions extends IoOptions {
  /** How far a layer may grow when it is decompressed (500 times its size). */
  readonly limits?: DecompressLimits | undefined;
}

interface Check extends VerifyOptions {
  readonly store: Store;
  readonly seen: Set<string>;
  readonly counts: Counts;
}

const MAX_DEPTH = 16;

function contradiction(what: string, why: string): LadingError<"CORRUPT"> {
  return new LadingError("CORRUPT", `Cannot verify ${what}: ${why}; build or copy the image again`, { what, why });
}

/** The content of a descriptor; an error says of which. */
async function* openContent({ store, signal }: Check, descriptor: Descriptor): ByteStream {
  try {
    yield* store.open(descriptor, { signal });
  } catch (error) {
    if (!isLadingError(error) || error.message.includes(descriptor.digest)) throw error;
    const message = `Cannot verify ${descriptor.digest}: ${error.message.replace(/^Cannot /, "cannot ")}`;
    throw new LadingError(error.code, message, error.detail, { cause: error });
  }
}

/** The compression that a layer's media type names; undefined where it is no tar, as what BuildKit attests is not. */
function namedCompression({ mediaType }: Descriptor): Compression | undefined {
  const match = /^application\/vnd\.(?:oci|docker)\.image\..*\btar(?:[+.](gzip|zstd))?$/.exec(mediaType);
  return match === null ? undefined : ((match[1] ?? "none") as Compression);
}

/** Layers that must never be distributed need not be there. */
async function isLeftOut({ store, signal }: Check, descriptor: Descriptor): Promise<boolean> {
  return descriptor.mediaType.includes(".nondistributable.") && !(await store.has(descriptor, { signal }));
}

/** Reads a layer to its end, its tar among it. Returns the digest of the tar. */
async function verifyLayer(check: Check, descriptor: Descriptor, named: Compression): Promise<string> {
  const { signal, limits, counts } = check;
  const hasher = createHasher();
  const scanner = createScanner({ entry: () => void counts.entries++ });
  const { head, stream } = await peek(openContent(check, descriptor), HEAD_SIZE);
  const what = `layer ${descriptor.digest}`;
  const found = detectCompression(head);
  if (found !== named) throw contradiction(what, `it is compressed with ${found}, its media type says ${named}`);
  for await (const chunk of decompress(stream, found, { signal, limits, what })) {
    hasher.update(chunk);
    scanner.write(chunk);
  }
  scanner.end();
  await verifyTable(check.store, descriptor, { signal, limits });
  return hasher.end().digest;
}

/** Reads content that is nothing but bytes. */
async function verifyBlobs(check: Check, blobs: readonly Descriptor[]): Promise<void> {
  for (const blob of blobs) {
    if (check.seen.has(blob.digest)) continue;
    for await (const _chunk of openContent(check, blob));
    count(check, blob, "blobs");
  }
}

async function verifyLayers(check: Check, { layers }: Manifest, { rootfs }: ImageConfig, what: string): Promise<void> {
  const { diff_ids: diffIds } = rootfs;
  if (diffIds.length !== layers.length) {
    throw contradiction(what, `it has ${layers.length} layers, its config names ${diffIds.length}`);
  }
  for (const [index, layer] of layers.entries()) {
    const key = `${layer.digest} ${diffIds[index]}`;
    if (check.seen.has(key) || (await isLeftOut(check, layer))) continue;
    check.seen.add(key);
    const compression = namedCompression(layer);
    if (compression === undefined) {
      await verifyBlobs(check, [layer]);
      continue;
    }
    const actual = await verifyLayer(check, layer, compression);
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
  if (!isImageConfigType(manifest.config.mediaType)) {
    return await verifyBlobs(check, [manifest.config, ...manifest.layers]);
  }
  const configBytes = openContent(check, manifest.config);
  const config = decodeConfig(await collect(configBytes, MAX_MANIFEST_BYTES, `config of ${what}`));
  count(check, manifest.config, "configs");
  await verifyLayers(check, manifest, config, what);
}

async function verifyRoot(check: Check, descriptor: Descriptor, depth: number): Promise<void> {
  if (check.seen.has(descriptor.digest)) return;
  if (depth > MAX_DEPTH) throw contradiction(`index ${descriptor.digest}`, `it is nested deeper than ${MAX_DEPTH}`);
  const content = openContent(check, descriptor);
  const bytes = await collect(content, MAX_MANIFEST_BYTES, `manifest ${descriptor.digest}`);
  count(check, descriptor, "manifests");
  if (!isIndexType(descriptor.mediaType)) return await verifyManifest(check, descriptor, bytes);
  for (const child of decodeIndex(bytes, descriptor.mediaType).manifests) await verifyRoot(check, child, depth + 1);
}

/**
 * Reads everything that an image reaches and checks it: every digest and size, every layer's compression and tar, every
 * `diff_id`, and that manifest and config agree; of an eStargz or zstd:chunked layer also its table of contents and each
 * chunk that the table names, for which the layer is read again. Memory does not grow with the image.
 *
 * @throws {LadingError} `NOT_FOUND`, `DIGEST_MISMATCH` or `CORRUPT` for the first thing that is wrong, by its digest;
 * `SYNTAX` and `FORMAT` for documents that are not what they should be; `TOO_LARGE` for a layer that passes `limits`.
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
export async function verifyImage(
  store: Store,
  root: Descriptor,
  { signal, limits }: VerifyOptions = {},
): Promise<Verified> {
  const counts: Counts = { manifests: 0, configs: 0, layers: 0, blobs: 0, bytes: 0, entries: 0 };
  const check: Check = { store, signal, limits, seen: new Set(), counts };
  try {
    await verifyRoot(check, root, 0);
  } catch (error) {
    if (!isLadingError(error, "UNSAFE_ENTRY")) throw error;
    throw contradiction(`image ${root.digest}`, error.message);
  }
  return counts;
}
