/**
 * Which repositories of a registry have a blob, as far as lading has seen: those that it pushed to or pulled from.
 *
 * @module
 */

import type { Digest } from "../oci/digest.js";
import { isRepository } from "../oci/reference.js";
import type { Cache } from "../store/cache.js";

/** Repositories that are remembered for one blob. */
const REMEMBERED = 4;

export interface BlobPlaces {
  /** Repositories that had the blob, the latest first, without `other`. */
  find(digest: Digest, other: string): Promise<readonly string[]>;
  /** Remembers; who need not wait for it calls `settle` later. */
  note(digest: Digest, repository: string): Promise<void>;
  /** Waits until what was noted is kept. */
  settle(): Promise<void>;
}

/** Remembers in a cache, which may lose anything; a registry may have lost it too. */
export function createBlobPlaces(cache: Cache, registry: string): BlobPlaces {
  const running = new Set<Promise<void>>();
  const keyOf = (digest: Digest) => `repositories of ${registry} with ${digest}`;

  async function read(digest: Digest): Promise<readonly string[]> {
    const record = await cache.get(keyOf(digest));
    return Array.isArray(record) ? record.filter((name) => typeof name === "string" && isRepository(name)) : [];
  }

  async function keep(digest: Digest, repository: string): Promise<void> {
    const known = await read(digest);
    if (known[0] === repository) return;
    await cache.set(keyOf(digest), [repository, ...known.filter((name) => name !== repository)].slice(0, REMEMBERED));
  }

  return {
    find: async (digest, other) => (await read(digest)).filter((name) => name !== other),
    note(digest, repository) {
      const run: Promise<void> = keep(digest, repository).finally(() => running.delete(run));
      running.add(run);
      return run;
    },
    settle: async () => void (await Promise.all(running)),
  };
}
