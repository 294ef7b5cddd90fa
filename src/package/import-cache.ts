/**
 * Files that were seen before need not be read again.
 *
 * A file is recognised by device, inode, size, mtime and ctime. A change within one tick of the file system's clock would not
 * show in them, so a record is made only when the file has not changed for longer than a tick.
 *
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import { isDigest } from "../oci/digest.js";
import type { Cache } from "../store/cache.js";
import type { Store } from "../store/store.js";
import type { IoOptions } from "../stream/bytes.js";
import { identityOf, isFresh } from "../stream/file-identity.js";
import { files } from "../stream/files.js";
import { findSidecar } from "./formats/sidecar.js";
import type { Package, PackageLayer } from "./package.js";

/** Changes when a record means something else. */
const FILE_RULES = 2;

/** Which state of a file it is, with the document beside it. */
export interface SourceIdentity {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Did it change so recently that a later change might not show? */
  readonly isFresh: boolean;
}

async function identify(path: string): Promise<SourceIdentity | undefined> {
  const stats = await files.stat(path, { bigint: true }).catch(() => undefined);
  if (stats === undefined) return undefined;
  const key = identityOf(stats);
  return { key, size: Number(stats.size), isFresh: isFresh(key, Date.now()) };
}

/** Undefined where there is no such file. Throws `IO` when the operating system says no. */
export async function identifySource(path: string): Promise<SourceIdentity | undefined> {
  const [file, sidecar] = await Promise.all([identify(path), findSidecar(path)]);
  if (file === undefined) return undefined;
  const document = sidecar === undefined ? undefined : await identify(sidecar);
  const key = JSON.stringify([file.key, document?.key ?? null]);
  return { key, size: file.size, isFresh: file.isFresh || document?.isFresh === true };
}

/** Something that was made of a file, with what has to be in the store for it to be of use. */
export interface Made {
  readonly layer: PackageLayer;
  readonly warnings: readonly string[];
  readonly package?: Pick<Package, "manifest">;
}

export interface FileCacheOptions extends IoOptions {
  readonly cache?: Cache | undefined;
  /** What the result depends on beside the file: options, in a form that JSON can hold. */
  readonly variant: unknown;
  /** The file's identity a moment ago, where it was asked for (asked for now). */
  readonly source?: SourceIdentity | undefined;
  /** Called with the identity of the file that the value is of, where it is sure to be that one's. */
  readonly onSource?: ((source: SourceIdentity) => void) | undefined;
}

/** What a record needs to be in the store; undefined where it is no such record: caches may hold anything. */
function neededBy(record: unknown): readonly Descriptor[] | undefined {
  const { layer, package: pkg, warnings } = (record ?? {}) as Partial<Made>;
  if (!Array.isArray(warnings)) return undefined;
  const needed = [layer?.descriptor, layer?.files, ...(pkg === undefined ? [] : [pkg?.manifest])];
  const isWhole = needed.every((descriptor) => isDigest(descriptor?.digest)) && isDigest(layer?.diffId);
  return isWhole ? needed.flatMap((descriptor) => descriptor ?? []) : undefined;
}

async function isUsable(store: Store, record: unknown, options: IoOptions): Promise<boolean> {
  const needed = neededBy(record);
  if (needed === undefined) return false;
  const stored = needed.filter(({ data }) => data === undefined);
  return !(await Promise.all(stored.map((descriptor) => store.has(descriptor, options)))).includes(false);
}

/**
 * What `make` gives for a file, from the cache where the file and the document beside it are as they were then.
 *
 * @param make What it gives as undefined is not kept.
 * @returns The value, and whether it was known.
 */
export async function rememberFile<T extends Made | undefined>(
  store: Store,
  path: string,
  options: FileCacheOptions,
  make: () => Promise<T>,
): Promise<{ readonly value: T; readonly known: boolean }> {
  const { cache, variant, signal } = options;
  if (cache === undefined) return { value: await make(), known: false };
  const keyOf = (source: SourceIdentity | undefined) =>
    source === undefined ? undefined : `file ${JSON.stringify([FILE_RULES, source.key, variant])}`;
  const source = options.source ?? (await identifySource(path));
  const before = keyOf(source);
  const known = before === undefined ? undefined : await cache.get(before);
  if (source !== undefined && (await isUsable(store, known, { signal }))) {
    options.onSource?.(source);
    return { value: known as T, known: true };
  }
  const value = await make();
  if (before === undefined || value === undefined) return { value, known: false };
  const after = await identifySource(path);
  // What changed just before it was read may have changed just after, too, with nothing to tell.
  const isSure = before === keyOf(after) && source?.isFresh === false && after?.isFresh === false;
  if (!isSure || after === undefined) return { value, known: false };
  options.onSource?.(after);
  await cache.set(before, value);
  return { value, known: false };
}
