/**
 * `copy`: the one verb that moves images. Push, pull, save, load and convert are all this, between two stores.
 *
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { childrenOf, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isManifestType, isReferableType } from "../oci/media-type.js";
import { type ByteStream, collect, fromBytes, type IoOptions } from "../stream/bytes.js";
import { mapConcurrent } from "../stream/pool.js";
import type { Store } from "./store.js";

/**
 * How a blob came to where it is wanted: it was there, came as a hard link, from another repository of the registry, or byte
 * by byte.
 */
export type CopyAction = "skipped" | "linked" | "mounted" | "copied";

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
  /** Called once it is known what the image has: each content once, before any moves. */
  readonly onContent?: ((contents: readonly Descriptor[]) => void) | undefined;
  /** Called as each blob is done. */
  readonly onBlob?: ((blob: CopiedBlob) => void) | undefined;
  /** Called with the bytes that went by, for progress; bytes that had to be sent twice count once. */
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
  // Whether it is a manifest: what one manifest calls a layer may be a manifest to another, which needs more.
  const seen = new Map<string, boolean>();
  const blobs: Content[] = [];
  const manifests: Content[] = [];
  async function visit(descriptor: Descriptor, depth: number): Promise<void> {
    const isManifest = isReferableType(descriptor.mediaType);
    const before = seen.get(descriptor.digest);
    if (before === true || before === isManifest) return;
    seen.set(descriptor.digest, isManifest);
    if (!isManifest) {
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
  return [...blobs.filter(({ descriptor }) => seen.get(descriptor.digest) === false), ...manifests];
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

/** Counts what goes by. Content that is opened again after a cut counts from where it got to. */
function createCount(descriptor: Descriptor, { onBytes }: CopyOptions) {
  let furthest = 0;
  return async function* counted(source: ByteStream): ByteStream {
    let at = 0;
    for await (const chunk of source) {
      yield chunk;
      at += chunk.byteLength;
      if (at <= furthest) continue;
      onBytes?.(descriptor, at - furthest);
      furthest = at;
    }
  };
}

async function moveContent(content: Content, from: Store, to: Store, options: CopyOptions): Promise<CopyAction> {
  const { descriptor, bytes } = content;
  const { signal } = options;
  const file = bytes === undefined && to.link !== undefined ? await from.sharedFile?.(descriptor) : undefined;
  if (file !== undefined && (await to.link?.(descriptor, file, { signal }))) return "linked";
  const isBlob = bytes === undefined;
  if (isBlob && (await to.mount?.(descriptor, { from: from.repository, signal }))) return "mounted";
  const open = () => (isBlob ? from.open(descriptor, { signal }) : fromBytes(bytes));
  const counted = createCount(descriptor, options);
  const { digest, size } = descriptor;
  const promised = { digest, size, verified: true, reopen: () => counted(open()), signal };
  await to.put(descriptor.mediaType, counted(open()), promised);
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

/** What {@link moveContent} would do. */
async function foreseeMove(content: Content, from: Store, to: Store, options: CopyOptions): Promise<CopyAction> {
  const { descriptor, bytes } = content;
  if (bytes !== undefined) return "copied";
  if (to.link !== undefined && (await from.sharedFile?.(descriptor)) !== undefined) return "linked";
  const { signal } = options;
  return (await to.mount?.(descriptor, { from: from.repository, dryRun: true, signal })) ? "mounted" : "copied";
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
 * assert.deepEqual(bytes, { skipped: 0, linked: 0, mounted: 0, copied: 5 });
 * assert.ok(await there.has(root));
 * ```
 */
export async function copy(root: Descriptor, from: Store, to: Store, options: CopyOptions = {}): Promise<CopyResult> {
  return await handle(root, from, to, { ...options, move: moveContent });
}

/**
 * What {@link copy} would do with each content: what it would skip, link, mount and copy. Nothing is written or sent; places
 * are asked what they have.
 *
 * @throws {LadingError} as {@link copy}, for what shows before a byte moves.
 */
export async function planCopy(
  root: Descriptor,
  from: Store,
  to: Store,
  options: Pick<CopyOptions, "jobs" | "signal"> = {},
): Promise<CopyResult> {
  const { jobs, signal } = options;
  return await handle(root, from, to, { jobs, signal, move: foreseeMove });
}

/** Deals with each content that is not there: blobs first, then manifests, children before parents. */
async function handle(
  root: Descriptor,
  from: Store,
  to: Store,
  options: CopyOptions & { readonly move: typeof moveContent },
): Promise<CopyResult> {
  const { jobs = JOBS, signal } = options;
  const contents = (await listContent(root, from, { signal })).filter(({ descriptor }) => isDistributable(descriptor));
  options.onContent?.(contents.map(({ descriptor }) => descriptor));
  const known = await askWhole(contents, to, options);
  // Only who is about to write may reserve places.
  if (options.move === moveContent) {
    await to.expect?.(
      contents.map(({ descriptor }) => descriptor),
      { signal },
    );
  }
  const each = async (content: Content): Promise<CopiedBlob> => {
    const { descriptor } = content;
    const isThere = known.get(descriptor.digest) ?? (await to.has(descriptor, { signal }));
    const action = isThere ? "skipped" : await options.move(content, from, to, options);
    options.onBlob?.({ descriptor, action });
    return { descriptor, action };
  };
  const isBlob = ({ bytes }: Content) => bytes === undefined;
  const { content, atOnce } = await inOrder(contents.filter(isBlob), from, jobs, { signal });
  const blobs = await mapConcurrent(content, atOnce, each, signal);
  for (const manifest of contents.filter((one) => !isBlob(one))) blobs.push(await each(manifest));
  return { root, blobs, bytes: sumActions(blobs) };
}

/** Bytes by what was done with them. */
export function sumActions(blobs: readonly CopiedBlob[]): CopyResult["bytes"] {
  const bytes = { skipped: 0, linked: 0, mounted: 0, copied: 0 };
  for (const { descriptor, action } of blobs) bytes[action] += descriptor.size;
  return bytes;
}
