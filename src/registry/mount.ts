/**
 * Blobs that another repository of the same registry has: they need not be sent.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#mounting-a-blob-from-another-repository
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import type { MountOptions } from "../store/store.js";
import { fetchBlobSize } from "./blob.js";
import type { BlobPlaces } from "./blob-places.js";
import type { Place } from "./place.js";
import type { Session } from "./session.js";
import { cancelUpload, mountBlob, type Started } from "./upload-request.js";

/** Repositories that are asked for one blob. */
const ASKED = 3;

export interface Mounting {
  readonly session: Session;
  readonly place: Place;
  readonly places: BlobPlaces | undefined;
}

/** Repositories that may have the blob: where it comes from, then what lading remembers. */
async function candidatesFor(descriptor: Descriptor, { place, places }: Mounting, { from }: MountOptions) {
  const known = (await places?.find(descriptor.digest, place.repository)) ?? [];
  const isNear = from?.registry === place.registry && from.repository !== place.repository;
  return [...new Set([...(isNear ? [from.repository] : []), ...known])].slice(0, ASKED);
}

/**
 * Mounts a blob from a repository that may have it. A registry that has it in none of them has mostly begun an upload
 * instead, which is given so that the blob is sent with one request less.
 */
export async function mountFromAny(
  descriptor: Descriptor,
  mounting: Mounting,
  options: MountOptions,
): Promise<"mounted" | Started | undefined> {
  const { session } = mounting;
  let started: Started | undefined;
  for (const repository of await candidatesFor(descriptor, mounting, options)) {
    const answer = await mountBlob(session, descriptor.digest, repository, options);
    if (started !== undefined && answer !== undefined) await cancelUpload(session, started.location);
    if (answer === "mounted") return "mounted";
    started = answer ?? started;
  }
  return started;
}

/** Would {@link mountFromAny} mount it, as far as can be told without doing it? */
export async function isMountable(
  { digest, size }: Descriptor,
  mounting: Mounting,
  options: MountOptions,
): Promise<boolean> {
  const { session } = mounting;
  const descriptor = { mediaType: "", digest, size };
  for (const repository of await candidatesFor(descriptor, mounting, options)) {
    const found = await fetchBlobSize(session, digest, { signal: options.signal, repository }).catch(() => undefined);
    if (found === size || found === -1) return true;
  }
  return false;
}
