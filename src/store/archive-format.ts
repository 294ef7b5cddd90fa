/**
 * What kinds of archives of images have in common.
 *
 * @module
 */

import { type Digest, splitDigest } from "../oci/digest.js";
import type { Index } from "../oci/manifest.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import type { ArchiveFile } from "./archive-file.js";
import type { Store, Tagged } from "./store.js";

/** Content that lies in an archive. */
export interface Stored {
  /** Bytes. */
  readonly size: number;
  /** Where it lies: what lies before is read before, where an archive can only be read forward. */
  readonly offset: number;
  /** Unchecked. */
  open(options?: IoOptions): ByteStream;
}

/** What an archive holds. */
export interface ArchiveContents {
  readonly blobs: ReadonlyMap<Digest, Stored>;
  /** The roots, under their names. */
  readonly index: Index;
}

/** A small member of an archive. */
export interface ArchiveDocument {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** One kind of archive. */
export interface ArchiveFormat {
  /** What a person would call it. */
  readonly what: string;
  /** Reads what an archive lists. Throws `FORMAT` where it is another kind of archive. */
  read(file: ArchiveFile, options: IoOptions): Promise<ArchiveContents>;
  /** A name as the archive keeps it. Throws `SYNTAX` where it cannot. */
  nameOf(name: string): string;
  /** The index with more roots. */
  add(index: Index, roots: readonly Tagged[]): Index;
  /** What the archive holds beside blobs. Throws `UNSUPPORTED` for roots that it cannot hold. */
  documents(index: Index, open: Store["open"], options: IoOptions): Promise<readonly ArchiveDocument[]>;
}

/** Where an archive keeps a blob. */
export function blobMember(digest: Digest): string {
  const { algorithm, hex } = splitDigest(digest);
  return `blobs/${algorithm}/${hex}`;
}
