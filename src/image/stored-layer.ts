/**
 * Layers that rest in a store: their tar, and what is known of those that were made before.
 *
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import { isDigest } from "../oci/digest.js";
import type { Cache } from "../store/cache.js";
import type { Store } from "../store/store.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { type DecompressLimits, decompress } from "../stream/codec.js";
import { detectCompression, HEAD_SIZE } from "../stream/detect.js";
import { peek } from "../stream/peek.js";
import { type LayerFormat, TABLE_ANNOTATION, tableOf } from "../tar/layer-format.js";
import { rewriteTar } from "../tar/rewrite.js";
import { createScanner } from "../tar/scan.js";
import { flattenEntry } from "../tar/single-id.js";
import type { Layer } from "./layer-plan.js";

export interface AssembleOptions extends IoOptions {
  /**
   * The format of layers that have to be made (gzip, level 6). One that is named here is the format of packages' layers too:
   * those of another compression are converted. Those of a base image stay as they are.
   */
  readonly compression?: LayerFormat | undefined;
  /** Threads that compress the layer that is being made (1: the caller's own). */
  readonly jobs?: number | undefined;
  /** Flatten owners and permissions of every layer, a base image's too (no). */
  readonly singleId?: boolean | undefined;
  readonly cache?: Cache | undefined;
  /** How far a layer may grow when it is decompressed (500 times its size). */
  readonly limits?: DecompressLimits | undefined;
  /** Called with the bytes of packages that were read. */
  readonly onPackageBytes?: ((bytes: number) => void) | undefined;
}

/** The tar of a stored layer, its compression seen from its content, without what eStargz added to it. */
export async function* openTar(
  store: Store,
  { descriptor }: Pick<Layer, "descriptor">,
  options: AssembleOptions,
): ByteStream {
  const counted = async function* () {
    for await (const chunk of store.open(descriptor, { signal: options.signal })) {
      options.onPackageBytes?.(chunk.byteLength);
      yield chunk;
    }
  };
  const { head, stream } = await peek(counted(), HEAD_SIZE);
  const { signal, limits } = options;
  const tar = decompress(stream, detectCompression(head), { signal, limits, what: `layer ${descriptor.digest}` });
  if (tableOf(descriptor) !== "estargz") return yield* tar;
  const { isEstargzOwn } = await import("../tar/estargz.js");
  yield* rewriteTar(tar, { map: (entry) => (isEstargzOwn(entry.path) ? undefined : entry) });
}

/** Is every entry of the layer as flattening would leave it? */
export async function isFlat(
  store: Store,
  layer: Pick<Layer, "descriptor">,
  options: AssembleOptions,
): Promise<boolean> {
  let flat = true;
  const scanner = createScanner({
    entry(entry) {
      flat &&= flattenEntry(entry) === entry;
    },
  });
  for await (const chunk of openTar(store, layer, options)) {
    scanner.write(chunk);
    if (!flat) return false;
  }
  scanner.end();
  return true;
}

/** Is it the record of a layer that is still in the store? A cache may hold anything. */
async function isThere(store: Store, layer: Partial<Layer> | undefined, options: IoOptions): Promise<boolean> {
  const descriptor = layer?.descriptor;
  return isDigest(descriptor?.digest) && isDigest(layer?.diffId) && (await store.has(descriptor, options));
}

/** What is known of a layer under a key, or what `make` gives, which is then kept. */
export async function rememberLayer(
  store: Store,
  key: string,
  { cache, signal }: AssembleOptions,
  make: () => Promise<Omit<Layer, "createdBy">>,
): Promise<Omit<Layer, "createdBy">> {
  const known = (await cache?.get(key)) as Layer | undefined;
  if (await isThere(store, known, { signal })) return known as Layer;
  const { descriptor, diffId, uncompressedSize } = await make();
  const made = { descriptor, diffId, uncompressedSize };
  await cache?.set(key, made);
  return made;
}

/** Says of which layer an error speaks where a table of contents cannot hold an entry. */
export function inLayer(error: unknown, what: string, format: LayerFormat | undefined): unknown {
  const hasTable = format !== undefined && format.type in TABLE_ANNOTATION;
  if (!hasTable || !isLadingError(error, "UNSAFE_ENTRY")) return error;
  const message = `Cannot write ${what.replace(/^lading: /, "")} as ${format.type}: ${error.message.replace(/^Cannot /, "cannot ")}`;
  return new LadingError(error.code, message, error.detail, { cause: error });
}
