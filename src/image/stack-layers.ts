/**
 * The layers of an image put on one another, squashed or packed where that is asked for or needed.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Store } from "../store/store.js";
import type { Layer } from "./layer-plan.js";
import { packLayers } from "./pack.js";
import type { AssembleOptions } from "./stored-layer.js";

/** Which layers become one. */
export interface SquashOptions {
  /** The first of them, counted from 1 without a base image's layers; all above it come with it (1). */
  readonly from?: number | undefined;
}

export interface StackOptions extends AssembleOptions {
  /** Make one layer of several, never of a base image's (no). */
  readonly squash?: SquashOptions | undefined;
  /** Layers that the image may have, those of the base image among them (127); packages beyond share some. */
  readonly maxLayers?: number | undefined;
}

/** A layer of a package or tarball. */
export interface OwnLayer {
  /** Stays the same from version to version. */
  readonly name: string;
  readonly layer: Layer;
}

/** Layers that known runtimes can stack: an image of more packages than that packs some of them into one. */
export const MAX_LAYERS = 127;

/** Squashes layers of packages until there are no more than `room` of them. */
async function packOwn(store: Store, own: readonly OwnLayer[], room: number, hasBase: boolean, options: StackOptions) {
  if (own.length <= room) return own.map(({ layer }) => layer);
  const { squashLayers } = await import("./squash.js");
  const sized = own.map((each) => ({ ...each, size: each.layer.descriptor.size }));
  const packed: Layer[] = [];
  for (const [first, ...others] of packLayers(sized, room)) {
    if (first === undefined) continue;
    const group = [first, ...others].map(({ layer }) => layer);
    const hasBelow = hasBase || packed.length > 0;
    packed.push(others.length === 0 ? first.layer : await squashLayers(store, group, { ...options, hasBelow }));
  }
  return packed;
}

/** How many layers of packages there is room for beside `others`. */
function roomFor(others: number, { maxLayers = MAX_LAYERS }: StackOptions): number {
  if (!Number.isInteger(maxLayers) || maxLayers < 1)
    throw new RangeError(`Not a count of layers: ${maxLayers}, expected 1 or more`);
  if (others < maxLayers) return maxLayers - others;
  const message = `Cannot build an image of ${others} layers without a package: expected at most ${maxLayers} (maxLayers, --max-layers) in all; stand on an image of fewer layers, or squash more of them`;
  throw new LadingError("TOO_LARGE", message, { what: "count of layers", limit: maxLayers, actual: others + 1 });
}

/** How many of the own layers stay as they are. */
export function keptCount({ squash }: StackOptions): number {
  return squash === undefined ? Number.POSITIVE_INFINITY : (squash.from ?? 1) - 1;
}

function nothingToSquash(last: number, count: number, { squash }: StackOptions): LadingError<"NOT_FOUND"> {
  const from = squash?.from ?? last;
  const message = `Cannot squash from layer ${from} on: the image has ${count} of packages and lading's own; name one from 1 to ${count}`;
  return new LadingError("NOT_FOUND", message, { what: "layer", name: String(from) });
}

/** Makes one layer of those that are to be squashed. */
async function squashOwn(store: Store, own: readonly Layer[], hasBase: boolean, options: StackOptions) {
  const kept = own.slice(0, keptCount(options));
  const rest = own.slice(kept.length);
  if (rest.length === 0) throw nothingToSquash(kept.length + 1, own.length, options);
  const { squashLayers } = await import("./squash.js");
  return [...kept, await squashLayers(store, rest, { ...options, hasBelow: hasBase || kept.length > 0 })];
}

/**
 * All layers of an image, lowest first: own ones squashed as the options say, or packed where there are too many.
 *
 * @param below Of the base image.
 * @param contents Of packages and tarballs.
 * @param made What lading made itself.
 * @throws {LadingError} `TOO_LARGE` where there is no room left for a layer of packages; `NOT_FOUND` where squashing begins above
 * the last one; as `squashLayers()`.
 */
export async function stackLayers(
  store: Store,
  below: readonly Layer[],
  contents: readonly OwnLayer[],
  made: readonly Layer[],
  options: StackOptions,
): Promise<readonly Layer[]> {
  if (options.squash !== undefined) {
    const own = [...contents.map(({ layer }) => layer), ...made];
    const squashed = await squashOwn(store, own, below.length > 0, options);
    roomFor(below.length + squashed.length - 1, options);
    return [...below, ...squashed];
  }
  const others = below.length + made.length;
  const room = roomFor(contents.length === 0 ? others - 1 : others, options);
  return [...below, ...(await packOwn(store, contents, room, below.length > 0, options)), ...made];
}
