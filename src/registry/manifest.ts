/**
 * Manifests in a registry.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import { deadlineSignal } from "../http/deadline.js";
import type { Descriptor } from "../oci/descriptor.js";
import { digestOf, isDigest, splitDigest } from "../oci/digest.js";
import { MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isReferableType, MEDIA_TYPE } from "../oci/media-type.js";
import { blobNotFound } from "../store/missing.js";
import type { Fetched } from "../store/store.js";
import { collect, fromBytes, type IoOptions } from "../stream/bytes.js";
import { checkContent } from "../stream/verify.js";
import { manifestTypeOf } from "./manifest-type.js";
import type { Session } from "./session.js";

const ACCEPT = [MEDIA_TYPE.index, MEDIA_TYPE.manifest, MEDIA_TYPE.dockerIndex, MEDIA_TYPE.dockerManifest].join(", ");

/** Milliseconds for the whole of a manifest (120 000), which an idle timeout alone would not bound. */
const DEADLINE_MS = 120_000;

/** What a tag or digest points to; undefined where there is nothing. Asks by HEAD, and by GET where that tells too little. */
export async function fetchDescriptor(
  session: Session,
  name: string,
  { signal }: IoOptions,
): Promise<Descriptor | undefined> {
  const request = { to: `manifests/${name}`, actions: "pull", headers: { accept: ACCEPT } } as const;
  const head = await session.send({ ...request, method: "HEAD", signal });
  await head.discard();
  if (head.status === 404) return undefined;
  // Who asks too often is not asked again, and a GET would count as a pull.
  if (head.status === 429) throw await session.refused(head, "HEAD", `resolve "${name}" in`);
  const digest = head.headers["docker-content-digest"];
  const mediaType = head.headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
  const size = Number(head.headers["content-length"] ?? Number.NaN);
  if (head.status === 200 && isDigest(digest) && Number.isSafeInteger(size) && isReferableType(mediaType)) {
    if (isDigest(name)) checkContent({ digest, size }, { digest: name }, `manifest from ${session.label}`);
    return { mediaType, digest, size };
  }
  return (await fetchNamed(session, name, { signal }))?.descriptor;
}

/** What a tag or digest points to, with its bytes, in one request; undefined where there is nothing. */
export async function fetchNamed(session: Session, name: string, { signal }: IoOptions): Promise<Fetched | undefined> {
  const response = await session.send({
    to: `manifests/${name}`,
    actions: "pull",
    headers: { accept: ACCEPT },
    method: "GET",
    signal: deadlineSignal(session.registry, DEADLINE_MS, signal),
  });
  if (response.status === 404) {
    await response.discard();
    return undefined;
  }
  if (response.status !== 200) throw await session.refused(response, "GET", `resolve "${name}" in`);
  return await describeAnswer(session, name, response);
}

async function describeAnswer(session: Session, name: string, response: Awaited<ReturnType<Session["send"]>>) {
  const what = `manifest "${name}" from ${session.label}`;
  const bytes = await collect(response.body, MAX_MANIFEST_BYTES, what);
  const said = response.headers["docker-content-digest"];
  const promised = isDigest(name) ? name : isDigest(said) ? said : undefined;
  const digest = digestOf(bytes, promised === undefined ? "sha256" : splitDigest(promised).algorithm);
  checkContent({ digest, size: bytes.byteLength }, { digest: promised }, what);
  const mediaType = typeOfAnswer(bytes, response.headers["content-type"], what);
  return { descriptor: { mediaType, digest, size: bytes.byteLength }, bytes };
}

/** Proxies and pages for logging in answer with HTML: where it came from says more than its first line and column. */
function typeOfAnswer(bytes: Uint8Array, contentType: string | undefined, what: string): string {
  try {
    return manifestTypeOf(bytes, contentType);
  } catch (error) {
    if (!isLadingError(error)) throw error;
    const why = error.message.replace(/^Cannot /, "cannot ");
    const remedy = "check that the address is a registry's, and that no proxy answers for it";
    throw new LadingError(error.code, `Cannot read ${what}: ${why}; ${remedy}`, error.detail, { cause: error });
  }
}

