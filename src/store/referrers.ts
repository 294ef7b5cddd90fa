/**
 * What refers to an image: signatures, SBOMs, attestations, and whatever else names it as its `subject`.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { childrenOf, decodeIndex, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isIndexType, isReferableType } from "../oci/media-type.js";
import { readReferrer, referrersTag } from "../oci/referrer.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import { mapConcurrent } from "../stream/pool.js";
import type { ReferrersOptions, Store } from "./store.js";

/** A manifest, and what it refers to. */
export interface FoundReferrer {
  readonly subject: Digest;
  /** With the type and the annotations of the manifest. */
  readonly descriptor: Descriptor;
}

type Find = (subject: Digest) => Promise<readonly Descriptor[]>;

/** Manifests that are read at once. */
const READS = 8;
/** Referrers of one image, with those of referrers. */
const MAX_REFERRERS = 10_000;

const readManifest = (store: Store, manifest: Descriptor, options: IoOptions) =>
  collect(store.open(manifest, options), MAX_MANIFEST_BYTES, `manifest ${manifest.digest}`);

/** Reads every root that a store lists, once, and says of each subject what refers to it. */
async function scanRoots(store: Store, options: IoOptions): Promise<Find> {
  const found = new Map<string, Map<Digest, Descriptor>>();
  const add = (key: string, descriptor: Descriptor) => {
    const known = found.get(key) ?? new Map<Digest, Descriptor>();
    found.set(key, known.set(descriptor.digest, descriptor));
  };
  const roots = (await store.tags(options)).filter(({ descriptor }) => isReferableType(descriptor.mediaType));
  await mapConcurrent(
    roots,
    READS,
    async ({ name, descriptor }) => {
      const bytes = await readManifest(store, descriptor, options);
      const referrer = readReferrer(descriptor, bytes);
      if (referrer !== undefined) add(referrer.subject.digest, referrer.descriptor);
      // A list that was copied from a registry without the referrers API.
      const isList =
        name !== undefined && /^sha(256|512)-[0-9a-f]{64}$/.test(name) && isIndexType(descriptor.mediaType);
      if (isList) for (const each of decodeIndex(bytes, descriptor.mediaType).manifests) add(name, each);
    },
    options.signal,
  );
  return async (subject) => {
    const all = new Map([...(found.get(referrersTag(subject)) ?? []), ...(found.get(subject) ?? [])]);
    return [...all.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  };
}

async function openReferrers(store: Store, options: IoOptions): Promise<Find> {
  const { referrers } = store;
  return referrers === undefined
    ? await scanRoots(store, options)
    : async (subject) => await referrers(subject, options);
}

/**
 * What refers to one manifest in any store, sorted by digest where the store itself keeps no list.
 *
 * @throws {LadingError} What the store throws, and `SYNTAX` or `FORMAT` for a listed manifest that cannot be read.
 */
export async function findReferrers(
  store: Store,
  subject: Digest,
  { artifactType, signal }: ReferrersOptions = {},
): Promise<readonly Descriptor[]> {
  const all = await (await openReferrers(store, { signal }))(subject);
  return all.filter((each) => artifactType === undefined || each.artifactType === artifactType);
}

/**
 * Everything that refers to an image or index: to itself, to the images that it lists, and to what refers to these.
 *
 * @returns Each once, subjects before what refers to them.
 * @throws {LadingError} as {@link findReferrers}; `TOO_LARGE` for more than 10 000.
 */
export async function findAllReferrers(
  store: Store,
  root: Descriptor,
  { signal }: IoOptions = {},
): Promise<readonly FoundReferrer[]> {
  const find = await openReferrers(store, { signal });
  const found = new Map<Digest, FoundReferrer>();
  const seen = new Set<Digest>();
  async function visit(manifest: Descriptor): Promise<void> {
    if (seen.has(manifest.digest) || !isReferableType(manifest.mediaType)) return;
    seen.add(manifest.digest);
    const referrers = await find(manifest.digest);
    for (const descriptor of referrers) {
      if (!found.has(descriptor.digest)) found.set(descriptor.digest, { subject: manifest.digest, descriptor });
    }
    if (found.size > MAX_REFERRERS) throw tooMany(root);
    for (const descriptor of referrers) await visit(descriptor);
    if (!isIndexType(manifest.mediaType)) return;
    const bytes = await readManifest(store, manifest, { signal });
    for (const child of childrenOf(manifest.mediaType, bytes)) await visit(child);
  }
  await visit(root);
  found.delete(root.digest);
  return [...found.values()];
}

function tooMany({ digest }: Descriptor): LadingError<"TOO_LARGE"> {
  const message = `Cannot list what refers to ${digest}: it is more than ${MAX_REFERRERS}; name one image of it by its digest`;
  return new LadingError("TOO_LARGE", message, { what: "count of referrers", limit: MAX_REFERRERS });
}
