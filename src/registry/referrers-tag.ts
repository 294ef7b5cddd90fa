/**
 * The list of referrers that clients keep under a tag where the registry keeps none.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
 * @module
 */

import { LadingError } from "../errors.js";
import { wait } from "../http/retry.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { decodeIndex, encodeIndex, type Index, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { MEDIA_TYPE } from "../oci/media-type.js";
import { type Referrer, referrersTag } from "../oci/referrer.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import { pushManifest } from "./manifest.js";
import type { Session } from "./session.js";

/** Times that the list is written before this gives up. */
const WRITES = 12;
/**
 * Milliseconds until a list that was written is read again, and as many more at random. Whoever read the list before and
 * writes after us has done so by then.
 */
const SETTLE_MS = 150;

/** The list; an empty one where there is none. */
export async function readReferrersTag(session: Session, subject: Digest, { signal }: IoOptions): Promise<Index> {
  const tag = referrersTag(subject);
  const headers = { accept: MEDIA_TYPE.index };
  const response = await session.send({ method: "GET", to: `manifests/${tag}`, actions: "pull", headers, signal });
  if (response.status === 404) {
    await response.discard();
    return { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [] };
  }
  if (response.status !== 200)
    throw await session.refused(response, "GET", `fetch the list of referrers "${tag}" from`);
  const what = `the list of referrers "${tag}" in ${session.label}`;
  return decodeIndex(await collect(response.body, MAX_MANIFEST_BYTES, what), { what });
}

/** Adds a referrer to the list of its subject. */
export async function addToReferrersTag(
  session: Session,
  { subject, descriptor }: Referrer,
  io: IoOptions,
): Promise<void> {
  const { digest } = descriptor;
  await change(session, subject.digest, io, (all) =>
    all.some((each) => each.digest === digest) ? all : [...all, descriptor],
  );
}

/** Takes a referrer out of the list of its subject. */
export async function removeFromReferrersTag(session: Session, { subject, descriptor }: Referrer, io: IoOptions) {
  const { digest } = descriptor;
  await change(session, subject.digest, io, (all) =>
    all.some((each) => each.digest === digest) ? all.filter((each) => each.digest !== digest) : all,
  );
}

/**
 * The protocol has no way to write only what nobody else changed meanwhile. So the list is read again after it was written,
 * and written anew, merged with what is there then, until it holds the change.
 */
async function change(
  session: Session,
  subject: Digest,
  io: IoOptions,
  apply: (manifests: readonly Descriptor[]) => readonly Descriptor[],
): Promise<void> {
  const tag = referrersTag(subject);
  for (let count = 0; ; count++) {
    const index = await readReferrersTag(session, subject, io);
    const manifests = apply(index.manifests);
    if (manifests === index.manifests) return;
    if (count === WRITES) throw unsettled(session, tag);
    const bytes = encodeIndex({ ...index, mediaType: MEDIA_TYPE.index, manifests });
    await pushManifest(session, tag, { mediaType: MEDIA_TYPE.index, bytes }, io);
    await wait(SETTLE_MS * (1 + Math.random()), io.signal);
  }
}

function unsettled({ label, registry }: Session, tag: string): LadingError<"REGISTRY"> {
  const message = `Cannot change the list of referrers "${tag}" in ${label}: others keep writing over it; try again later`;
  const detail = { status: 409, method: "PUT", url: registry.href, errors: [], retryable: true };
  return new LadingError("REGISTRY", message, detail);
}
