/**
 * The requests that an upload is made of.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 * @module
 */

import type { HttpResponse, RequestBody } from "../http/message.js";
import { isRetryableStatus } from "../http/retry.js";
import type { Digest } from "../oci/digest.js";
import type { IoOptions } from "../stream/bytes.js";
import type { ContentId } from "../stream/hash.js";
import { fetchBlobSize } from "./blob.js";
import { parseLocation, withParameter } from "./location.js";
import type { Session } from "./session.js";

const OCTETS = { "content-type": "application/octet-stream" };
/** Bytes of a blob that a registry checks and moves to its place in a millisecond: 10 MB a second. */
const CHECKED_BYTES = 10_000;
/** Milliseconds for giving an upload back. */
const CANCEL_MS = 5_000;

/** An upload that the registry has begun. */
export interface Started {
  /** Where it goes on. */
  readonly location: URL;
  /** Bytes that each chunk but the last must have, where the registry says so: it then wants chunks. */
  readonly minChunk?: number | undefined;
}

/** Where an upload stands. */
export interface Standing {
  readonly location: URL;
  /** Bytes that the registry has. */
  readonly offset: number;
}

/** Begins an upload. `query` begins with `?`, or is empty. */
export async function startUpload(session: Session, query: string, { signal }: IoOptions): Promise<Started> {
  // A session that is started twice costs the registry a little and nobody else anything.
  const request = { method: "POST", to: `blobs/uploads/${query}`, actions: "pull,push", retry: true, signal } as const;
  const response = await session.send(request);
  if (response.status !== 202 && response.status !== 201) throw await session.refused(response, "POST", "push to");
  await response.discard();
  return readStarted(session, response);
}

function readStarted(session: Session, response: HttpResponse): Started {
  const location = parseLocation(response.headers.location, response.url);
  if (typeof location === "string") throw session.confused(response, "POST", "push to", location);
  const minimum = Number(response.headers["oci-chunk-min-length"]);
  return { location, minChunk: Number.isSafeInteger(minimum) && minimum > 0 ? minimum : undefined };
}

/**
 * Asks for a blob of another repository of the same registry. `mounted` where it is here now; else perhaps an upload that the
 * registry has begun instead. A no of any kind is no error: the blob is then uploaded.
 */
export async function mountBlob(
  session: Session,
  digest: Digest,
  from: string,
  { signal }: IoOptions,
): Promise<"mounted" | Started | undefined> {
  const to = `blobs/uploads/?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(from)}`;
  const response = await session.send({ method: "POST", to, actions: "pull,push", from, retry: true, signal });
  await response.discard();
  if (response.status === 201) return "mounted";
  return response.status === 202 ? readStarted(session, response) : undefined;
}

/** Sends bytes without saying where they belong: all that there are (`range` absent), or one chunk. Gives where it stands then. */
export async function patchUpload(
  session: Session,
  location: URL,
  body: RequestBody,
  { signal, range }: IoOptions & { readonly range?: { readonly start: number; readonly end: number } },
): Promise<{ readonly location: URL; readonly offset: number | undefined }> {
  const headers = range === undefined ? OCTETS : { ...OCTETS, "content-range": `${range.start}-${range.end - 1}` };
  const request = { method: "PATCH", to: location, actions: "pull,push", headers, body, signal } as const;
  const response = await session.send(request);
  // Some answer 201 or 204 where the specification wants 202.
  if (response.status >= 300) throw await session.refused(response, "PATCH", "upload to");
  await response.discard();
  const next = parseLocation(response.headers.location ?? location.href, response.url);
  if (typeof next === "string") throw session.confused(response, "PATCH", "upload to", next);
  return { location: next, offset: parseOffset(response.headers.range) };
}

/** Ends an upload, with the bytes of `body` where there are any to send yet. */
export async function finishUpload(
  session: Session,
  location: URL,
  id: ContentId,
  { body, signal }: IoOptions & { readonly body?: RequestBody },
): Promise<void> {
  const to = withParameter(location, "digest", id.digest);
  const patienceMs = Math.ceil(id.size / CHECKED_BYTES);
  const fields = { headers: OCTETS, retry: false, patienceMs, signal };
  const request = { method: "PUT", to, actions: "pull,push", ...fields } as const;
  if (body?.size === 0) await drain(body);
  const response = await session.send(body === undefined || body.size === 0 ? request : { ...request, body });
  if (response.status === 201 || response.status === 204) return response.discard();
  if (response.status >= 300) throw await session.refused(response, "PUT", `upload ${id.digest} to`);
  await response.discard();
  // Another yes is not a promise: look.
  if ((await fetchBlobSize(session, id.digest, { signal })) === id.size) return;
  throw session.confused(response, "PUT", `upload ${id.digest} to`, "the registry said yes and did not keep it");
}

/** Empty content is sent as no body at all, and still has to be checked. */
async function drain(body: RequestBody): Promise<void> {
  for await (const _chunk of body.open());
}

/**
 * Asks where an upload stands. Undefined where the registry no longer has it, or does not tell; `0-0` may mean one byte or
 * none, so it counts as not telling.
 */
export async function askUpload(session: Session, location: URL, { signal }: IoOptions): Promise<Standing | undefined> {
  const response = await session.send({ method: "GET", to: location, actions: "pull,push", signal });
  // A registry that is busy has not lost it.
  if (isRetryableStatus(response.status)) throw await session.refused(response, "GET", "ask for an upload to");
  await response.discard();
  if (response.status >= 300) return undefined;
  const next = parseLocation(response.headers.location ?? location.href, response.url);
  const offset = parseOffset(response.headers.range);
  return typeof next === "string" || offset === undefined || offset === 1 ? undefined : { location: next, offset };
}

/** The bytes that `0-99` or `bytes=0-99` says are there; undefined for anything else. */
function parseOffset(range: string | undefined): number | undefined {
  const last = /^(?:bytes[= ])?0-(\d{1,15})$/.exec(range?.trim() ?? "")?.[1];
  return last === undefined ? undefined : Number(last) + 1;
}

/** Gives an upload back that will not be finished, so that the registry need not keep its bytes. Never throws. */
export async function cancelUpload(session: Session, location: URL): Promise<void> {
  const signal = AbortSignal.timeout(CANCEL_MS);
  const request = { method: "DELETE", to: location, actions: "pull,push", retry: false, signal } as const;
  await session.send(request).then(
    (response) => response.discard(),
    () => undefined,
  );
}
