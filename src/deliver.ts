/**
 * Bringing an image from one place to another, under a name.
 *
 * @module
 */

import { isLadingError, LadingError } from "./errors.js";
import type { Descriptor } from "./oci/descriptor.js";
import { type CopyAction, type CopyOptions, type CopyResult, copy, planCopy, sumActions } from "./store/copy.js";
import { type FoundReferrer, findAllReferrers } from "./store/referrers.js";
import type { Store } from "./store/store.js";
import type { Place } from "./transport.js";

const NOTHING = { blobs: [], bytes: sumActions([]) } as const;

/** How often a registry is given an image that it says to lack parts of. */
const TRIES = 3;
/** Layers that go ahead at once. */
const AHEAD = 4;

/** Where an image came to. */
export interface Delivered extends CopyResult {
  /** The place, in full: `oci:out:py`. */
  readonly label: string;
  /** What refers to the image and came along. */
  readonly referrers?: readonly FoundReferrer[];
}

/** What is brought beside the image. */
export interface DeliverOptions extends CopyOptions {
  /** Bring what refers to it, too: signatures, SBOMs, attestations, and what refers to these (no). */
  readonly referrers?: boolean | undefined;
}

/**
 * Copies an image and gives it the place's name. The name comes last, so that it never leads to half an image.
 *
 * @throws {LadingError} `DIGEST_MISMATCH` where the place is named by another digest; else as `copy`, and as the place's
 * `tag`.
 */
export async function deliver(
  root: Descriptor,
  from: Store,
  to: Place,
  options: DeliverOptions = {},
): Promise<Delivered> {
  const isDigest = checkDigestName(root, to);
  const bring = async () => {
    if (!isDigest && to.store.hasWhole !== undefined) await askName(to, options);
    const copied = await bringAll(root, from, to.store, options, copy);
    const name = isDigest || to.name === "" ? undefined : to.name;
    const others = (copied.referrers ?? []).map(({ descriptor }) => ({ descriptor: listed(descriptor) }));
    await to.store.tag([{ name, descriptor: root }, ...others], { signal: options.signal });
    return { ...copied, label: to.label };
  };
  for (let count = 1; ; count++) {
    try {
      return await bring();
    } catch (error) {
      // Its store then looks for every blob that the manifest was to stand for, and at last sends what the registry says to have.
      if (count < TRIES && isLost(error, to.store)) continue;
      await to.store.release?.().catch(() => {});
      throw error;
    }
  }
}

/**
 * What {@link deliver} would do. Nothing is written, sent or named.
 *
 * @throws {LadingError} as {@link deliver}, for what shows before a byte moves.
 */
export async function planDelivery(
  root: Descriptor,
  from: Store,
  to: Place,
  options: Pick<DeliverOptions, "jobs" | "signal" | "referrers"> = {},
): Promise<Delivered> {
  checkDigestName(root, to);
  return { ...(await bringAll(root, from, to.store, options, planCopy)), label: to.label };
}

/** The image, and what refers to it where that is wanted. */
async function bringAll(
  root: Descriptor,
  from: Store,
  to: Store,
  options: DeliverOptions,
  bring: typeof copy,
): Promise<CopyResult & { readonly referrers?: readonly FoundReferrer[] }> {
  const result = from === to ? { root, ...NOTHING } : await bring(root, from, to, options);
  if (options.referrers !== true) return result;
  const referrers = await findAllReferrers(from, root, { signal: options.signal });
  const blobs = new Map(result.blobs.map((blob) => [blob.descriptor.digest, blob]));
  for (const { descriptor } of from === to ? [] : referrers) {
    const more = await bring(descriptor, from, to, options);
    for (const blob of more.blobs) if (!blobs.has(blob.descriptor.digest)) blobs.set(blob.descriptor.digest, blob);
  }
  return { root, blobs: [...blobs.values()], bytes: sumActions([...blobs.values()]), referrers };
}

/** As a store lists it; its annotations are its own. */
function listed({ mediaType, digest, size, artifactType }: Descriptor): Descriptor {
  return { mediaType, digest, size, ...(artifactType === undefined ? {} : { artifactType }) };
}

