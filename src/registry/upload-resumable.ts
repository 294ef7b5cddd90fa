/**
 * Putting a large blob of known digest into a registry, through cuts and across processes.
 *
 * The whole goes in one PUT. Where that breaks off, or the registry asks for chunks, the rest goes in chunks, from where the
 * registry says that the upload stands. Where the registry has lost the upload, it begins again in chunks, so that a chunk
 * that got there is not lost by the next cut.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import { type Backoff, retryDelayMs, wait } from "../http/retry.js";
import type { Journal } from "../store/journal.js";
import type { ContentId } from "../stream/hash.js";
import type { Replay } from "../stream/replay.js";
import { askedDelay } from "./failure.js";
import type { Session } from "./session.js";
import { createUploadNotes, type UploadNotes } from "./upload-notes.js";
import {
  askUpload,
  cancelUpload,
  finishUpload,
  patchUpload,
  type Standing,
  type Started,
  startUpload,
} from "./upload-request.js";

/** Bytes of a chunk, unless the registry wants larger ones (4 MiB). Some registries take no larger ones. */
const CHUNK = 4 * 1024 * 1024;
/** Failures in a row without one more byte at the registry. */
const STALLS = 5;
/** Answers of a registry that forgot the upload, or has another end of it. */
const LOST: ReadonlySet<number> = new Set([404, 410, 416]);
/** Answers of a registry that has something else of it, where it went on from what was there. */
const OTHER: ReadonlySet<number> = new Set([400, 409]);
const [TOO_LARGE, BUSY] = [413, 429];

export interface ResumableOptions {
  /** An upload that the registry has begun already. */
  readonly started?: Started | undefined;
  /** Remembers the upload for the next process. */
  readonly journal?: Journal | undefined;
  readonly backoff: Backoff;
  readonly signal?: AbortSignal | undefined;
}

const FRESH = { standing: undefined, chunk: undefined, best: 0, wentOn: false };

/** One upload on its way. */
interface Upload {
  readonly session: Session;
  readonly replay: Replay;
  readonly id: ContentId;
  readonly notes: UploadNotes;
  readonly signal: AbortSignal | undefined;
  /** Where it stands; undefined where it has to begin. */
  standing: Standing | undefined;
  /** Bytes of a chunk; undefined while one PUT is to do. */
  chunk: number | undefined;
  /** The most bytes that the registry ever had. */
  best: number;
  /** Did it go on from bytes that the registry said to have? */
  wentOn: boolean;
}

/**
 * Sends content of a known digest and size.
 *
 * @throws {LadingError} what the content's source throws, upon which the upload is given back; `NETWORK` and `REGISTRY` once
 * five tries in a row have brought no byte more: the journal then holds what the next run needs.
 */
export async function uploadResumably(
  session: Session,
  replay: Replay,
  id: ContentId,
  options: ResumableOptions,
): Promise<void> {
  // What is no longer than a chunk is soon sent again.
  const notes = createUploadNotes(session, id.digest, id.size > CHUNK ? options.journal : undefined);
  const { signal, backoff } = options;
  const upload: Upload = { session, replay, id, notes, signal, ...FRESH };
  if (replay.goesBack) await takeOver(upload);
  let { started } = options;
  if (started !== undefined && upload.standing !== undefined) await cancelUpload(session, started.location);
  for (let stalls = 0; ; ) {
    const before = upload.best;
    try {
      await begin(upload, started);
      started = undefined;
      await send(upload);
      return await notes.drop();
    } catch (error) {
      if (!isPassing(error, upload)) throw await giveUp(upload, error);
      await recover(upload, () => wait(retryDelayMs(stalls + 1, askedDelay(error), backoff), signal));
      stalls = upload.best > before ? 0 : stalls + 1;
      if (stalls === STALLS) throw await giveUp(upload, error);
    }
  }
}

/** Goes on with what an earlier process began, as far as the registry still has it. What died once is sent in chunks. */
async function takeOver(upload: Upload): Promise<void> {
  const { session, notes, id, signal } = upload;
  const location = await notes.take();
  if (location === undefined) return;
  upload.chunk = CHUNK;
  try {
    const standing = await askUpload(session, location, { signal });
    if (standing !== undefined && standing.offset <= id.size) return await goOn(upload, standing);
  } catch (error) {
    await notes.release();
    if (!isLadingError(error, "REGISTRY")) throw error;
  }
  await notes.drop();
}

