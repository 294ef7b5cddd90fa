/**
 * Putting a blob into a registry.
 *
 * Small content is held in memory and sent until it is there. Larger content flows: in one PUT where digest and size are
 * promised, else in one streamed PATCH and a PUT that names the digest.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 * @module
 */

import { isLadingError } from "../errors.js";
import type { RequestBody } from "../http/message.js";
import { wait } from "../http/retry.js";
import type { PutOptions } from "../store/store.js";
import { type ByteStream, fromBytes, type IoOptions } from "../stream/bytes.js";
import { type ContentId, createHasher, hashing } from "../stream/hash.js";
import { peek } from "../stream/peek.js";
import { checkContent, verified } from "../stream/verify.js";
import { fetchBlobSize } from "./blob.js";
import { parseLocation, withParameter } from "./location.js";
import type { Session } from "./session.js";

/** Bytes up to which content is held in memory, so that it can be sent again (1 MiB). */
const HELD = 1024 * 1024;
/** Uploads of held content, the first among them. */
const TRIES = 3;
/** Milliseconds between them, and for giving an upload back. */
const [PAUSE_MS, CANCEL_MS] = [500, 5_000];

const OCTETS = { "content-type": "application/octet-stream" };

/**
 * Sends content to the registry. Whether it is there already is the caller's question.
 *
 * @throws {LadingError} `DIGEST_MISMATCH` where content is not what was promised: nothing is kept then; `REGISTRY` and
 * `NETWORK` from the registry, with `retryable` where the same upload may succeed.
 */
export async function uploadBlob(session: Session, content: ByteStream, options: PutOptions): Promise<ContentId> {
  options.signal?.throwIfAborted();
  const { digest, size } = options;
  if (digest !== undefined && size !== undefined && size > HELD)
    return await uploadPromised(session, content, { digest, size }, options);
  const algorithm = digest?.startsWith("sha512") ? "sha512" : "sha256";
  const { head, stream, close } = await peek(content, HELD + 1);
  try {
    if (head.byteLength > HELD) return await uploadUnknown(session, stream, options, algorithm);
    const hasher = createHasher(algorithm);
    hasher.update(head);
    const id = hasher.end();
    checkContent(id, options, "upload");
    await uploadHeld(session, head, id, options);
    return id;
  } finally {
    await close();
  }
}

/** Held content is sent anew from the start when its session is lost or the registry stumbles. */
async function uploadHeld(session: Session, bytes: Uint8Array, id: ContentId, options: IoOptions): Promise<void> {
  for (let count = 1; ; count++) {
    const location = await startUpload(session, "", options);
    try {
      const body = { open: () => fromBytes(bytes), size: bytes.byteLength };
      return await finishUpload(session, location, id, { body, signal: options.signal });
    } catch (error) {
      if (count === TRIES || !isPassing(error)) throw error;
    }
    await wait(PAUSE_MS * count, options.signal);
  }
}

function isPassing(error: unknown): boolean {
  if (isLadingError(error, "NETWORK")) return true;
  return isLadingError(error, "REGISTRY") && (error.detail.retryable || [404, 416].includes(error.detail.status));
}

async function uploadPromised(
  session: Session,
  content: ByteStream,
  id: ContentId,
  options: PutOptions,
): Promise<ContentId> {
  const location = await startUpload(session, "", options).catch(async (error: unknown) => {
    await content[Symbol.asyncIterator]().return?.();
    throw error;
  });
  return cancelOnFailure(session, location, async () => {
    const open = () => (options.verified ? content : verified(content, { ...id, what: "upload" }));
    const body: RequestBody = { open, size: id.size, once: true };
    await finishUpload(session, location, id, { body, signal: options.signal });
    return id;
  });
}

async function uploadUnknown(
  session: Session,
  content: ByteStream,
  options: PutOptions,
  algorithm: "sha256" | "sha512",
): Promise<ContentId> {
  const location = await startUpload(session, algorithm === "sha512" ? "?digest-algorithm=sha512" : "", options);
  return cancelOnFailure(session, location, async () => {
    let id: ContentId | undefined;
    const open = () =>
      hashing(
        content,
        (found) => {
          checkContent(found, options, "upload");
          id = found;
        },
        algorithm,
      );
    const { signal } = options;
    const request = { method: "PATCH", actions: "pull,push", headers: OCTETS, signal } as const;
    const response = await session.send({ ...request, to: location, body: { open, once: true } });
    // Some answer 201 or 204 where the specification wants 202.
    if (response.status >= 300 || id === undefined) throw await session.refused(response, "PATCH", "upload to");
    await response.discard();
    const next = parseLocation(response.headers.location ?? location.href, response.url);
    if (typeof next === "string") throw session.confused(response, "PATCH", "upload to", next);
    await finishUpload(session, next, id, { signal });
    return id;
  });
}

async function startUpload(session: Session, query: string, { signal }: IoOptions): Promise<URL> {
  // A session that is started twice costs the registry a little and nobody else anything.
  const request = { method: "POST", to: `blobs/uploads/${query}`, actions: "pull,push", retry: true, signal } as const;
  const response = await session.send(request);
  if (response.status !== 202 && response.status !== 201) throw await session.refused(response, "POST", "push to");
  await response.discard();
  const location = parseLocation(response.headers.location, response.url);
  if (typeof location === "string") throw session.confused(response, "POST", "push to", location);
  return location;
}

interface Finish extends IoOptions {
  readonly body?: RequestBody;
}

async function finishUpload(session: Session, location: URL, id: ContentId, { body, signal }: Finish): Promise<void> {
  const to = withParameter(location, "digest", id.digest);
  const request = { method: "PUT", to, actions: "pull,push", headers: OCTETS, retry: false, signal } as const;
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

/** Gives an upload back that will not be finished, so that the registry need not keep its bytes. */
async function cancelOnFailure<T>(session: Session, location: URL, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!isLadingError(error, "NETWORK")) {
      const signal = AbortSignal.timeout(CANCEL_MS);
      const request = { method: "DELETE", to: location, actions: "pull,push", retry: false, signal } as const;
      await session.send(request).then(
        (response) => response.discard(),
        () => undefined,
      );
    }
    throw error;
  }
}
