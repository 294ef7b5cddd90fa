/**
 * Roots that a layout lists without a name: manifests that were pushed by their digest, and what refers to images.
 *
 * @module
 */

import { lstat } from "node:fs/promises";
import type { Descriptor } from "../oci/descriptor.js";
import { isDigest } from "../oci/digest.js";
import { type Index, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isReferableType } from "../oci/media-type.js";
import { readReferrer } from "../oci/referrer.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import { blobPath, changedAt } from "./layout-blobs.js";
import { nameOf } from "./layout-index.js";
import { type Reached, reach } from "./reach.js";
import type { BlobReader } from "./store.js";

/** A layout in which roots are looked at. */
export interface RootsOptions extends IoOptions {
  readonly root: string;
  readonly store: Pick<BlobReader, "open">;
  /** Is a blob that was changed then, in milliseconds since 1970, too young to go? */
  readonly isYoung: (changedMs: number) => boolean;
}

async function isYoungRoot({ digest }: Descriptor, { root, isYoung }: RootsOptions): Promise<boolean> {
  const stats = await lstat(blobPath(root, digest)).catch(() => undefined);
  return stats !== undefined && isYoung(changedAt(stats));
}

/** The digest that a root refers to, where it can be read. */
async function subjectOf(entry: Descriptor, { store, signal }: RootsOptions): Promise<string | undefined> {
  if (!isReferableType(entry.mediaType)) return undefined;
  const bytes = await collect(store.open(entry, { signal }), MAX_MANIFEST_BYTES, `manifest ${entry.digest}`);
  return readReferrer(entry, bytes)?.subject.digest;
}

/**
 * The index with those roots alone that have a name, that refer to something which one of these reaches, or that are young.
 *
 * @param reached Gets what these roots reach.
 */
export async function keepNamed(index: Index, reached: Reached, options: RootsOptions): Promise<Index> {
  const kept = new Set<Descriptor>();
  const open: { readonly entry: Descriptor; readonly subject: string | undefined }[] = [];
  for (const entry of index.manifests) {
    if (nameOf(entry) !== undefined || (await isYoungRoot(entry, options))) kept.add(entry);
    else open.push({ entry, subject: await subjectOf(entry, options).catch(() => undefined) });
  }
  await reach([...kept], options.store, reached, options);
  // What refers to a referrer comes in after it.
  for (let before = -1; before !== kept.size; ) {
    before = kept.size;
    for (const { entry, subject } of open) {
      const has = (digest: string | undefined) => isDigest(digest) && reached.content.has(digest);
      if (kept.has(entry) || !(has(subject) || has(entry.digest))) continue;
      kept.add(entry);
      await reach([entry], options.store, reached, options);
    }
  }
  return { ...index, manifests: index.manifests.filter((entry) => kept.has(entry)) };
}
