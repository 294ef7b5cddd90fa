/**
 * Numbers that look random and come again with their seed, and what is done to bytes and texts with them.
 *
 * @module
 */

/** A source of numbers. */
export interface Random {
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
  /** One of a list. */
  pick<T>(items: readonly T[]): T;
  /** True once in so many. */
  once(times: number): boolean;
}

/** Mulberry32: 32 bits of state are enough to find mistakes. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const below = (limit: number) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, limit);
  };
  return {
    below,
    pick: <T>(items: readonly T[]) => items[below(items.length)] as T,
    once: (times) => below(times) === 0,
  };
}

/** Bytes that parsers trip over. */
const ODD = [0, 1, 0x20, 0x2e, 0x2f, 0x30, 0x37, 0x7f, 0x80, 0xff];

function mutateOnce(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  const length = random.once(3) ? random.below(bytes.length - at + 1) : random.below(16);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (random.below(7)) {
    case 0:
      return before;
    case 1:
      return Buffer.concat([before, after.subarray(length)]);
    case 2:
      return Buffer.concat([before, after.subarray(0, length), after]);
    case 3:
      return Buffer.concat([before, Buffer.alloc(length, random.pick(ODD)), after]);
    default: {
      const copy = Buffer.from(bytes);
      if (at < copy.length) copy[at] = random.once(2) ? random.pick(ODD) : (copy[at] ?? 0) ^ (1 << random.below(8));
      return copy;
    }
  }
}

/** The bytes with a few places changed, doubled, left out or cut off. */
export function mutateBytes(random: Random, bytes: Uint8Array): Buffer {
  let result: Buffer = Buffer.from(bytes);
  if (random.once(20)) return result;
  for (let turn = random.below(4); turn >= 0; turn--) result = mutateOnce(random, result);
  return result;
}

const TOKEN = /[A-Za-z0-9_]+|\s+|[^A-Za-z0-9_\s]/g;

/** The text with words exchanged for others of it or of `words`, doubled, left out; and now and then with bytes changed. */
export function mutateText(random: Random, text: string, words: readonly string[]): string {
  const tokens = text.match(TOKEN) ?? [];
  if (random.once(20)) return text;
  for (let turn = random.below(5); turn >= 0; turn--) {
    const at = random.below(tokens.length);
    const length = random.once(4) ? random.below(8) : 1;
    if (random.once(3)) tokens.splice(at, length);
    else if (random.once(2))
      tokens.splice(at, random.below(2), random.once(2) ? random.pick(words) : random.pick(tokens));
    else tokens.splice(at, 0, ...tokens.slice(at, at + length));
  }
  const result = tokens.join("");
  return random.once(5) ? mutateBytes(random, Buffer.from(result)).toString() : result;
}
