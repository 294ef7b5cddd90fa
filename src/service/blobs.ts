/**
 * Blobs: reading and removing them.
 *
 * @module
 */

import { isLadingError } from "../errors.js";
import { type Digest, isDigest } from "../oci/digest.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { readFile } from "../stream/file.js";
import type { ReadOptions } from "./manifests.js";
import { parseRange } from "./range.js";
import { emptyReply, type Reply, refusal } from "./reply.js";
import type { Repository } from "./repository.js";
import { inTurn } from "./turn.js";

export const OCTETS = "application/octet-stream";

/** GET and HEAD of `blobs/<digest>`. */
export async function readBlob(
  repository: Repository,
  target: string,
  options: ReadOptions & { readonly range?: string | undefined },
): Promise<Reply> {
  if (!isDigest(target)) return refusal(400, "DIGEST_INVALID", "the digest is not sha256 or sha512 and its hex digits");
  const size = await repository.sizeOf(target, options);
  const descriptor = { mediaType: OCTETS, digest: target, size: size ?? 0 };
  // Who is told so counts on it: the store hears of that, and what collects garbage leaves it.
  if (size === undefined || (options.isQuestion && !(await repository.store.has(descriptor, options)))) {
    return refusal(404, "BLOB_UNKNOWN", "this repository has no such blob");
  }
  const headers = { "content-type": OCTETS, "docker-content-digest": target, "accept-ranges": "bytes" };
  const range = parseRange(options.range, size);
  if (range === "unsatisfiable") {
    return refusal(416, "SIZE_INVALID", "the range is not inside the blob", { "content-range": `bytes */${size}` });
  }
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

/** DELETE of `blobs/<digest>`: from this repository alone. A manifest is content, too, and loses its tags with it. */
export async function deleteBlob(repository: Repository, target: string, options: IoOptions): Promise<Reply> {
  if (!isDigest(target)) return refusal(400, "DIGEST_INVALID", "the digest is not sha256 or sha512 and its hex digits");
  if (repository.remove === undefined) return refusal(405, "UNSUPPORTED", "this registry does not delete blobs");
  return await inTurn(repository, async () => {
    if ((await repository.sizeOf(target, options)) === undefined) {
      return refusal(404, "BLOB_UNKNOWN", "this repository has no such blob");
    }
    const roots = await repository.store.tags(options);
    if (roots.some(({ descriptor }) => descriptor.digest === target)) await repository.store.untag([target], options);
    await repository.remove?.(target);
    return emptyReply(202);
  });
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
  if (from === to) return await to.store.has(descriptor, options);
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
