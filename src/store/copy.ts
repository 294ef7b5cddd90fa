/**
 * `copy`: the one verb that moves images. Push, pull, save, load and convert are all this, between two stores.
 *
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { childrenOf, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isManifestType, isReferableType } from "../oci/media-type.js";
import { collect, fromBytes, type IoOptions } from "../stream/bytes.js";
import { mapConcurrent } from "../stream/pool.js";
import type { Store } from "./store.js";

/** How a blob came to where it is wanted. */
export type CopyAction = "skipped" | "linked" | "copied";

/** One blob or manifest of a copy. */
export interface CopiedBlob {
  readonly descriptor: Descriptor;
  readonly action: CopyAction;
}

/** What a copy did. Byte counts are of stored bytes. */
export interface CopyResult {
  readonly root: Descriptor;
  /** Each content once, children before parents. */
  readonly blobs: readonly CopiedBlob[];
  readonly bytes: Readonly<Record<CopyAction, number>>;
}

/** How many blobs at once, and who is told. */
export interface CopyOptions extends IoOptions {
  /** Blobs at once (4). */
  readonly jobs?: number | undefined;
  /** Called as each blob is done. */
  readonly onBlob?: ((blob: CopiedBlob) => void) | undefined;
  /** Called with the bytes that went by, for progress. */
  readonly onBytes?: ((descriptor: Descriptor, bytes: number) => void) | undefined;
}

/** Blobs at once. */
const JOBS = 4;
/** Indexes within indexes that are followed. */
const MAX_DEPTH = 16;

/** A part of an image. */
export interface Content {
  readonly descriptor: Descriptor;
  /** Present where it is a manifest or index, which had to be read to find its children. */
  readonly bytes?: Buffer;
  readonly children?: readonly Descriptor[];
}

/** What a manifest needs. An error says which manifest, and where. */
function readChildren({ mediaType, digest }: Descriptor, bytes: Uint8Array, from: Store): readonly Descriptor[] {
  try {
    return childrenOf(mediaType, bytes);
  } catch (error) {
    if (!isLadingError(error)) throw error;
    const rest = error.message.replace(/^Cannot /, "cannot ");
    const message = `Cannot copy ${digest} from ${from.label}: ${rest}; have it built or pushed again`;
    throw new LadingError(error.code, message, error.detail, { cause: error });
  }
}

/** All content that a root reaches: first the blobs, then the manifests, children before parents. Each digest once. */
export async function listContent(root: Descriptor, from: Store, options: IoOptions): Promise<Content[]> {
  const seen = new Set<string>();
  const blobs: Content[] = [];
  const manifests: Content[] = [];
  async function visit(descriptor: Descriptor, depth: number): Promise<void> {
    if (seen.has(descriptor.digest)) return;
    seen.add(descriptor.digest);
    if (!isReferableType(descriptor.mediaType)) {
      blobs.push({ descriptor });
      return;
    }
    if (depth > MAX_DEPTH) {
      const message = `Cannot copy ${root.digest}: its indexes are nested deeper than ${MAX_DEPTH}`;
      throw new LadingError("TOO_LARGE", message, { what: "depth of indexes", limit: MAX_DEPTH });
    }
    const bytes = await collect(from.open(descriptor, options), MAX_MANIFEST_BYTES, `manifest ${descriptor.digest}`);
    const children = readChildren(descriptor, bytes, from);
    for (const child of children) await visit(child, depth + 1);
    manifests.push({ descriptor, bytes, children });
  }
  await visit(root, 0);
  return [...blobs, ...manifests];
}

/** What one question answers for many: by digest, whether it is there. An index is no witness, for parts of it may lack. */
async function askWhole(contents: readonly Content[], to: Store, options: CopyOptions): Promise<Map<string, boolean>> {
  const { jobs = JOBS, signal } = options;
  const known = new Map<string, boolean>();
  const images = contents.filter(({ descriptor }) => isManifestType(descriptor.mediaType));
  const ask = async ({ descriptor, children = [] }: Content) => {
    const isThere = (await to.hasWhole?.(descriptor, { signal })) ?? false;
    if (isThere) for (const { digest } of [descriptor, ...children]) known.set(digest, true);
    else known.set(descriptor.digest, false);
  };
  if (to.hasWhole !== undefined) await mapConcurrent(images, jobs, ask, signal);
  return known;
}

