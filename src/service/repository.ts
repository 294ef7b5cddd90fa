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
  /**
   * Somebody counts on this content from now on, who was told that it is there or is about to name it: a collection that runs
   * beside treats it as just written. Absent where nothing collects.
   */
  refresh?(digest: Digest): Promise<void>;
  /** Takes content out of this repository and of no other. Absent where the store cannot. */
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
 * to it.
 *
 * @param uploads A folder for uploads under way.
 */
export function createRepository(store: Store, uploads: string): Repository {
  const sizes = new Map<Digest, number>();
  const walked = new Set<Digest>();

  async function walk(descriptor: Descriptor, options: IoOptions | undefined): Promise<void> {
    sizes.set(descriptor.digest, descriptor.size);
    if (walked.has(descriptor.digest) || !isReferableType(descriptor.mediaType)) return;
    const bytes = await collect(store.open(descriptor, options), MAX_MANIFEST_BYTES, "manifest");
    walked.add(descriptor.digest);
    for (const child of childrenOf(descriptor.mediaType, bytes)) await walk(child, options);
  }

  async function put(mediaType: string, content: ByteStream, options?: PutOptions): Promise<Descriptor> {
    const descriptor = await store.put(mediaType, content, options);
    sizes.set(descriptor.digest, descriptor.size);
    return descriptor;
  }

  return {
    store: { ...store, put },
    uploads,
    async sizeOf(digest, options) {
      if (!sizes.has(digest)) for (const { descriptor } of await store.tags(options)) await walk(descriptor, options);
      const size = sizes.get(digest);
      if (size === undefined) return undefined;
      return (await store.has({ mediaType: "application/octet-stream", digest, size }, options)) ? size : undefined;
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
