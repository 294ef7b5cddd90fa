/**
 * From layer plans to layers: one pass over bytes, and none where the layer is known.
 *
 * @module
 */

import { isDigest } from "../oci/digest.js";
import { LAYER_TYPE } from "../oci/media-type.js";
import type { Package, PackageLayer } from "../package/package.js";
import { storeResource } from "../package/resource.js";
import type { Cache } from "../store/cache.js";
import type { Store } from "../store/store.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { type CompressOptions, compress, decompress } from "../stream/codec.js";
import { detectCompression, HEAD_SIZE } from "../stream/detect.js";
import { hashing } from "../stream/hash.js";
import { peek } from "../stream/peek.js";
import type { Entry, WriteEntry } from "../tar/entry.js";
import { rewriteTar } from "../tar/rewrite.js";
import { sortEntries } from "../tar/sort.js";
import { writeTar } from "../tar/write.js";
import type { Layer, PathRewrites } from "./layer-plan.js";

export interface AssembleOptions extends IoOptions {
  readonly compression?: CompressOptions | undefined;
  readonly cache?: Cache | undefined;
  /** Called with the bytes of packages that were read. */
  readonly onPackageBytes?: ((bytes: number) => void) | undefined;
}

/** Where a path leads once the symlinks of lower layers are followed. */
function rewritePath(path: string, through: PathRewrites): string {
  let best: PathRewrites[number] | undefined;
  for (const rewrite of through) {
    const isBelow = path.startsWith(`${rewrite.symlink}/`);
    if (isBelow && rewrite.symlink.length > (best?.symlink.length ?? -1)) best = rewrite;
  }
  if (best === undefined) return path;
  const rest = path.slice(best.symlink.length + 1);
  return best.folder === "" ? rest : `${best.folder}/${rest}`;
}

/** The entry where it belongs; undefined for a folder in whose place a lower layer has a symlink to another folder. */
function rewriteEntry(entry: Entry, through: PathRewrites): Entry | undefined {
  const link = entry.type === "directory" ? through.find(({ symlink }) => symlink === entry.path) : undefined;
  if (link !== undefined) return link.create ? { ...entry, path: link.folder } : undefined;
  const { linkpath } = entry;
  const moved = { ...entry, path: rewritePath(entry.path, through) };
  if (entry.type !== "hardlink" || linkpath === undefined) return moved;
  return { ...moved, linkpath: rewritePath(linkpath, through) };
}

/** The tar of a stored layer, its compression seen from its content. */
async function* openTar(store: Store, layer: PackageLayer, options: AssembleOptions): ByteStream {
  const counted = async function* () {
    for await (const chunk of store.open(layer.descriptor, { signal: options.signal })) {
      options.onPackageBytes?.(chunk.byteLength);
      yield chunk;
    }
  };
  const { head, stream } = await peek(counted(), HEAD_SIZE);
  yield* decompress(stream, detectCompression(head), { signal: options.signal });
}

/** Is it the record of a layer that is still in the store? A cache may hold anything. */
async function isThere(store: Store, layer: Partial<Layer> | undefined, options: IoOptions): Promise<boolean> {
  const descriptor = layer?.descriptor;
  return isDigest(descriptor?.digest) && isDigest(layer?.diffId) && (await store.has(descriptor, options));
}

/**
 * A package's layer as this image needs it: as it is stored, or, where its paths lead through symlinks of lower layers, a
 * variant of it. A variant is made once for each (layer, rewrites) and kept.
 */
export async function assemblePackageLayer(
  store: Store,
  layer: PackageLayer,
  through: PathRewrites,
  createdBy: string,
  options: AssembleOptions,
): Promise<Layer> {
  const { descriptor, diffId, uncompressedSize } = layer;
  if (through.length === 0) return { descriptor, diffId, uncompressedSize, createdBy };
  const { cache, signal, compression } = options;
  const key = `variant ${JSON.stringify([descriptor.digest, through, compression ?? null])}`;
  const known = (await cache?.get(key)) as Layer | undefined;
  if (await isThere(store, known, { signal })) return { ...(known as Layer), createdBy };
  const map = (entry: Entry) => rewriteEntry(entry, through);
  const open = () => rewriteTar(openTar(store, layer, options), { map });
  const resource = { what: createdBy, claims: {}, open };
  const variant = (await storeResource(store, resource, { signal, compression })).layer;
  const made = { descriptor: variant.descriptor, diffId: variant.diffId, uncompressedSize: variant.uncompressedSize };
  await cache?.set(key, made);
  return { ...made, createdBy };
}

/** A layer of entries that lading makes itself. The same entries give the same bytes. */
export async function assembleEntries(
  store: Store,
  entries: readonly WriteEntry[],
  createdBy: string,
  { signal, compression = { type: "gzip" } }: AssembleOptions,
): Promise<Layer> {
  let tar: { digest: Layer["diffId"]; size: number } | undefined;
  const bytes = hashing(writeTar(sortEntries(entries)), (content) => {
    tar = content;
  });
  const descriptor = await store.put(LAYER_TYPE[compression.type], compress(bytes, compression), { signal });
  if (tar === undefined) throw new Error("The layer was stored before it was read");
  return { descriptor, diffId: tar.digest, uncompressedSize: tar.size, createdBy };
}

/** The line of an image's history for a package. */
export function packageHistory({ fqn, version }: Package): string {
  return `lading: ${fqn}${version === undefined ? "" : ` ${version}`}`;
}
