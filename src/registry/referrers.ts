/**
 * What refers to a manifest, at the registry.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 * @module
 */

import type { HttpResponse } from "../http/message.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { decodeIndex, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { MEDIA_TYPE } from "../oci/media-type.js";
import type { ReferrersOptions } from "../store/store.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import { createPages } from "./page-link.js";
import { readReferrersTag } from "./referrers-tag.js";
import type { Session } from "./session.js";

const ACTION = "list the referrers in";

/**
 * Every manifest whose subject is that one, each once. Registries without the referrers API are asked for the tag under which
 * clients keep the list instead.
 *
 * @throws {LadingError} `REGISTRY` where the registry says no; `FORMAT` and `SYNTAX` for a list that is none.
 */
export async function fetchReferrers(
  session: Session,
  subject: Digest,
  { artifactType, signal }: ReferrersOptions,
): Promise<readonly Descriptor[]> {
  const all =
    (await fetchFromApi(session, subject, { artifactType, signal })) ??
    (await readReferrersTag(session, subject, { signal })).manifests;
  const found = new Map(all.map((descriptor) => [descriptor.digest, descriptor]));
  // Not every registry filters.
  return [...found.values()].filter((each) => artifactType === undefined || each.artifactType === artifactType);
}

/** Undefined where the registry has no such API. */
async function fetchFromApi(session: Session, subject: Digest, { artifactType, signal }: ReferrersOptions) {
  const found: Descriptor[] = [];
  const pages = createPages(session, ACTION, "list of referrers");
  const query = artifactType === undefined ? "" : `?artifactType=${encodeURIComponent(artifactType)}`;
  let to: string | URL | undefined = `referrers/${subject}${query}`;
  while (to !== undefined) {
    const response = await session.send({ method: "GET", to, actions: "pull", signal });
    if (isMissing(response)) {
      await response.discard();
      return undefined;
    }
    if (response.status !== 200) throw await session.refused(response, "GET", ACTION);
    found.push(...(await readPage(session, response)));
    to = pages.next(response);
  }
  return found;
}

/** Old registries know no such path, or show a page for people there. */
function isMissing({ status, headers }: HttpResponse): boolean {
  const mediaType = headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  return status === 404 || status === 405 || (status === 200 && mediaType !== MEDIA_TYPE.index);
}

async function readPage(session: Session, response: HttpResponse): Promise<readonly Descriptor[]> {
  const what = `the list of referrers of ${session.label}`;
  return decodeIndex(await collect(response.body, MAX_MANIFEST_BYTES, what), { what }).manifests;
}

/** Has the registry the referrers API? */
export async function hasReferrersApi(session: Session, subject: Digest, options: IoOptions): Promise<boolean> {
  return (await fetchFromApi(session, subject, options)) !== undefined;
}
