/**
 * Referrers: the manifests whose subject is a given one.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import { type Digest, isDigest } from "../oci/digest.js";
import { decodeIndex, decodeManifest, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isIndexType, isManifestType, isReferableType, MEDIA_TYPE } from "../oci/media-type.js";
import type { Store } from "../store/store.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import { jsonReply, type Reply, refusal } from "./reply.js";

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

/** GET of `referrers/<digest>`: every listed root with that subject. Always an index, were it an empty one. */
export async function listReferrers(
  store: Store | undefined,
  target: string,
  options: IoOptions & { readonly artifactType: string | null },
): Promise<Reply> {
  if (!isDigest(target)) return refusal(400, "DIGEST_INVALID", "the digest is not sha256 or sha512 and its hex digits");
  const { artifactType, signal } = options;
  const found = new Map<Digest, Descriptor>();
  for (const { descriptor } of (await store?.tags({ signal })) ?? []) {
    if (store === undefined || !isReferableType(descriptor.mediaType)) continue;
    const referrer = await readReferrer(store, descriptor, { signal });
    if (referrer?.subject === target) found.set(descriptor.digest, referrer.descriptor);
  }
  const wanted = [...found.values()].filter((each) => artifactType === null || each.artifactType === artifactType);
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: wanted };
  const filter = artifactType === null ? {} : { "oci-filters-applied": "artifactType" };
  return jsonReply(index, { headers: { "content-type": MEDIA_TYPE.index, ...filter } });
}

async function readReferrer(store: Store, root: Descriptor, options: IoOptions): Promise<Referrer | null> {
  const cache = known.get(store) ?? new Map<Digest, Referrer | null>();
  known.set(store, cache);
  const cached = cache.get(root.digest);
  if (cached !== undefined) return cached;
  const bytes = await collect(store.open(root, options), MAX_MANIFEST_BYTES, "manifest");
  const referrer = describeReferrer(root, bytes);
  cache.set(root.digest, referrer);
  return referrer;
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
