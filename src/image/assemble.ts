/**
 * From layer plans to layers: one pass over bytes, and none where the layer is known.
 *
 * @module
 */

import type { Package, PackageLayer } from "../package/package.js";
import { DEFAULT_FORMAT, putLayer } from "../package/put-layer.js";
import { storeResource } from "../package/resource.js";
import type { Store } from "../store/store.js";
import type { ByteStream } from "../stream/bytes.js";
import { type ContentId, hashing } from "../stream/hash.js";
import type { Entry, WriteEntry } from "../tar/entry.js";
import { isOfFormat, type LayerFormat } from "../tar/layer-format.js";
import { rewriteTar } from "../tar/rewrite.js";
import { flattenEntry } from "../tar/single-id.js";
import { sortEntries } from "../tar/sort.js";
import { writeTar } from "../tar/write.js";
import type { Layer, PathRewrites } from "./layer-plan.js";
import { type AssembleOptions, inLayer, isFlat, openTar, rememberLayer } from "./stored-layer.js";

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

/** How a package's layer has to differ from what is stored. */
interface Variant {
  readonly through: PathRewrites;
  readonly format: LayerFormat | undefined;
  readonly flatten: boolean;
}

async function makeVariant(
  store: Store,
  layer: PackageLayer,
  { through, flatten }: Variant,
  what: string,
  options: AssembleOptions,
) {
  const { signal, jobs, compression } = options;
  const map = (entry: Entry) => {
    const moved = rewriteEntry(entry, through);
    return flatten && moved !== undefined ? flattenEntry(moved) : moved;
  };
  const isSame = through.length === 0 && !flatten;
  const open = () => {
    const tar = openTar(store, layer, options);
    return isSame ? tar : rewriteTar(tar, { map });
  };
  try {
    return (await storeResource(store, { what, claims: {}, open }, { signal, jobs, compression })).layer;
  } catch (error) {
    throw inLayer(error, what, compression);
  }
}

/** The key under which a variant is kept. */
function variantKey({ descriptor }: PackageLayer, { through, flatten }: Variant, format: LayerFormat | undefined) {
  return `variant ${JSON.stringify([descriptor.digest, through, format ?? null, ...(flatten ? ["single-id"] : [])])}`;
}

/**
 * A package's layer as this image needs it: as it is stored, or a variant of it where its paths lead through symlinks of
 * lower layers, where it is of another compression than the one that was named, and where flattening changes it. A variant
 * is made once for each (layer, rewrites, format, flattening) and kept.
 */
export async function assemblePackageLayer(
  store: Store,
  layer: PackageLayer,
  through: PathRewrites,
  createdBy: string,
  options: AssembleOptions,
): Promise<Layer> {
  const { descriptor, diffId, uncompressedSize } = layer;
  const { compression, singleId = false } = options;
  const format = compression !== undefined && !isOfFormat(descriptor, compression) ? compression : undefined;
  const stored = { descriptor, diffId, uncompressedSize };
  const isStored = through.length === 0 && format === undefined;
  if (isStored && !singleId) return { ...stored, createdBy };
  const variant: Variant = { through, format, flatten: singleId };
  const made = await rememberLayer(store, variantKey(layer, variant, compression), options, async () => {
    if (isStored && (await isFlat(store, layer, options))) return stored;
    return await makeVariant(store, layer, variant, createdBy, options);
  });
  return { ...made, createdBy };
}

/** A tar made a layer, and what it was. */
export async function assembleTar(store: Store, tar: ByteStream, { compression, jobs, signal }: AssembleOptions) {
  let content: ContentId | undefined;
  const counted = hashing(tar, (end) => {
    content = end;
  });
  const { descriptor, table } = await putLayer(store, counted, compression ?? DEFAULT_FORMAT, { jobs, signal });
  if (content === undefined) throw new Error("The layer was stored before it was read");
  // Assigned in a callback, which the compiler does not follow.
  const { digest, size } = content as ContentId;
  return { descriptor, diffId: table?.diffId ?? digest, uncompressedSize: table?.uncompressedSize ?? size };
}

/**
 * A base image's layer, flattened: whiteouts and all else that such a layer may hold stay. One that is flat already is
 * itself.
 */
export async function flattenBaseLayer(store: Store, layer: Layer, options: AssembleOptions): Promise<Layer> {
  const { descriptor, createdBy } = layer;
  const key = `flat ${JSON.stringify([descriptor.digest, options.compression ?? null])}`;
  const made = await rememberLayer(store, key, options, async () => {
    if (await isFlat(store, layer, options)) return layer;
    try {
      return await assembleTar(store, rewriteTar(openTar(store, layer, options), { map: flattenEntry }), options);
    } catch (error) {
      throw inLayer(error, createdBy, options.compression);
    }
  });
  return { ...made, createdBy };
}

/** A layer of entries that lading makes itself. The same entries give the same bytes. */
export async function assembleEntries(
  store: Store,
  entries: readonly WriteEntry[],
  createdBy: string,
  options: AssembleOptions,
): Promise<Layer> {
  const flat = options.singleId ? entries.map((entry) => flattenEntry(entry)) : entries;
  try {
    return { ...(await assembleTar(store, writeTar(sortEntries(flat)), options)), createdBy };
  } catch (error) {
    throw inLayer(error, createdBy, options.compression);
  }
}

/** The line of an image's history for a package. */
export function packageHistory({ fqn, version }: Package): string {
  return `lading: ${fqn}${version === undefined ? "" : ` ${version}`}`;
}
