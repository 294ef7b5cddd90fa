/**
 * Taking names, and manifests, out of a place.
 *
 * @module
 */

import type { Descriptor } from "./oci/descriptor.js";
import { isDigest } from "./oci/digest.js";
import type { IoOptions } from "./stream/bytes.js";
import type { Place } from "./transport.js";

/** What was taken out. */
export interface Deleted {
  /** The place, in full: `oci:out:py`. */
  readonly label: string;
  /** What the name meant. */
  readonly descriptor: Descriptor;
  /** The names that are gone, sorted: of a manifest that was named by its digest, all that it had. */
  readonly names: readonly string[];
}

/**
 * Deletes a tag, or by its digest a manifest with all its tags.
 *
 * Blobs stay in a layout until garbage is collected, and in a registry until it collects its own; an archive is written anew
 * without what no name leads to any more.
 *
 * @throws {LadingError} `NOT_FOUND` where there is no such tag or manifest; `UNSUPPORTED` where a registry deletes none; what the
 * place's store throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createMemoryStore, deleteImage, fromBytes } from "lading";
 *
 * const store = createMemoryStore();
 * const descriptor = await store.put("text/plain", fromBytes("hello"));
 * await store.tag([{ name: "greeting", descriptor }]);
 * const { names } = await deleteImage({ store, name: "greeting", label: "memory:greeting" });
 * assert.deepEqual(names, ["greeting"]);
 * ```
 */
export async function deleteImage({ store, name, label }: Place, options: IoOptions = {}): Promise<Deleted> {
  const descriptor = await store.resolve(name, options);
  if (!isDigest(name)) {
    await store.untag([name], options);
    return { label, descriptor, names: [name] };
  }
  const roots = await store.tags(options);
  const names = roots.flatMap((root) => (root.descriptor.digest === name && root.name ? [root.name] : []));
  await store.untag([name], options);
  return { label, descriptor, names };
}
