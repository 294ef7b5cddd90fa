/**
 * What a registry serves: repositories, each of them a store.
 *
 * @module
 */

import { rm } from "node:fs/promises";
import { ioError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { childrenOf, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isReferableType } from "../oci/media-type.js";
import type { PutOptions, Store } from "../store/store.js";
import { type ByteStream, collect, type IoOptions } from "../stream/bytes.js";

/** One repository. Clients ask for content by digest alone, so it must be found by that. */
export interface Repository {
  readonly store: Store;
  /** A folder for uploads under way, on the file system of the store where it has one. Made when it is needed. */
  readonly uploads: string;
  /** The bytes of content that is there; undefined where it is not. */
  sizeOf(digest: Digest, options?: IoOptions): Promise<number | undefined>;
  /** Takes content out of this repository and of no other. Absent where nothing may be removed. */
  remove?(digest: Digest): Promise<void>;
}

/** The repositories of a registry. */
export interface Repositories {
  /**
   * A repository by its name, which is of the specification's grammar; undefined where it is not there and `create` is
   * false. With `create`, writing to it makes it.
   */
  open(name: string, options: { readonly create: boolean }): Promise<Repository | undefined>;
  /** Runs before the first request; throws where nothing could be kept. */
  prepare?(): Promise<void>;
  /** Names, sorted. */
  list(): Promise<readonly string[]>;
}

/**
 * Serves any store: content is found where it was put through this repository, or where a root that the store lists leads
 * to it. What is removed is not found here any more; the store keeps its bytes until it collects them.
 *
 * @param uploads A folder for uploads under way.
 */
export function createRepository(store: Store, uploads: string): Repository {
  const sizes = new Map<Digest, number>();
  const removed = new Set<Digest>();
  const walked = new Set<Digest>();

  async function walk(descriptor: Descriptor, options: IoOptions | undefined): Promise<void> {
    sizes.set(descriptor.digest, descriptor.size);
    if (walked.has(descriptor.digest) || !isReferableType(descriptor.mediaType)) return;
    const bytes = await collect(store.open(descriptor, options), MAX_MANIFEST_BYTES, "manifest");
    walked.add(descriptor.digest);
    for (const child of childrenOf(descriptor.mediaType, bytes)) await walk(child, options);
  }

  function add(descriptor: Descriptor): Descriptor {
    sizes.set(descriptor.digest, descriptor.size);
    removed.delete(descriptor.digest);
    return descriptor;
  }

  async function put(mediaType: string, content: ByteStream, options?: PutOptions): Promise<Descriptor> {
    return add(await store.put(mediaType, content, options));
  }

  const link: Store["link"] =
    store.link &&
    (async (descriptor, file, options) => {
      const isThere = (await store.link?.(descriptor, file, options)) === true;
      if (isThere) add(descriptor);
      return isThere;
    });

  return {
    store: { ...store, put, ...(link && { link }) },
    uploads,
    async sizeOf(digest, options) {
      if (!sizes.has(digest)) for (const { descriptor } of await store.tags(options)) await walk(descriptor, options);
      const size = removed.has(digest) ? undefined : sizes.get(digest);
      if (size === undefined) return undefined;
      return (await store.has({ mediaType: "application/octet-stream", digest, size }, options)) ? size : undefined;
    },
    async remove(digest) {
      removed.add(digest);
    },
  };
}

/** Removes a file; one that is not there is fine. */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw ioError(error, "remove", path);
  }
}
