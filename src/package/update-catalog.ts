/**
 * Bringing a repository's catalog up to date with its tags, which are the truth.
 *
 * Registries know no compare-and-swap: of two publishers that write at once the later one wins. So who writes a catalog makes it
 * anew from the tags, writes it, and reads tags and catalog again until the two agree. Whoever writes last sees what others
 * published before, and nobody leaves before what he published is listed.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { isLadingError, LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { MEDIA_TYPE } from "../oci/media-type.js";
import type { Store } from "../store/store.js";
import { fromBytes, type IoOptions } from "../stream/bytes.js";
import { mapConcurrent } from "../stream/pool.js";
import { listPackage, readPackage } from "./artifact.js";
import { CATALOG_TAG, catalogEntry, encodeCatalog, entryTag, isPackageTag } from "./catalog-document.js";
import type { Package } from "./package.js";
import { readEntries } from "./published.js";

/** How a catalog is updated. */
export interface UpdateCatalogOptions extends IoOptions {
  /** Bytes above which a catalog is spread over shards (3 MiB). */
  readonly maxBytes?: number | undefined;
}

/** Requests at once. */
const AT_ONCE = 8;
/** Times that a catalog is written. */
const ROUNDS = 40;
/** Milliseconds, at most, that a publisher waits longer each time, so that one of several comes last. */
const WAIT_MS = 40;

async function namesOf(store: Store, options: IoOptions): Promise<readonly string[]> {
  if (store.names !== undefined) return await store.names(options);
  return (await store.tags(options)).flatMap(({ name }) => name ?? []);
}

/** What each tag that may be a package's means. */
async function readTags(store: Store, options: IoOptions): Promise<ReadonlyMap<string, Descriptor>> {
  const names = (await namesOf(store, options)).filter(isPackageTag);
  const resolve = async (name: string) => {
    try {
      return [[name, await store.resolve(name, options)]] as const;
    } catch (error) {
      if (isLadingError(error, "NOT_FOUND")) return [];
      throw error;
    }
  };
  return new Map((await mapConcurrent(names, AT_ONCE, resolve, options.signal)).flat());
}

/** What is known of the manifests in a repository: how a catalog lists them, or undefined for what is no package. */
type Known = Map<Digest, Descriptor | undefined>;

async function describeManifest(store: Store, { mediaType, digest, size }: Descriptor, options: IoOptions) {
  if (mediaType !== MEDIA_TYPE.manifest) return undefined;
  try {
    return listPackage(await readPackage(store, { mediaType, digest, size }, options));
  } catch (error) {
    // An image under such a tag, or a package that nobody can use: neither may keep others from being published.
    if (isLadingError(error, "FORMAT") || isLadingError(error, "CORRUPT") || isLadingError(error, "NOT_FOUND"))
      return undefined;
    throw error;
  }
}

/** What the catalog has to list. */
async function listTags(store: Store, known: Known, options: IoOptions): Promise<readonly Descriptor[]> {
  const tags = await readTags(store, options);
  const describe = async ([tag, manifest]: readonly [string, Descriptor]) => {
    const { digest } = manifest;
    if (!known.has(digest)) known.set(digest, await describeManifest(store, manifest, options));
    const listed = known.get(digest);
    return listed === undefined ? [] : [catalogEntry(tag, listed)];
  };
  return (await mapConcurrent([...tags], AT_ONCE, describe, options.signal)).flat();
}

function isSame(left: readonly Descriptor[], right: readonly Descriptor[]): boolean {
  const keyOf = (entry: Descriptor) => `${entryTag(entry)} ${entry.digest}`;
  const keys = new Set(left.map(keyOf));
  return left.length === right.length && right.every((entry) => keys.has(keyOf(entry)));
}

/** Writes the catalog. False where the registry says to lack a package that was there a moment ago. */
async function write(store: Store, entries: readonly Descriptor[], options: UpdateCatalogOptions): Promise<boolean> {
  const { maxBytes, signal } = options;
  const { shards, root } = encodeCatalog(entries, maxBytes);
  const put = (bytes: Uint8Array) => store.put(MEDIA_TYPE.index, fromBytes(bytes), { signal });
  try {
    const descriptor = await put(root(await mapConcurrent(shards, AT_ONCE, put, signal)));
    const artifactType = MEDIA_TYPE.catalog;
    await store.tag([{ name: CATALOG_TAG, descriptor: { ...descriptor, artifactType } }], { signal });
    return true;
  } catch (error) {
    const codes = isLadingError(error, "REGISTRY") ? error.detail.errors.map(({ code }) => code) : [];
    if (codes.some((code) => /^(MANIFEST|BLOB|MANIFEST_BLOB)_UNKNOWN$/.test(code))) return false;
    throw error;
  }
}

/**
 * Makes the catalog of a repository list what its tags name, whoever else is publishing there.
 *
 * @param published Packages that are known already; what else is tagged, and no catalog lists, is read.
 * @returns How many packages the catalog lists.
 * @throws {LadingError} `CHANGED` where others change the repository faster than the catalog can be written; what the store
 * throws.
 */
export async function updateCatalog(
  store: Store,
  published: readonly Package[],
  options: UpdateCatalogOptions = {},
): Promise<number> {
  const { signal } = options;
  const known: Known = new Map(published.map((pkg) => [pkg.manifest.digest, listPackage(pkg)]));
  let entries: readonly Descriptor[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    // The catalog first: what is published in between is in the tags, and so is not missed.
    const current = await readEntries(store, { signal });
    for (const entry of current ?? []) if (!known.has(entry.digest)) known.set(entry.digest, entry);
    entries = await listTags(store, known, { signal });
    if (current !== undefined && isSame(current, entries)) return entries.length;
    if (round > 0) await sleep(Math.random() * WAIT_MS * Math.min(round, 10), undefined, { signal });
    await write(store, round > 0 ? await listTags(store, known, { signal }) : entries, options);
  }
  const message = `Cannot complete the catalog of ${store.label}: others went on changing it, ${ROUNDS} times; publish again`;
  throw new LadingError("CHANGED", message, { path: store.label });
}
