/**
 * The blobs of an OCI layout: `blobs/ALGORITHM/HEX`.
 *
 * @module
 */

import type { Stats } from "node:fs";
import { dirname, join } from "node:path";
import { errnoOf, ioError, isLadingError, LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { type Digest, splitDigest } from "../oci/digest.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { readFile } from "../stream/file.js";
import { files } from "../stream/files.js";
import { createHasher } from "../stream/hash.js";
import { checkContent, verified } from "../stream/verify.js";
import { inFolder } from "./make-folder.js";
import { blobNotFound } from "./missing.js";
import type { PutOptions, Store } from "./store.js";
import { commitTemporary, createTemporaryFile, syncFolder } from "./write-file.js";

/** Bytes of a blob that are read at once (512 KiB): fewer cost a tenth more time on the way to a socket. */
const CHUNK_SIZE = 512 * 1024;

/** Where a layout keeps a blob. Digests are checked text, so the path cannot leave the layout. */
export function blobPath(root: string, digest: Digest): string {
  const { algorithm, hex } = splitDigest(digest);
  return join(root, "blobs", algorithm, hex);
}

/** A blob that is whole and has no name yet: {@link commitBlobs} flushes it and names it. */
export interface UncommittedBlob {
  /** The temporary file. */
  readonly file: string;
  readonly digest: Digest;
}

type Take = (blob: UncommittedBlob) => void;

interface BlobFolderOptions {
  readonly root: string;
  readonly temporaries: string;
  readonly label: string;
  /** Only lading writes here. */
  readonly shared: boolean;
  /** Is given each blob instead of naming it. */
  readonly onUncommitted?: Take | undefined;
  /** Runs before the first write. */
  readonly prepare: () => Promise<void>;
}

interface BlobFolder extends Required<Pick<Store, "has" | "open" | "put" | "sharedFile" | "link">> {
  /** Makes the names of all blobs durable. */
  sync(): Promise<void>;
}

async function isFileOfSize(path: string, size: number): Promise<boolean> {
  const stats = await files.lstat(path).catch(() => undefined);
  return stats?.isFile() === true && stats.size === size;
}

/** Milliseconds after which a blob that is asked for is made young again: far less than it takes to be collected. */
const STALE_MS = 3600 * 1000;

/** When a blob was written, linked or asked for, in milliseconds since 1970. */
export function changedAt({ mtimeMs, ctimeMs }: Stats): number {
  return Math.max(mtimeMs, ctimeMs);
}

/** The bytes of a blob that is there. Whoever is told so counts on it, so it is not to be collected soon. */
export async function sizeToKeep(path: string): Promise<number | undefined> {
  const stats = await files.lstat(path).catch(() => undefined);
  if (stats?.isFile() !== true) return undefined;
  // The ctime is what changes, on the file server's own clock. Who may not change it must not collect either.
  if (Date.now() - changedAt(stats) > STALE_MS) await files.utimes(path, new Date(), stats.mtime).catch(() => {});
  return stats.size;
}

/** Gives blobs that were left uncommitted in the layout at `root` their names, all of them once they are on disk. */
export async function commitBlobs(root: string, blobs: readonly UncommittedBlob[]): Promise<void> {
  const name = ({ file, digest }: UncommittedBlob) => commitTemporary(file, blobPath(root, digest));
  const failed = (await Promise.allSettled(blobs.map(name))).find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

async function statBlob(path: string, descriptor: Descriptor, label: string): Promise<Stats> {
  try {
    const stats = await files.lstat(path);
    if (stats.isFile()) return stats;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw code === "ENOENT" || code === "ENOTDIR" ? blobNotFound(descriptor, label) : ioError(error, "read", path);
  }
  // Whoever follows a link or waits for a pipe there reads what the layout does not hold.
  const message = `Cannot read blob ${descriptor.digest} in ${label}: it is a link, a folder or a device, expected a regular file; copy the image there again`;
  throw new LadingError("FORMAT", message, { wanted: "regular file", found: "something else", path });
}

async function* openBlob(root: string, label: string, descriptor: Descriptor, options?: IoOptions): ByteStream {
  const path = blobPath(root, descriptor.digest);
  const { size } = await statBlob(path, descriptor, label);
  const what = `blob in ${label}`;
  checkContent({ digest: descriptor.digest, size }, descriptor, what);
  const how = { noFollow: true, mayBeTouched: true, quick: true, chunkSize: CHUNK_SIZE } as const;
  const content = readFile(path, { signal: options?.signal, ...how });
  try {
    yield* verified(content, { digest: descriptor.digest, size: descriptor.size, what });
  } catch (error) {
    throw isLadingError(error, "DIGEST_MISMATCH") ? damagedBlob(error, path, label) : error;
  }
}

/** A blob that is there counts as there, so that only without it a copy brings it again. */
function damagedBlob(error: LadingError<"DIGEST_MISMATCH">, path: string, label: string): LadingError {
  const { expected, actual } = error.detail;
  const message = `Cannot accept blob in ${label}: it is ${actual}, expected ${expected}; remove "${path}", then copy, import or build again`;
  return new LadingError("DIGEST_MISMATCH", message, error.detail, { cause: error });
}

/** The part of a layout store that deals with blobs; `store/layout.ts` adds the names. */
export function createBlobFolder({
  root,
  temporaries,
  label,
  prepare,
  shared,
  onUncommitted,
}: BlobFolderOptions): BlobFolder {
  const trusted = new Set<Digest>();
  let asking: Promise<boolean> | undefined;

  /** Who asks while somebody else does gets the same answer; it is not kept for longer. */
  function isOwn(): Promise<boolean> {
    asking ??= files
      .lstat(join(temporaries, "own"))
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        asking = undefined;
      });
    return asking;
  }

  /** A blob that another program may have left half-written is read once before it counts as there. */
  async function has(descriptor: Descriptor, options?: IoOptions): Promise<boolean> {
    if ((await sizeToKeep(blobPath(root, descriptor.digest))) !== descriptor.size) return false;
    if (trusted.has(descriptor.digest) || (await isOwn())) return true;
    try {
      for await (const _chunk of openBlob(root, label, descriptor, options));
    } catch (error) {
      if (isLadingError(error, "DIGEST_MISMATCH")) return false;
      throw error;
    }
    trusted.add(descriptor.digest);
    return true;
  }

  async function put(mediaType: string, content: ByteStream, options: PutOptions = {}): Promise<Descriptor> {
    await prepare();
    const file = await createTemporaryFile(temporaries);
    const hasher = createHasher(options.digest?.startsWith("sha512") ? "sha512" : "sha256");
    try {
      for await (const chunk of content) {
        options.signal?.throwIfAborted();
        hasher.update(chunk);
        for (let at = 0; at < chunk.byteLength; ) {
          at += (await file.handle.write(chunk, at)).bytesWritten;
        }
      }
      const { digest, size } = hasher.end();
      checkContent({ digest, size }, options, mediaType);
      await (onUncommitted === undefined ? file.commit(blobPath(root, digest)) : file.leave());
      if (onUncommitted === undefined) trusted.add(digest);
      else onUncommitted({ file: file.path, digest });
      return { mediaType, digest, size };
    } catch (error) {
      throw ioError(error, "write a blob to", root);
    } finally {
      await file.discard();
    }
  }

  /** Other programs may write into files that are there; in a layout of theirs those must not be ours too. */
  async function linkFrom(descriptor: Descriptor, source: string): Promise<boolean> {
    await prepare();
    if (!(await isOwn())) return false;
    const path = blobPath(root, descriptor.digest);
    try {
      await inFolder(dirname(path), () => files.link(source, path));
      return true;
    } catch (error) {
      return errnoOf(error) === "EEXIST" && (await sizeToKeep(path)) === descriptor.size;
    }
  }

  return {
    has,
    open: (descriptor, options) => openBlob(root, label, descriptor, options),
    put,
    async sharedFile({ digest, size }) {
      const path = blobPath(root, digest);
      const isThere = shared && (await Promise.all([isFileOfSize(path, size), isOwn()])).every(Boolean);
      return isThere ? path : undefined;
    },
    link: linkFrom,
    async sync() {
      const folder = join(root, "blobs");
      const algorithms = await files.readdir(folder).catch((error) => {
        throw ioError(error, "flush the folder", folder);
      });
      const own = algorithms.filter((each) => each === "sha256" || each === "sha512");
      await Promise.all(own.map((name) => syncFolder(join(folder, name))));
      await syncFolder(folder);
    },
  };
}
