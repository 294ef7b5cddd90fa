/**
 * Putting a blob into a registry.
 *
 * Small content is held in memory and sent until it is there. Larger content flows: where digest and size are promised so
 * that a cut costs little, else in one streamed PATCH and a PUT that names the digest.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import { type Backoff, retryDelayMs, wait } from "../http/retry.js";
import type { Journal } from "../store/journal.js";
import type { PutOptions } from "../store/store.js";
import { type ByteStream, fromBytes } from "../stream/bytes.js";
import { type ContentId, createHasher, hashing } from "../stream/hash.js";
import { peek } from "../stream/peek.js";
import { createReplay } from "../stream/replay.js";
import { checkContent, verified } from "../stream/verify.js";
import { askedDelay } from "./failure.js";
import type { Session } from "./session.js";
import { cancelUpload, finishUpload, patchUpload, type Started, startUpload } from "./upload-request.js";
import { uploadResumably } from "./upload-resumable.js";

/** Bytes up to which content is held in memory, so that it can be sent again (1 MiB). */
const HELD = 1024 * 1024;
/** Uploads of held content, the first among them. */
const TRIES = 3;

/** What an upload needs besides its content. */
export interface UploadOptions extends PutOptions {
  /** An upload that the registry has begun already. */
  readonly started?: Started | undefined;
  /** Remembers large uploads for the next process. */
  readonly journal?: Journal | undefined;
  /** How long to wait between tries. */
  readonly backoff: Backoff;
}

/**
 * Sends content to the registry. Whether it is there already is the caller's question.
 *
 * @throws {LadingError} `DIGEST_MISMATCH` where content is not what was promised: nothing is kept then; `REGISTRY` and
 * `NETWORK` from the registry, with `retryable` where the same upload may succeed.
 */
export async function uploadBlob(session: Session, content: ByteStream, options: UploadOptions): Promise<ContentId> {
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
async function uploadHeld(session: Session, bytes: Uint8Array, id: ContentId, options: UploadOptions): Promise<void> {
  const { signal, backoff } = options;
  let { started } = options;
  for (let count = 1; ; count++) {
    const { location } = started ?? (await startUpload(session, "", options));
    started = undefined;
    try {
      const body = { open: () => fromBytes(bytes), size: bytes.byteLength };
      return await finishUpload(session, location, id, { body, signal });
    } catch (error) {
      if (count === TRIES || !isPassing(error)) throw error;
      await wait(retryDelayMs(count, askedDelay(error), backoff), signal);
    }
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
  options: UploadOptions,
): Promise<ContentId> {
  const { reopen } = options;
  const check = (stream: ByteStream) => (options.verified ? stream : verified(stream, { ...id, what: "upload" }));
  const replay = createReplay(check(content), id.size, reopen && (() => check(reopen())));
  try {
    await uploadResumably(session, replay, id, options);
    return id;
  } finally {
    await replay.close();
  }
}

async function uploadUnknown(
  session: Session,
  content: ByteStream,
  options: UploadOptions,
  algorithm: "sha256" | "sha512",
): Promise<ContentId> {
  const { signal } = options;
  const query = algorithm === "sha512" ? "?digest-algorithm=sha512" : "";
  const { location } = options.started ?? (await startUpload(session, query, options));
  let id: ContentId | undefined;
  const found = (each: ContentId) => {
    checkContent(each, options, "upload");
    id = each;
  };
  try {
    const open = () => hashing(content, found, algorithm);
    const next = await patchUpload(session, location, { open, once: true }, { signal });
    if (id === undefined) throw unread(session);
    await finishUpload(session, next.location, id, { signal });
    return id;
  } catch (error) {
    if (!isLadingError(error, "NETWORK")) await cancelUpload(session, location);
    throw error;
  }
}

function unread({ label, registry }: Session): LadingError<"REGISTRY"> {
  const message = `Cannot upload to ${label}: the registry said yes before it had the content; check that the address is a registry's`;
  const detail = { status: 202, method: "PATCH", url: registry.href, errors: [], retryable: false };
  return new LadingError("REGISTRY", message, detail);
}
