/**
 * Outlines of layers, kept from one build to the next.
 *
 * @module
 */

import { endianness } from "node:os";
import type { Descriptor } from "../oci/descriptor.js";
import type { Cache } from "../store/cache.js";
import type { Store } from "../store/store.js";
import type { IoOptions } from "../stream/bytes.js";
import { openFileList } from "./file-list.js";
import { createOutlineBuilder, MAX_OUTLINE, type Outline } from "./outline.js";

/** Entries up to which a list is read as quickly as its outline is found. */
const FEW = 128;

/** Changes when an outline means something else; words are in the order of this machine's bytes. */
const OUTLINE_RULES = `1 ${endianness()}`;

const keyOf = ({ digest }: Descriptor) => `outline ${OUTLINE_RULES} ${digest}`;
const toBase64 = ({ buffer, byteOffset, byteLength }: Uint32Array) =>
  Buffer.from(buffer, byteOffset, byteLength).toString("base64");

function fromBase64(text: unknown): Uint32Array | undefined {
  if (typeof text !== "string") return undefined;
  const bytes = Buffer.from(text, "base64");
  if (bytes.length % 12 !== 0) return undefined;
  return new Uint32Array(Uint8Array.from(bytes).buffer);
}

/** Keeps the outline of the layer with that list of files, where it is worth it. */
export async function keepOutline(cache: Cache | undefined, list: Descriptor, outline: Outline | undefined) {
  if (outline === undefined || outline.folders.length + outline.others.length <= FEW * 3) return;
  const { folders, others, symlinks } = outline;
  await cache?.set(keyOf(list), { folders: toBase64(folders), others: toBase64(others), symlinks });
}

async function findOutline(cache: Cache | undefined, list: Descriptor): Promise<Outline | undefined> {
  const record = ((await cache?.get(keyOf(list))) ?? {}) as Record<string, unknown>;
  const folders = fromBase64(record.folders);
  const others = fromBase64(record.others);
  if (folders === undefined || others === undefined || !Array.isArray(record.symlinks)) return undefined;
  return { folders, others, symlinks: record.symlinks as Outline["symlinks"] };
}

/** The outline of the layer with that list of files, from the cache, else made anew; undefined where it is too large. */
export async function readOutline(
  store: Store,
  list: Descriptor,
  entries: number,
  { cache, signal }: IoOptions & { readonly cache?: Cache | undefined },
): Promise<Outline | undefined> {
  if (entries > MAX_OUTLINE) return undefined;
  const known = entries > FEW ? await findOutline(cache, list) : undefined;
  if (known !== undefined) return known;
  const builder = createOutlineBuilder();
  for await (const files of openFileList(store, list, { signal })) for (const file of files) builder.add(file);
  const outline = builder.end();
  await keepOutline(cache, list, outline);
  return outline;
}
