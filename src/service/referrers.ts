/**
 * Referrers: the manifests whose subject is a given one.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 * @module
 */

import { isLadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { type Digest, isDigest } from "../oci/digest.js";
import { childrenOf, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isIndexType, isReferableType, MEDIA_TYPE } from "../oci/media-type.js";
import { readReferrer } from "../oci/referrer.js";
import type { Store } from "../store/store.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import type { Exchange } from "./exchange.js";
import { jsonReply, type Reply, refusal } from "./reply.js";
import type { Repository } from "./repository.js";

/** Bytes of descriptors in one answer: 3 MiB, since clients take manifests of 4. */
const PAGE_BYTES = 3 * 1024 * 1024;

/** The subject of each store's manifests, which never change: null for one without. No more of them: annotations may be large. */
const known = new WeakMap<Store, Map<Digest, Digest | null>>();

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
  const wanted = { target, artifactType, last: query.get("last") ?? "" };
  const { page, isWhole } =
    repository === undefined ? { page: [], isWhole: true } : await firstPage(repository, wanted, { signal });
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: page };
  const filter = artifactType === null ? {} : { "oci-filters-applied": "artifactType" };
  const next = new URLSearchParams({ ...(artifactType !== null && { artifactType }), last: page.at(-1)?.digest ?? "" });
  const link = isWhole ? {} : { link: `<${path}?${next}>; rel="next"` };
  return jsonReply(index, { headers: { "content-type": MEDIA_TYPE.index, ...filter, ...link } });
}

interface Wanted {
  readonly target: Digest;
  readonly artifactType: string | null;
  /** Only those after it. */
  readonly last: string;
}

/** By digest, as many as keep the document below what clients accept, one at least. No more than those are in memory. */
async function firstPage(repository: Repository, wanted: Wanted, options: IoOptions) {
  const { target, artifactType, last } = wanted;
  const roots = new Map((await candidates(repository, target, options)).map((root) => [root.digest, root]));
  const sorted = [...roots.values()]
    .filter(({ digest }) => digest > last)
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const page: Descriptor[] = [];
  let size = 0;
  for (const root of sorted) {
    const referrer = await referrerOf(repository.store, root, target, options);
    if (referrer === undefined || (artifactType !== null && referrer.artifactType !== artifactType)) continue;
    size += Buffer.byteLength(JSON.stringify(referrer));
    if (page.length > 0 && size > PAGE_BYTES) return { page, isWhole: false };
    page.push(referrer);
  }
  return { page, isWhole: true };
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

/** How a manifest is listed as a referrer of `target`; undefined where it is none. */
async function referrerOf(
  store: Store,
  root: Descriptor,
  target: Digest,
  options: IoOptions,
): Promise<Descriptor | undefined> {
  const subjects = known.get(store) ?? new Map<Digest, Digest | null>();
  known.set(store, subjects);
  const subject = subjects.get(root.digest);
  if (subject !== undefined && subject !== target) return undefined;
  try {
    const bytes = await collect(store.open(root, options), MAX_MANIFEST_BYTES, "manifest");
    const found = readReferrer(root, bytes);
    subjects.set(root.digest, found?.subject.digest ?? null);
    return found?.subject.digest === target ? found.descriptor : undefined;
  } catch (error) {
    // One manifest that is deleted meanwhile, or that another program has written badly, hides no other.
    if (!isLadingError(error) || isLadingError(error, "IO")) throw error;
    return undefined;
  }
}
