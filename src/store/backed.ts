/**
 * A store that is backed by others: it has what they have, and fetches that when it is opened.
 *
 * Small content is kept once it was fetched. Layers only pass through, so that they go from one registry to another without
 * touching the disk.
 *
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { childrenOf, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isReferableType } from "../oci/media-type.js";
import { type ByteStream, collect, type IoOptions } from "../stream/bytes.js";
import type { Store } from "./store.js";

/** A store that backs another one, and what of it counts. */
export interface Backing {
  readonly store: Store;
  /** Small content: kept once it was opened, and so is what its manifests name beside. */
  readonly kept: readonly Descriptor[];
  /** Content that passes through. */
  readonly passed: readonly Descriptor[];
}

/** Where content is that the own store may lack. */
interface Home {
  readonly store: Store;
  readonly isKept: boolean;
}

/**
 * A store over `own`, to which everything is written, backed by others of which the first that has a content counts. What they
 * are said to have is believed until it is opened.
 */
export function createBackedStore(own: Store, backings: readonly Backing[]): Store {
  const homes = new Map<Digest, Home>();
  const add = (contents: readonly Descriptor[], home: Home) => {
    for (const { digest } of contents) if (!homes.has(digest)) homes.set(digest, home);
  };
  for (const { store, kept, passed } of backings) {
    add(passed, { store, isKept: false });
    add(kept, { store, isKept: true });
  }

  async function keep(descriptor: Descriptor, { store }: Home, { signal }: IoOptions): Promise<void> {
    const { mediaType, digest, size } = descriptor;
    await own.put(mediaType, store.open(descriptor, { signal }), { digest, size, verified: true, signal });
  }

  /** What a manifest names is where the manifest is. */
  async function follow(descriptor: Descriptor, { store }: Home, options: IoOptions): Promise<void> {
    if (!isReferableType(descriptor.mediaType)) return;
    const bytes = await collect(own.open(descriptor, options), MAX_MANIFEST_BYTES, "manifest");
    add(childrenOf(descriptor.mediaType, bytes), { store, isKept: true });
  }

  async function* open(descriptor: Descriptor, options: IoOptions = {}): ByteStream {
    const home = homes.get(descriptor.digest);
    const isHere = home === undefined || (await own.has(descriptor, options));
    if (!isHere && !home.isKept) return yield* home.store.open(descriptor, options);
    if (!isHere) await keep(descriptor, home, options);
    if (home !== undefined) await follow(descriptor, home, options);
    yield* own.open(descriptor, options);
  }

  const { layoutFolder: _layoutFolder, ...rest } = own;
  return {
    ...rest,
    open,
    has: async (descriptor, options) => homes.has(descriptor.digest) || (await own.has(descriptor, options)),
    locate: async (descriptor, options) => {
      const home = homes.get(descriptor.digest);
      const isRemote = home?.store.repository !== undefined && !(await own.has(descriptor, options));
      return { repository: home?.store.repository, isRemote };
    },
  };
}
