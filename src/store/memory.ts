/**
 * A store in memory, for tests and for small things.
 *
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { parseRefName } from "../oci/ref-name.js";
import type { IoOptions } from "../stream/bytes.js";
import { createHasher } from "../stream/hash.js";
import { checkContent, verified } from "../stream/verify.js";
import { blobNotFound, tagNotFound } from "./missing.js";
import type { PutOptions, Store, Tagged } from "./store.js";

/**
 * Creates an empty store whose content lives as long as the value.
 *
 * @param label What messages call it (`memory`).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createMemoryStore, fromBytes } from "lading";
 *
 * const store = createMemoryStore();
 * const descriptor = await store.put("text/plain", fromBytes("hello"));
 * assert.equal(descriptor.size, 5);
 * await store.tag([{ name: "greeting", descriptor }]);
 * assert.equal((await store.resolve("greeting")).digest, descriptor.digest);
 * ```
 */
export function createMemoryStore(label = "memory"): Store {
  const blobs = new Map<Digest, Buffer>();
  const named = new Map<string, Descriptor>();
  const unnamed = new Map<Digest, Descriptor>();

  function roots(): Tagged[] {
    const tagged = [...named].map(([name, descriptor]) => ({ name, descriptor }));
    tagged.sort((a, b) => (a.name < b.name ? -1 : 1));
    return [...tagged, ...[...unnamed.values()].map((descriptor) => ({ descriptor }))];
  }

  /** Lists what has lost its last name without one. */
  function keepNameless(before: readonly Descriptor[]): void {
    const listed = new Set([...named.values()].map(({ digest }) => digest));
    for (const descriptor of before) if (!listed.has(descriptor.digest)) unnamed.set(descriptor.digest, descriptor);
  }

  return {
    label,
    async has({ digest, size }) {
      return blobs.get(digest)?.byteLength === size;
    },
    open(descriptor, options) {
      return openBlob(blobs, descriptor, label, options);
    },
    async put(mediaType, content, options: PutOptions = {}) {
      const hasher = createHasher(options.digest?.startsWith("sha512") ? "sha512" : "sha256");
      const chunks: Buffer[] = [];
      for await (const chunk of content) {
        options.signal?.throwIfAborted();
        hasher.update(chunk);
        chunks.push(Buffer.from(chunk));
      }
      const { digest, size } = hasher.end();
      checkContent({ digest, size }, options, mediaType);
      if (!blobs.has(digest)) blobs.set(digest, Buffer.concat(chunks, size));
      return { mediaType, digest, size };
    },
    async resolve(name) {
      const found = named.get(name) ?? roots().find(({ descriptor }) => descriptor.digest === name)?.descriptor;
      if (found === undefined) throw tagNotFound(name, label, [...named.keys()]);
      return found;
    },
    async tags() {
      return roots();
    },
    async tag(tagged, { keep = false } = {}) {
      for (const { name, descriptor } of tagged) {
        if (name !== undefined) parseRefName(name);
        if (!blobs.has(descriptor.digest)) throw blobNotFound(descriptor, label);
      }
      const before = [...named.values()];
      for (const { name, descriptor } of tagged) {
        if (name === undefined) unnamed.set(descriptor.digest, descriptor);
        else named.set(name, descriptor);
      }
      if (keep) keepNameless(before);
    },
    async untag(names, { keep = false } = {}) {
      const isGone = (digest: Digest) => names.includes(digest);
      const before = [...named.values()].filter(({ digest }) => !isGone(digest));
      for (const [name, { digest }] of named) if (names.includes(name) || isGone(digest)) named.delete(name);
      for (const digest of unnamed.keys()) if (isGone(digest)) unnamed.delete(digest);
      if (keep) keepNameless(before);
    },
  };
}

async function* openBlob(blobs: Map<Digest, Buffer>, descriptor: Descriptor, label: string, options?: IoOptions) {
  const bytes = blobs.get(descriptor.digest);
  if (bytes === undefined) throw blobNotFound(descriptor, label);
  yield* verified(
    (async function* () {
      options?.signal?.throwIfAborted();
      yield bytes;
    })(),
    { digest: descriptor.digest, size: descriptor.size, what: `blob in ${label}` },
  );
}