async function begin(upload: Upload, started: Started | undefined): Promise<void> {
  if (upload.standing !== undefined) return;
  const { location, minChunk } = started ?? (await startUpload(upload.session, queryOf(upload), upload));
  if (minChunk !== undefined || upload.chunk !== undefined) upload.chunk = Math.max(CHUNK, minChunk ?? 0);
  upload.wentOn = false;
  await settle(upload, { location, offset: 0 });
}

async function goOn(upload: Upload, standing: Standing): Promise<void> {
  upload.wentOn = true;
  await settle(upload, standing);
}

/** A registry that is sent another digest than sha256 in chunks wants to know. */
function queryOf({ id, chunk }: Upload): string {
  return chunk !== undefined && id.digest.startsWith("sha512:") ? "?digest-algorithm=sha512" : "";
}

async function settle(upload: Upload, standing: Standing): Promise<void> {
  upload.standing = standing;
  upload.best = Math.max(upload.best, standing.offset);
  if (upload.replay.goesBack) await upload.notes.note(standing.location);
}

async function send(upload: Upload): Promise<void> {
  const { session, replay, id, signal, chunk } = upload;
  const once = !replay.goesBack;
  for (let at = upload.standing; at !== undefined; at = upload.standing) {
    const { location, offset } = at;
    if (chunk === undefined) {
      const body = { open: () => replay.read(0, id.size), size: id.size, once };
      return await finishUpload(session, location, id, { body, signal });
    }
    if (offset === id.size) return await finishUpload(session, location, id, { signal });
    const range = { start: offset, end: Math.min(offset + chunk, id.size) };
    const body = { open: () => replay.read(range.start, range.end), size: range.end - range.start, once };
    const next = await patchUpload(session, location, body, { range, signal });
    // What the registry says counts, unless it claims to have what it was not sent, or to have taken nothing, for ever.
    const end = Math.min(next.offset ?? range.end, range.end);
    if (end <= offset) throw takesNothing(session, id);
    await settle(upload, { location: next.location, offset: end });
  }
}

function takesNothing({ label, registry }: Session, { digest }: ContentId): LadingError<"REGISTRY"> {
  const message = `Cannot upload ${digest} to ${label}: the registry says yes to a chunk and that it has no more than before; try again later, or look into the registry's log`;
  const detail = { status: 202, method: "PATCH", url: registry.href, errors: [], retryable: false };
  return new LadingError("REGISTRY", message, detail);
}

/** May it be tried again, from where the registry has it or anew? */
function isPassing(error: unknown, { standing, chunk, replay, wentOn }: Upload): boolean {
  if (standing === undefined || !replay.goesBack) return false;
  if (isLadingError(error, "NETWORK")) return true;
  if (!isLadingError(error, "REGISTRY")) return false;
  const { status, retryable } = error.detail;
  // What is too large for one request may come in chunks.
  if (status === TOO_LARGE) return chunk === undefined;
  return retryable || LOST.has(status) || (wentOn && OTHER.has(status));
}

/** After a cut: where does it stand? An upload that the registry lost, or that makes no sense, begins anew. */
async function recover(upload: Upload, pause: () => Promise<void>): Promise<void> {
  const { session, standing, id, signal } = upload;
  upload.chunk ??= CHUNK;
  if (standing === undefined) return;
  try {
    await pause();
    const found = await askUpload(session, standing.location, { signal });
    if (found !== undefined && found.offset <= id.size) return await goOn(upload, found);
    await cancelUpload(session, standing.location);
  } catch (error) {
    // The registry may hold on to the connection that was cut for longer than anybody waits.
    if (!isLadingError(error, "REGISTRY") || error.detail.status !== BUSY) throw await giveUp(upload, error);
  }
  upload.standing = undefined;
}

/** Leaves the upload to the next run where there may be one, and gives it back where there cannot. Gives the error. */
async function giveUp(upload: Upload, error: unknown): Promise<unknown> {
  const { session, standing, notes, signal, replay } = upload;
  await replay.close().catch(() => undefined);
  const isCut = isLadingError(error, "NETWORK") || (isLadingError(error, "REGISTRY") && error.detail.retryable);
  if (notes.keeps && replay.goesBack && (isCut || signal?.aborted)) {
    await notes.release();
    return error;
  }
  if (standing !== undefined && !isLadingError(error, "NETWORK")) await cancelUpload(session, standing.location);
  await notes.drop();
  return error;
}
