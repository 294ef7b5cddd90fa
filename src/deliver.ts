/**
 * Bringing an image from one place to another, under a name.
 *
 * @module
 */

import { isLadingError, LadingError } from "./errors.js";
import type { Descriptor } from "./oci/descriptor.js";
import { type CopyOptions, type CopyResult, copy } from "./store/copy.js";
import type { Store } from "./store/store.js";
import type { Place } from "./transport.js";

const NOTHING = { blobs: [], bytes: { skipped: 0, linked: 0, copied: 0 } } as const;

/** How often a registry is given an image that it says to lack parts of. */
const TRIES = 3;

/** Where an image came to. */
export interface Delivered extends CopyResult {
  /** The place, in full: `oci:out:py`. */
  readonly label: string;
}

/**
 * Copies an image and gives it the place's name. The name comes last, so that it never leads to half an image.
 *
 * @throws {LadingError} `DIGEST_MISMATCH` where the place is named by another digest; else as `copy`, and as the place's
 * `tag`.
 */
export async function deliver(root: Descriptor, from: Store, to: Place, options: CopyOptions = {}): Promise<Delivered> {
  const isDigest = /^sha(256|512):/.test(to.name);
  if (isDigest && to.name !== root.digest) {
    const message = `Cannot write ${root.digest} to ${to.label}: that names other content; name a tag, or nothing after the name`;
    throw new LadingError("DIGEST_MISMATCH", message, { what: to.label, expected: to.name, actual: root.digest });
  }
  const bring = async () => {
    const copied = from === to.store ? { root, ...NOTHING } : await copy(root, from, to.store, options);
    const name = isDigest ? undefined : to.name;
    await to.store.tag([{ name, descriptor: root }], { signal: options.signal });
    return { ...copied, label: to.label };
  };
  for (let count = 1; ; count++) {
    try {
      return await bring();
    } catch (error) {
      // Its store then looks for every blob that the manifest was to stand for, and at last sends what the registry says to have.
      if (count === TRIES || !isLost(error)) throw error;
    }
  }
}

/** Does a registry say that it lacks a blob that it was not given? */
function isLost(error: unknown): boolean {
  return isLadingError(error, "REGISTRY") && error.detail.errors.some(({ code }) => code.endsWith("BLOB_UNKNOWN"));
}
