/**
 * The packages that were published to a repository, read from its catalog.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { decodeIndex, type Index, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { MEDIA_TYPE } from "../oci/media-type.js";
import type { Store } from "../store/store.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import { mapConcurrent } from "../stream/pool.js";
import { readCatalogLine, readPackage } from "./artifact.js";
import { distinct } from "./catalog.js";
import { CATALOG_TAG } from "./catalog-document.js";
import { isPackageDescriptor } from "./listed.js";
import type { Package } from "./package.js";

/** Shards, and packages without a line, that are read at once. */
const AT_ONCE = 8;

async function fetchCatalog(store: Store, options: IoOptions): Promise<Uint8Array | undefined> {
  if (store.fetch !== undefined) return (await store.fetch(CATALOG_TAG, options))?.bytes;
  const root = (await store.tags(options)).find(({ name }) => name === CATALOG_TAG);
  return root && (await collect(store.open(root.descriptor, options), MAX_MANIFEST_BYTES, "catalog"));
}

function decodeCatalog(bytes: Uint8Array, { label }: Store): Index {
  const index = decodeIndex(bytes, { what: `catalog of ${label}` });
  if (index.artifactType === MEDIA_TYPE.catalog) return index;
  const message = `Cannot read the catalog of ${label}: its tag ${CATALOG_TAG} is something else; move that tag away`;
  throw new LadingError("FORMAT", message, { wanted: MEDIA_TYPE.catalog, found: index.artifactType ?? "index" });
}

/** The packages that a repository's catalog lists, each with its line and its tag; undefined where it has none. */
export async function readEntries(store: Store, options: IoOptions): Promise<readonly Descriptor[] | undefined> {
  const bytes = await fetchCatalog(store, options);
  if (bytes === undefined) return undefined;
  const { manifests } = decodeCatalog(bytes, store);
  const shards = manifests.filter(({ artifactType }) => artifactType === MEDIA_TYPE.catalog);
  const read = async (shard: Descriptor) => {
    const content = await collect(store.open(shard, options), MAX_MANIFEST_BYTES, "shard of a catalog");
    return decodeCatalog(content, store).manifests;
  };
  const parts = await mapConcurrent(shards, AT_ONCE, read, options.signal);
  return [...manifests, ...parts.flat()].filter(isPackageDescriptor);
}

/**
 * Every package that was published to a repository, once, sorted as {@link listPackages} sorts.
 *
 * One request, and one more for each shard where the catalog is larger than 3 MiB, and two for a package whose line would be
 * longer than 256 KiB.
 *
 * @param store Mostly a repository of a registry.
 * @throws {LadingError} `NOT_FOUND` where nothing was published; `FORMAT` and `SYNTAX` for a catalog that is none; what reading
 * throws.
 */
export async function listPublished(store: Store, options: IoOptions = {}): Promise<readonly Package[]> {
  const entries = await readEntries(store, options);
  if (entries === undefined) {
    const message = `Cannot read the catalog of ${store.label}: there is none; check the name, or publish a package there`;
    throw new LadingError("NOT_FOUND", message, { what: "catalog", name: CATALOG_TAG });
  }
  const read = async ({ annotations, ...manifest }: Descriptor) =>
    readCatalogLine({ annotations: annotations ?? {}, ...manifest }) ?? (await readPackage(store, manifest, options));
  return distinct(await mapConcurrent(entries, AT_ONCE, read, options.signal));
}
