/**
 * Blobs: reading and removing them.
 *
 * @module
 */

import { isLadingError } from "../errors.js";
import { type Digest, isDigest } from "../oci/digest.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { readFile } from "../stream/file.js";
import { parseRange } from "./range.js";
import { emptyReply, type Reply, refusal } from "./reply.js";
import type { Repository } from "./repository.js";

export const OCTETS = "application/octet-stream";

/** GET and HEAD of `blobs/<digest>`. */
export async function readBlob(
  repository: Repository,
  target: string,
  options: IoOptions & { readonly range?: string | undefined },
): Promise<Reply> {
  if (!isDigest(target)) return refusal(400, "DIGEST_INVALID", "the digest is not sha256 or sha512 and its hex digits");
  const size = await repository.sizeOf(target, options);
  if (size === undefined) return refusal(404, "BLOB_UNKNOWN", "this repository has no such blob");
  const headers = { "content-type": OCTETS, "docker-content-digest": target, "accept-ranges": "bytes" };
  const range = parseRange(options.range, size);
  if (range === "unsatisfiable") {
    return refusal(416, "SIZE_INVALID", "the range is not inside the blob", { "content-range": `bytes */${size}` });
  }
  const descriptor = { mediaType: OCTETS, digest: target, size };
  if (range === undefined) {
    const body = repository.store.open(descriptor, { signal: options.signal });
    return { status: 200, headers: { ...headers, "content-length": String(size) }, body };
  }
  const { start, end } = range;
  const contentRange = `bytes ${start}-${end - 1}/${size}`;
  const file = await repository.store.sharedFile?.(descriptor);
  const body =
    file === undefined
      ? part(repository.store.open(descriptor, { signal: options.signal }), start, end)
      : readFile(file, { start, end, signal: options.signal, mayBeTouched: true });
  const length = String(end - start);
  return { status: 206, headers: { ...headers, "content-length": length, "content-range": contentRange }, body };
}

/** From `start` to before `end` of a stream. */
async function* part(stream: ByteStream, start: number, end: number): ByteStream {
  let at = 0;
  for await (const chunk of stream) {
    const piece = chunk.subarray(Math.max(start - at, 0), Math.max(end - at, 0));
    at += chunk.byteLength;
    if (piece.byteLength > 0) yield piece;
    if (at >= end) return;
  }
}

/** DELETE of `blobs/<digest>`. */
export async function deleteBlob(repository: Repository, target: string): Promise<Reply> {
  if (!isDigest(target)) return refusal(400, "DIGEST_INVALID", "the digest is not sha256 or sha512 and its hex digits");
  if (repository.remove === undefined) return refusal(405, "UNSUPPORTED", "this registry does not delete blobs");
  if ((await repository.sizeOf(target)) === undefined) {
    return refusal(404, "BLOB_UNKNOWN", "this repository has no such blob");
  }
  await repository.remove(target);
  return emptyReply(202);
}

/**
 * Takes a blob from another repository: by a link where both are folders, else byte by byte. False where it is not there.
 */
export async function mountBlob(
  from: Repository,
  to: Repository,
  digest: Digest,
  options: IoOptions,
): Promise<boolean> {
  const size = await from.sizeOf(digest, options);
  if (size === undefined) return false;
  const descriptor = { mediaType: OCTETS, digest, size };
  const file = await from.store.sharedFile?.(descriptor);
  if (file !== undefined && (await to.store.link?.(descriptor, file, options))) return true;
  try {
    await to.store.put(OCTETS, from.store.open(descriptor, options), { digest, size, ...options });
    return true;
  } catch (error) {
    if (isLadingError(error, "NOT_FOUND") || isLadingError(error, "DIGEST_MISMATCH")) return false;
    throw error;
  }
}
