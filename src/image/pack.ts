/**
 * Many layers packed into fewer, so that an image has no more of them than runtimes can stack.
 *
 * Neighbours are packed together, so that what lies above what stays the same. Large layers stay alone as long as there is room
 * for it, and where a group ends follows from the names of what is in it: one package that changes changes the layer that it is
 * in, one that comes or goes at times one or two others.
 *
 * @module
 */

import { createHash } from "node:crypto";

/** A layer that may be packed. */
export interface Packable {
  /** What stays the same when the content changes: a package's name without its version. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** The least power of two of bytes that at most `most` of the layers have. */
function sizeAlone(layers: readonly Packable[], most: number): number {
  let size = 1;
  while (layers.filter((layer) => layer.size >= size).length > most) size *= 2;
  return size;
}

/** A number that a name always has, 0 to 2^32 - 1. */
function mark(name: string): number {
  return createHash("sha256").update(name).digest().readUInt32BE(0);
}

/** Neighbours in groups. A layer of `alone` bytes is a group; so is what ends with a name whose mark is low enough. */
function group<T extends Packable>(layers: readonly T[], alone: number, low: number): readonly (readonly T[])[] {
  const groups: T[][] = [];
  let isOpen = false;
  for (const layer of layers) {
    const isAlone = layer.size >= alone;
    if (isAlone || !isOpen) groups.push([]);
    groups.at(-1)?.push(layer);
    isOpen = !isAlone && mark(layer.name) >= low;
  }
  return groups;
}

/**
 * Layers in groups that are to become one layer each, in their order.
 *
 * @param most Groups at most, 1 or more.
 * @returns A group for each layer where there are no more than `most`.
 */
export function packLayers<T extends Packable>(layers: readonly T[], most: number): readonly (readonly T[])[] {
  if (!(most >= 1)) throw new RangeError(`Cannot pack layers into ${most}, expected 1 or more`);
  if (layers.length <= most) return layers.map((layer) => [layer]);
  const alone = sizeAlone(layers, Math.floor((most - 1) / 3));
  // The more names end a group, the more groups there are: as many as may be.
  const lows = [0, ...layers.map(({ name }) => mark(name) + 1)].sort((a, b) => a - b);
  let [fits, beyond] = [0, lows.length];
  while (beyond - fits > 1) {
    const middle = (fits + beyond) >> 1;
    if (group(layers, alone, lows[middle] as number).length <= most) fits = middle;
    else beyond = middle;
  }
  return group(layers, alone, lows[fits] as number);
}
