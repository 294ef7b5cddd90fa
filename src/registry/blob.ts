/**
 * Getting a blob out of a registry.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-blobs
 * @module
 */

import { isLadingError } from "../errors.js";
import { isStall } from "../http/failure.js";
import type { HttpResponse } from "../http/message.js";
import { type Backoff, retryDelayMs, wait } from "../http/retry.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { blobNotFound } from "../store/missing.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { checkContent, verified } from "../stream/verify.js";
import type { Session } from "./session.js";

/** Cuts in a row between which not one byte came. */
const STALLS = 4;

/**
 * Bytes of a blob; -1 where the registry has it and does not say; undefined where it has none.
 *
 * @param options With another repository of the registry, where that one is meant.
 */
export async function fetchBlobSize(
  session: Session,
  digest: Digest,
  { signal, repository }: IoOptions & { readonly repository?: string },
): Promise<number | undefined> {
  const path = `blobs/${digest}`;
  const to = repository === undefined ? path : new URL(`/v2/${repository}/${path}`, session.registry);
  const response = await session.send({ method: "HEAD", to, actions: "pull", signal });
  await response.discard();
  if (response.status === 404) return undefined;
  if (response.status !== 200) throw await session.refused(response, "HEAD", `look for ${digest} in`);
  return Number(response.headers["content-length"] ?? -1);
}

/** Bytes after which a download that was cut has come on (64 KiB). */
const PROGRESS = 65_536;

export interface OpenOptions extends IoOptions {
  /** How long to wait before a download that was cut goes on. */
  readonly backoff: Backoff;
}

/**
 * A blob's content, verified as it comes, whatever the headers say of it. Where the connection is cut it goes on from there.
 * Redirects to other hosts are followed without credentials.
 */
export async function* openBlob(session: Session, descriptor: Descriptor, options: OpenOptions): ByteStream {
  const { digest, size } = descriptor;
  yield* verified(download(session, descriptor, options), { digest, size, what: whatOf(session, digest) });
}

function whatOf({ label }: Session, digest: Digest): string {
  return `blob ${digest} from ${label}`;
}

async function* download(session: Session, descriptor: Descriptor, options: OpenOptions): ByteStream {
  const { size } = descriptor;
  const { signal, backoff } = options;
  let offset = 0;
  for (let stalls = 0, silences = 0; ; ) {
    const before = offset;
    const { response, skip } = await request(session, descriptor, offset, options);
    try {
      for await (const chunk of skipped(response.body, skip)) {
        offset += chunk.byteLength;
        yield chunk;
      }
      // An answer without length that was cut looks whole; what is short for good is not what was promised.
      if (offset >= size || (offset === before && offset > 0) || stalls === STALLS) return;
    } catch (error) {
      if (!isLadingError(error, "NETWORK") || stalls === STALLS || offset >= size) throw error;
      // A registry that was silent for long is asked once more, not again and again for every byte that trickles in.
      if (isStall(error) && ++silences > 1) throw error;
    } finally {
      await response.discard();
    }
    stalls = offset > before + PROGRESS ? 1 : stalls + 1;
    await wait(retryDelayMs(stalls, undefined, backoff), signal);
  }
}

/** Asks for what is missing. A registry that sends all of it again has its first bytes skipped. */
async function request(
  session: Session,
  descriptor: Descriptor,
  offset: number,
  { signal }: IoOptions,
): Promise<{ readonly response: HttpResponse; readonly skip: number }> {
  const { digest, size } = descriptor;
  const headers = offset === 0 ? {} : { range: `bytes=${offset}-` };
  const response = await session.send({ method: "GET", to: `blobs/${digest}`, actions: "pull", headers, signal });
  if (response.status === 404) {
    await response.discard();
    throw blobNotFound(descriptor, session.label);
  }
  const isPart = offset > 0 && response.status === 206;
  if (response.status !== 200 && !isPart) throw await session.refused(response, "GET", `fetch ${digest} from`);
  const start = isPart ? offset : 0;
  try {
    if (isPart) checkRange(response, descriptor, offset, session);
    const length = response.headers["content-length"];
    const what = whatOf(session, digest);
    if (length !== undefined) checkContent({ digest, size: start + Number(length) }, { size }, what);
  } catch (error) {
    await response.discard();
    throw error;
  }
  return { response, skip: offset - start };
}

/** A part must be the one that was asked for. */
function checkRange(response: HttpResponse, { digest, size }: Descriptor, offset: number, session: Session): void {
  const range = response.headers["content-range"] ?? "";
  const match = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(range.trim());
  const isRight = Number(match?.[1]) === offset && Number(match?.[2]) === size - 1;
  if (isRight && (match?.[3] === "*" || Number(match?.[3]) === size)) return;
  const why = `the registry sent another part than bytes ${offset} to ${size - 1}`;
  throw session.confused(response, "GET", `fetch ${digest} from`, why);
}

async function* skipped(stream: ByteStream, count: number): ByteStream {
  let left = count;
  for await (const chunk of stream) {
    const piece = chunk.subarray(Math.min(left, chunk.byteLength));
    left -= chunk.byteLength - piece.byteLength;
    if (piece.byteLength > 0) yield piece;
  }
}