/** Is a manifest there, under its digest? */
export async function hasManifest(
  session: Session,
  { digest, size }: Descriptor,
  { signal }: IoOptions,
): Promise<boolean> {
  const headers = { accept: ACCEPT };
  const response = await session.send({ method: "HEAD", to: `manifests/${digest}`, actions: "pull", headers, signal });
  await response.discard();
  if (response.status === 404) return false;
  if (response.status !== 200) throw await session.refused(response, "HEAD", `look for ${digest} in`);
  return Number(response.headers["content-length"] ?? size) === size;
}

/**
 * A manifest's bytes, which are what the descriptor says.
 *
 * @throws {LadingError} `NOT_FOUND` where it is absent; `DIGEST_MISMATCH` where its bytes are others; `FORMAT` where its own
 * media type is not the descriptor's; `TOO_LARGE` above 4 MiB.
 */
export async function fetchManifest(session: Session, descriptor: Descriptor, { signal }: IoOptions): Promise<Buffer> {
  const { digest, size, mediaType } = descriptor;
  const request = { method: "GET", to: `manifests/${digest}`, actions: "pull", headers: { accept: ACCEPT } } as const;
  const response = await session.send({ ...request, signal: deadlineSignal(session.registry, DEADLINE_MS, signal) });
  if (response.status === 404) {
    await response.discard();
    throw blobNotFound(descriptor, session.label);
  }
  if (response.status !== 200) throw await session.refused(response, "GET", `fetch ${digest} from`);
  const what = `manifest ${digest} from ${session.label}`;
  const bytes = await collect(response.body, MAX_MANIFEST_BYTES, what);
  checkContent(
    { digest: digestOf(bytes, splitDigest(digest).algorithm), size: bytes.byteLength },
    { digest, size },
    what,
  );
  manifestTypeOf(bytes, mediaType);
  return bytes;
}

/**
 * Puts a manifest under a tag or its own digest.
 *
 * @returns Does the registry itself list what refers to the manifest's subject?
 */
export async function pushManifest(
  session: Session,
  name: string,
  manifest: { readonly mediaType: string; readonly bytes: Uint8Array },
  { signal }: IoOptions,
): Promise<{ readonly listsReferrers: boolean }> {
  const { mediaType, bytes } = manifest;
  const body = { open: () => fromBytes(bytes), size: bytes.byteLength };
  const headers = { "content-type": mediaType };
  const request = { method: "PUT", to: `manifests/${name}`, actions: "pull,push", headers, body, signal } as const;
  const response = await session.send(request);
  if (response.status >= 300) throw await session.refused(response, "PUT", `push manifest "${name}" to`);
  await response.discard();
  const kept = response.headers["docker-content-digest"];
  if (isDigest(kept)) {
    const digest = digestOf(bytes, splitDigest(kept).algorithm);
    checkContent({ digest: kept, size: bytes.byteLength }, { digest }, `manifest that ${session.label} kept`);
  }
  return { listsReferrers: response.headers["oci-subject"] !== undefined };
}

/** Forgets a tag; one that is not there is fine. */
export async function deleteTag(session: Session, name: string, { signal }: IoOptions): Promise<void> {
  const response = await session.send({ method: "DELETE", to: `manifests/${name}`, actions: "delete", signal });
  if (response.status === 404 || response.status < 300) return response.discard();
  const error = await session.refused(response, "DELETE", `remove the tag "${name}" from`);
  if (response.status !== 405 && response.status !== 400) throw error;
  // Old registries only delete by digest, which would take every other tag of that digest along.
  const message = `Cannot remove the tag "${name}" from ${session.label}: this registry removes no tags; leave it, or point it elsewhere`;
  throw new LadingError("UNSUPPORTED", message, { what: "deleting a tag" }, { cause: error });
}