/** Is the place named by a digest? By that of the content, then. */
function checkDigestName(root: Descriptor, { name, label }: Place): boolean {
  const isDigest = isDigestName(name);
  if (!isDigest || name === root.digest) return isDigest;
  const message = `Cannot write ${root.digest} to ${label}: that names other content; name a tag, or nothing after the name`;
  throw new LadingError("DIGEST_MISMATCH", message, { what: label, expected: name, actual: root.digest });
}

/** Where the name means the image already, the answer is all that the store needs to know. */
async function askName({ store, name }: Place, { signal }: CopyOptions): Promise<void> {
  await store.resolve(name, { signal }).catch((error) => {
    if (!isLadingError(error, "NOT_FOUND")) throw error;
  });
}

/** Does a registry say that it lacks a blob that it was not given, or has a layout lost one to a collection of garbage? */
function isLost(error: unknown, { layoutFolder }: Store): boolean {
  if (isLadingError(error, "NOT_FOUND")) return error.detail.what === "blob" && layoutFolder !== undefined;
  return isLadingError(error, "REGISTRY") && error.detail.errors.some(({ code }) => code.endsWith("BLOB_UNKNOWN"));
}

/** An image on its way to a place, whose layers may go ahead. */
export interface Delivery {
  /** Brings a layer, which is in the store, to the place while the image is still being made. */
  sendAhead(layer: Descriptor): void;
  /**
   * Waits for what went ahead, brings the rest and gives it the place's name.
   *
   * @param source Where the image is, if it is not where what went ahead was.
   * @throws {LadingError} as {@link deliver}; what failed on the way ahead fails here.
   */
  finish(root: Descriptor, source?: Store): Promise<Delivered>;
  /** Lets go of what is on its way; after `finish` it does nothing. The place then has layers that nothing names. */
  stop(): Promise<void>;
}

/**
 * Starts to bring an image to a place before it is made. Layers go ahead to places that take bytes, where that is long: not
 * to layouts, which link them, nor to archives, where all has its order, nor to a place that is named by a digest, which may
 * turn out to be another one.
 */
export function startDelivery(from: Store, to: Place, options: CopyOptions = {}): Delivery {
  const { jobs = AHEAD, signal } = options;
  const ending = new AbortController();
  const io = { ...options, signal: signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal]) };
  const takesBytes = to.store.link === undefined && to.store.expect === undefined;
  const goesAhead = from !== to.store && takesBytes && !isDigestName(to.name);
  const waiting: Descriptor[] = [];
  const runs: Promise<void>[] = [];
  const sent = new Map<string, CopyAction>();
  let failed: { readonly error: unknown } | undefined;
  let running = 0;

  async function run(): Promise<void> {
    running++;
    try {
      for (let next = waiting.shift(); next !== undefined && failed === undefined; next = waiting.shift()) {
        const { blobs } = await copy(next, from, to.store, io);
        for (const { descriptor, action } of blobs) sent.set(descriptor.digest, action);
      }
    } catch (error) {
      failed ??= { error };
    } finally {
      running--;
    }
  }

  return {
    sendAhead(layer) {
      if (!goesAhead) return;
      waiting.push(layer);
      if (running < jobs) runs.push(run());
    },
    async finish(root, source = from) {
      await Promise.all(runs);
      if (failed !== undefined) throw failed.error;
      return withActions(await deliver(root, source, to, options), sent);
    },
    async stop() {
      ending.abort();
      await Promise.all(runs);
    },
  };
}

/** What was sent ahead was there when the rest came: what counts is how it came. */
function withActions(delivered: Delivered, sent: ReadonlyMap<string, CopyAction>): Delivered {
  const blobs = delivered.blobs.map((blob) => ({
    ...blob,
    action: blob.action === "skipped" ? (sent.get(blob.descriptor.digest) ?? blob.action) : blob.action,
  }));
  return { ...delivered, blobs, bytes: sumActions(blobs) };
}

function isDigestName(name: string): boolean {
  return /^sha(256|512):/.test(name);
}