async function* counted(source: AsyncIterable<Uint8Array>, descriptor: Descriptor, options: CopyOptions) {
  for await (const chunk of source) {
    yield chunk;
    options.onBytes?.(descriptor, chunk.byteLength);
  }
}

async function moveContent(content: Content, from: Store, to: Store, options: CopyOptions): Promise<CopyAction> {
  const { descriptor, bytes } = content;
  const { signal } = options;
  const file = bytes === undefined && to.link !== undefined ? await from.sharedFile?.(descriptor) : undefined;
  if (file !== undefined && (await to.link?.(descriptor, file, { signal }))) return "linked";
  const source = bytes === undefined ? from.open(descriptor, { signal }) : fromBytes(bytes);
  const promised = { digest: descriptor.digest, size: descriptor.size, verified: true, signal };
  await to.put(descriptor.mediaType, counted(source, descriptor, options), promised);
  return "copied";
}

/** Blobs in the order in which their store gives them best, and how many of them at once. */
async function inOrder(content: readonly Content[], from: Store, jobs: number, options: IoOptions) {
  const descriptors = content.map(({ descriptor }) => descriptor);
  const ordered = await from.inReadingOrder?.(descriptors, options);
  return ordered === undefined
    ? { content, atOnce: jobs }
    : { content: ordered.map((descriptor) => ({ descriptor })), atOnce: 1 };
}

/** Layers that must never be distributed are left where they are, as the specification asks. */
function isDistributable({ mediaType }: Descriptor): boolean {
  return !mediaType.includes(".nondistributable.");
}

/**
 * Copies everything that `root` reaches from one store to another, byte for byte, blobs first and children before parents,
 * so that what is at the destination is always whole. Content that is there already is skipped.
 *
 * @param root A manifest, an index, or any other content of `from`.
 * @returns What was done with each blob. The destination has no name for it yet: see `Store.tag`.
 * @throws {LadingError} `NOT_FOUND` and `DIGEST_MISMATCH` for content of `from` that is missing or wrong (a hard link reads
 * no byte, and so sees the size alone); `TOO_LARGE` for indexes nested deeper than 16; what the two stores throw. The destination keeps the blobs that were whole by then, and nothing else.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { copy, createMemoryStore, fromBytes } from "lading";
 *
 * const [here, there] = [createMemoryStore(), createMemoryStore()];
 * const root = await here.put("text/plain", fromBytes("hello"));
 * const { bytes } = await copy(root, here, there);
 * assert.deepEqual(bytes, { skipped: 0, linked: 0, copied: 5 });
 * assert.ok(await there.has(root));
 * ```
 */
export async function copy(root: Descriptor, from: Store, to: Store, options: CopyOptions = {}): Promise<CopyResult> {
  const { jobs = JOBS, signal } = options;
  const contents = (await listContent(root, from, { signal })).filter(({ descriptor }) => isDistributable(descriptor));
  const known = await askWhole(contents, to, options);
  await to.expect?.(
    contents.map(({ descriptor }) => descriptor),
    { signal },
  );
  const move = async (content: Content): Promise<CopiedBlob> => {
    const { descriptor } = content;
    const isThere = known.get(descriptor.digest) ?? (await to.has(descriptor, { signal }));
    const done = { descriptor, action: isThere ? "skipped" : await moveContent(content, from, to, options) } as const;
    options.onBlob?.(done);
    return done;
  };
  const isBlob = ({ bytes }: Content) => bytes === undefined;
  const { content, atOnce } = await inOrder(contents.filter(isBlob), from, jobs, { signal });
  const blobs = await mapConcurrent(content, atOnce, move, signal);
  for (const content of contents.filter((each) => !isBlob(each))) blobs.push(await move(content));
  const bytes = { skipped: 0, linked: 0, copied: 0 };
  for (const { descriptor, action } of blobs) bytes[action] += descriptor.size;
  return { root, blobs, bytes };
}
