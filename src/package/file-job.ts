/**
 * Storing a whole small file as a job that a thread does from end to end: plain data in, plain data out.
 *
 * Of a small file, most of the time goes to asking for it, not to its bytes; a thread of its own asks without a detour.
 *
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import { type Cache, createFolderCache } from "../store/cache.js";
import { createLayoutStore } from "../store/layout.js";
import type { Store } from "../store/store.js";
import { mapConcurrent } from "../stream/pool.js";
import { type ThreadError, toThreadError } from "../stream/worker-pool.js";
import { type StoredTarball, storeTarball } from "./bare-tarball.js";
import type { SourceIdentity } from "./import-cache.js";
import type { Outline } from "./outline.js";
import { type StoredPackage, type StoreFileOptions, storePackageFile } from "./store-package.js";

/** What a file turned out to be, in the store. */
export type StoredFile =
  | ({ readonly kind: "package" } & StoredPackage)
  | ({ readonly kind: "tarball" } & StoredTarball);

/** One file. */
export interface FileJob
  extends Pick<StoreFileOptions, "compression" | "transform" | "limits" | "namespace" | "retarget"> {
  /** The layout's folder, and what messages call it. */
  readonly folder: string;
  readonly label: string;
  /** Where the cache keeps its records; undefined for none. */
  readonly cache: Cache["folders"];
  /** The file as the user named it. */
  readonly path: string;
  /** May it be a tarball without a document? */
  readonly bare: boolean;
  /** Its identity a moment ago, where it was asked for. */
  readonly source: SourceIdentity | undefined;
}

/** What the job came to, and all that its options were to be told. */
export interface FileJobResult {
  readonly stored: StoredFile;
  readonly bytes: number;
  readonly outline: { readonly list: Descriptor; readonly outline: Outline } | undefined;
  readonly source: SourceIdentity | undefined;
}

/** Several files, so that a thread need not wait for each one's next. */
export interface FilesJob {
  readonly files: readonly FileJob[];
}

/** For each file, in their order. */
export type FilesResult = readonly ({ readonly done: FileJobResult } | { readonly error: ThreadError })[];

/** Files of a job that are under way at once: the disk takes flushes together. */
const AT_ONCE = 4;

/** Stores a file as what it is: a bare tarball where that may be, else a package. Throws as `storeTarball()` and `storePackageFile()`. */
export async function storeFile(
  store: Store,
  path: string,
  { bare, ...options }: StoreFileOptions & { readonly bare: boolean },
): Promise<StoredFile> {
  const tarball = bare ? await storeTarball(store, path, options) : undefined;
  if (tarball !== undefined) return { kind: "tarball", ...tarball };
  return { kind: "package", ...(await storePackageFile(store, path, options)) };
}

interface Opened {
  readonly store: Store;
  readonly cache: Cache | undefined;
}

/** Does jobs one after the other, with one store for all that are of the same one. */
export function createFilesRunner(): (job: FilesJob, signal?: AbortSignal) => Promise<FilesResult> {
  let last: (Opened & { readonly folder: string }) | undefined;
  const open = ({ folder, label, cache }: FileJob): Opened => {
    if (last?.folder !== folder) {
      const opened = cache && createFolderCache(cache.records, cache.temporaries);
      last = { folder, store: createLayoutStore(folder, { label }), cache: opened };
    }
    return last;
  };
  const run = async (job: FileJob, signal?: AbortSignal): Promise<FileJobResult> => {
    const { path, bare, source, compression, transform, limits, namespace, retarget } = job;
    const { store, cache } = open(job);
    let told: Omit<FileJobResult, "stored"> = { bytes: 0, outline: undefined, source: undefined };
    const stored = await storeFile(store, path, {
      ...{ bare, compression, transform, limits, namespace, retarget, cache, signal },
      jobs: 1,
      sources: source && new Map([[path, source]]),
      onBytes: (bytes) => {
        told = { ...told, bytes: told.bytes + bytes };
      },
      onOutline: (list, outline) => {
        told = { ...told, outline: { list, outline } };
      },
      onSource: (_path, sure) => {
        told = { ...told, source: sure };
      },
    });
    return { stored, ...told };
  };
  return async ({ files }, signal) =>
    await mapConcurrent(files, AT_ONCE, (job) =>
      run(job, signal).then(
        (done) => ({ done }),
        (error) => ({ error: toThreadError(error) }),
      ),
    );
}
