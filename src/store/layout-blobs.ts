/**
 * The blobs of an OCI layout: `blobs/ALGORITHM/HEX`.
 *
 * @module
 */

import { link, lstat, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ioError, isLadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { type Digest, splitDigest } from "../oci/digest.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { readFile } from "../stream/file.js";
import { createHasher } from "../stream/hash.js";
import { checkContent, verified } from "../stream/verify.js";
import { blobNotFound } from "./missing.js";
import type { PutOptions, Store } from "./store.js";
import { createTemporaryFile } from "./write-file.js";

/** Where a layout keeps a blob. Digests are checked text, so the path cannot leave the layout. */
export function blobPath(root: string, digest: Digest): string {
  const { algorithm, hex } = splitDigest(digest);
  return join(root, "blobs", algorithm, hex);
}

interface BlobFolderOptions {
  readonly root: string;
  readonly temporaries: string;
  readonly label: string;
  /** Runs before the first write. */
  readonly prepare: () => Promise<void>;
}

type BlobFolder = Required<Pick<Store, "has" | "open" | "put" | "sharedFile" | "link">>;

async function isFileOfSize(path: string, size: number): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats?.isFile() === true && stats.size === size;
}

/** Renames a finished temporary file to a blob's name. */
async function commitBlob(root: string, digest: Digest, commit: (path: string) => Promise<void>): Promise<void> {
  const path = blobPath(root, digest);
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    throw ioError(error, "write to", dirname(path));
  }
  await commit(path);
}

async function* openBlob(root: string, label: string, descriptor: Descriptor, options?: IoOptions): ByteStream {
  const path = blobPath(root, descriptor.digest);
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isFile() !== true) throw blobNotFound(descriptor, label);
  const what = `blob in ${label}`;
  checkContent({ digest: descriptor.digest, size: stats.size }, descriptor, what);
  yield* verified(readFile(path, options), { digest: descriptor.digest, size: descriptor.size, what });
}

/** The part of a layout store that deals with blobs; `store/layout.ts` adds the names. */
export function createBlobFolder({ root, temporaries, label, prepare }: BlobFolderOptions): BlobFolder {
  const trusted = new Set<Digest>();
  const isOwn = async () => (await lstat(join(temporaries, "own")).catch(() => undefined)) !== undefined;

  /** A blob that another program may have left half-written is read once before it counts as there. */
  async function has(descriptor: Descriptor, options?: IoOptions): Promise<boolean> {
    if (!(await isFileOfSize(blobPath(root, descriptor.digest), descriptor.size))) return false;
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
        for (let at = 0; at < chunk.byteLength; ) at += (await file.handle.write(chunk, at)).bytesWritten;
      }
      const { digest, size } = hasher.end();
      checkContent({ digest, size }, options, mediaType);
      await commitBlob(root, digest, file.commit);
      trusted.add(digest);
      return { mediaType, digest, size };
    } catch (error) {
      throw ioError(error, "write a blob to", root);
    } finally {
      await file.discard();
    }
  }

  async function linkFrom(descriptor: Descriptor, source: string): Promise<boolean> {
    await prepare();
    const path = blobPath(root, descriptor.digest);
    if (await isFileOfSize(path, descriptor.size)) return true;
    try {
      await mkdir(dirname(path), { recursive: true });
      await link(source, path);
    } catch {
      return false;
    }
    return true;
  }

  return {
    has,
    open: (descriptor, options) => openBlob(root, label, descriptor, options),
    put,
    async sharedFile({ digest, size }) {
      const path = blobPath(root, digest);
      return (await isFileOfSize(path, size)) && (await isOwn()) ? path : undefined;
    },
    link: linkFrom,
  };
}
