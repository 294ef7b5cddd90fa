/**
 * What is on its way, how fast, and how long it will take.
 *
 * @module
 */

/** One blob on its way to one place. */
export interface Transfer {
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes that it has. */
  readonly size: number;
  /** Bytes of it that went by. */
  moved: number;
  /** What became of it; undefined while that is open. */
  action: string | undefined;
}

/** All of it at one moment. */
export interface Total {
  /** Bytes that are to move, what was there already left out. */
  readonly size: number;
  readonly moved: number;
  /** Bytes a second, over the last seconds; undefined before there is anything to tell. */
  readonly rate: number | undefined;
  /** Seconds that the rest takes at this rate. */
  readonly left: number | undefined;
}

export interface TransferState {
  /** Bytes that were read. */
  read: number;
  /** Blobs in the order in which they were first heard of. */
  readonly transfers: readonly Transfer[];
  /** The blob at that place; heard of for the first time, it joins the others. */
  at(place: string, blob: { readonly digest: string; readonly mediaType: string; readonly size: number }): Transfer;
  /** Where all stands at `nowMs`. Called now and then, it knows the rate of the last seconds. */
  total(nowMs: number): Total;
}

/** Milliseconds over which the rate is taken. */
const WINDOW_MS = 5000;

/** Creates the state of one command. Several places may get the same blob. */
export function createTransferState(): TransferState {
  const known = new Map<string, Transfer>();
  const transfers: Transfer[] = [];
  const samples: { readonly atMs: number; readonly moved: number }[] = [];

  function rateAt(atMs: number, moved: number): number | undefined {
    samples.push({ atMs, moved });
    while (samples.length > 2 && atMs - (samples[1]?.atMs ?? atMs) >= WINDOW_MS) samples.shift();
    const [first] = samples;
    if (first === undefined || atMs <= first.atMs || moved <= first.moved) return undefined;
    return ((moved - first.moved) * 1000) / (atMs - first.atMs);
  }

  return {
    read: 0,
    transfers,
    at(place, { digest, mediaType, size }) {
      const key = `${place} ${digest}`;
      const found = known.get(key) ?? { digest, mediaType, size, moved: 0, action: undefined };
      if (!known.has(key)) transfers.push(found);
      known.set(key, found);
      return found;
    },
    total(nowMs) {
      const moving = transfers.filter(({ action }) => action === undefined || action === "copied");
      const size = moving.reduce((sum, each) => sum + each.size, 0);
      const moved = moving.reduce((sum, each) => sum + each.moved, 0);
      const rate = rateAt(nowMs, moved);
      return { size, moved, rate, left: rate === undefined ? undefined : (size - moved) / rate };
    },
  };
}
