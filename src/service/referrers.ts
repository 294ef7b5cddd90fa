/**
 * Referrers: the manifests whose subject is a given one.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 * @module
 */

import { isLadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { type Digest, isDigest } from "../oci/digest.js";
import { childrenOf, decodeIndex, decodeManifest, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isIndexType, isManifestType, isReferableType, MEDIA_TYPE } from "../oci/media-type.js";
import type { Store } from "../store/store.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import type { Exchange } from "./exchange.js";
import { jsonReply, type Reply, refusal } from "./reply.js";
import type { Repository } from "./repository.js";

/** Bytes of descriptors in one answer: 3 MiB, since clients take manifests of 4. */
const PAGE_BYTES = 3 * 1024 * 1024;

interface Referrer {
  readonly subject: Digest;
  readonly descriptor: Descriptor;
}

/** What was read of each store's manifests, which never change: null for one without subject. */
const known = new WeakMap<Store, Map<Digest, Referrer | null>>();

/** The subject of a manifest or index. */
export function subjectOf(mediaType: string, bytes: Uint8Array): Descriptor | undefined {
  if (isIndexType(mediaType)) return decodeIndex(bytes, mediaType).subject;
  return isManifestType(mediaType) ? decodeManifest(bytes, mediaType).subject : undefined;
}

/**
 * GET of `referrers/<digest>`: every manifest with that subject that is listed, by the repository or by the index that clients
 * keep under the tag `sha256-…` where a registry has no such endpoint. Always an index, were it an empty one.
 */
export async function listReferrers(
  repository: Repository | undefined,
  target: string,
  { query, path, signal }: Pick<Exchange, "query" | "path" | "signal">,
): Promise<Reply> {
  if (!isDigest(target)) return refusal(400, "DIGEST_INVALID", "the digest is not sha256 or sha512 and its hex digits");
  const artifactType = query.get("artifactType");
  const last = query.get("last") ?? "";
  const found = new Map<Digest, Descriptor>();
  for (const root of repository === undefined ? [] : await candidates(repository, target, { signal })) {
    const referrer = repository && (await readReferrer(repository.store, root, { signal }));
    if (referrer?.subject === target) found.set(root.digest, referrer.descriptor);
  }
  const wanted = [...found.values()]
    .filter((each) => each.digest > last && (artifactType === null || each.artifactType === artifactType))
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const page = firstPage(wanted);
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: page };
  const filter = artifactType === null ? {} : { "oci-filters-applied": "artifactType" };
  const next = new URLSearchParams({ ...(artifactType !== null && { artifactType }), last: page.at(-1)?.digest ?? "" });
  const link = page.length < wanted.length ? { link: `<${path}?${next}>; rel="next"` } : {};
  return jsonReply(index, { headers: { "content-type": MEDIA_TYPE.index, ...filter, ...link } });
}

/** As many as keep the document below what clients accept, one at least. */
function firstPage(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  let size = 0;
  const end = descriptors.findIndex((each, at) => {
    size += Buffer.byteLength(JSON.stringify(each));
    return at > 0 && size > PAGE_BYTES;
  });
  return end < 0 ? descriptors : descriptors.slice(0, end);
}

async function candidates({ store, sizeOf }: Repository, target: Digest, options: IoOptions): Promise<Descriptor[]> {
  const roots = await store.tags(options);
  const fallback = roots.find(({ name }) => name === target.replace(":", "-"))?.descriptor;
  const found = roots.map(({ descriptor }) => descriptor);
  if (fallback !== undefined && isIndexType(fallback.mediaType)) {
    const bytes = await collect(store.open(fallback, options), MAX_MANIFEST_BYTES, "manifest");
    for (const child of childrenOf(fallback.mediaType, bytes)) {
      if ((await sizeOf(child.digest, options)) === child.size) found.push(child);
    }
  }
  return found.filter(({ mediaType }) => isReferableType(mediaType));
}

async function readReferrer(store: Store, root: Descriptor, options: IoOptions): Promise<Referrer | null> {
  const cache = known.get(store) ?? new Map<Digest, Referrer | null>();
  known.set(store, cache);
  const cached = cache.get(root.digest);
  if (cached !== undefined) return cached;
  try {
    const bytes = await collect(store.open(root, options), MAX_MANIFEST_BYTES, "manifest");
    const referrer = describeReferrer(root, bytes);
    cache.set(root.digest, referrer);
    return referrer;
  } catch (error) {
    // One manifest that is deleted meanwhile, or that another program has written badly, hides no other.
    if (!isLadingError(error) || isLadingError(error, "IO")) throw error;
    return null;
  }
}

function describeReferrer({ mediaType, digest, size }: Descriptor, bytes: Uint8Array): Referrer | null {
  const subject = subjectOf(mediaType, bytes);
  if (subject === undefined) return null;
  const { artifactType, annotations, config } = isIndexType(mediaType)
    ? { ...decodeIndex(bytes, mediaType), config: undefined }
    : decodeManifest(bytes, mediaType);
  const type = artifactType ?? config?.mediaType;
  const descriptor = {
    mediaType,
    digest,
    size,
    ...(type && { artifactType: type }),
    ...(annotations && { annotations }),
  };
  return { subject: subject.digest, descriptor };
}
