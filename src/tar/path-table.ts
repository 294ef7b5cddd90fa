/**
 * A number for each of very many paths, without keeping the paths.
 *
 * A path is kept as 96 bits of HalfSipHash-2-4 under a key that is new in every process, so nobody can prepare paths that
 * collide, and among a million honest ones a collision has odds of 1 in 10^17: less than that of a wrong byte from memory.
 * That is why a hit may be acted on, even by dropping an entry. With its number a path takes 16 bytes in a table that is at
 * most three quarters full: 32 MiB for a million paths. A `Map` of strings takes over four times as much.
 *
 * @see https://github.com/veorq/SipHash
 * @module
 */

import { randomBytes } from "node:crypto";
import { tooLarge } from "./refusal.js";

/** Finds and keeps numbers by path. */
export interface PathTable {
  /** The number kept for `path`; 0 where there is none. */
  get(path: string): number;
  /** Keeps `value` (1 to 2^32 - 1) for `path`. */
  set(path: string, value: number): void;
  /** Count of paths. */
  readonly size: number;
}

/** Two 32-bit words. */
export type HashKey = readonly [number, number];

/** A key that nobody knows. */
export function randomKey(): HashKey {
  const bytes = randomBytes(8);
  return [bytes.readInt32LE(0), bytes.readInt32LE(4)];
}

const PROCESS_KEY = randomKey();

const WORDS_PER_SLOT = 4;
const FIRST_SLOTS = 256;
/** Paths in one table: 256 MiB of memory. No file system image comes near. */
const MAX_SLOTS = 2 ** 24;

/**
 * An empty table.
 *
 * `set()` throws {@link LadingError} `TOO_LARGE` beyond twelve million paths.
 */
export function createPathTable(): PathTable {
  let slots = new Uint32Array(FIRST_SLOTS * WORDS_PER_SLOT);
  let size = 0;
  let last: string | undefined;
  const hash = new Int32Array(3);

  const find = (path: string): number => {
    // set() comes right after get() of the same path.
    if (path !== last) {
      hashPath(path, PROCESS_KEY, hash);
      last = path;
    }
    return findSlot(slots, hash[0] as number, hash[1] as number, hash[2] as number);
  };
  return {
    get size() {
      return size;
    },
    get: (path) => slots[find(path) + 3] as number,
    set(path, value) {
      let slot = find(path);
      if (slots[slot + 3] === 0) {
        if ((size + 1) * 4 > (slots.length / WORDS_PER_SLOT) * 3) {
          slots = grow(slots);
          slot = find(path);
        }
        size++;
        for (let word = 0; word < 3; word++) slots[slot + word] = hash[word] as number;
      }
      slots[slot + 3] = value;
    },
  };
}

/** The index of the slot that holds the hash, or of the free one where it belongs. A slot whose number is 0 is free. */
function findSlot(slots: Uint32Array, first: number, second: number, third: number): number {
  const mask = slots.length - 1;
  const a = first >>> 0;
  const b = second >>> 0;
  const c = third >>> 0;
  let slot = (a * WORDS_PER_SLOT) & mask;
  while (slots[slot + 3] !== 0 && !(slots[slot] === a && slots[slot + 1] === b && slots[slot + 2] === c)) {
    slot = (slot + WORDS_PER_SLOT) & mask;
  }
  return slot;
}

function grow(slots: Uint32Array): Uint32Array<ArrayBuffer> {
  const count = (slots.length / WORDS_PER_SLOT) * 2;
  if (count > MAX_SLOTS) throw tooLarge("the count of paths", (MAX_SLOTS / 4) * 3, (MAX_SLOTS / 4) * 3 + 1);
  const next = new Uint32Array(count * WORDS_PER_SLOT);
  for (let from = 0; from < slots.length; from += WORDS_PER_SLOT) {
    if (slots[from + 3] === 0) continue;
    const to = findSlot(next, slots[from] as number, slots[from + 1] as number, slots[from + 2] as number);
    for (let word = 0; word < WORDS_PER_SLOT; word++) next[to + word] = slots[from + word] as number;
  }
  return next;
}

/** HalfSipHash's state; one is enough, since hashing is synchronous. */
const state = new Int32Array(4);

/**
 * HalfSipHash-2-4 of a string of one-byte characters. The first two words are its 64-bit form; the third is what four more
 * rounds give, in the way in which SipHash's own long form goes on.
 */
export function hashPath(path: string, [k0, k1]: HashKey, into: Int32Array): void {
  state[0] = k0;
  state[1] = k1 ^ 0xee;
  state[2] = k0 ^ 0x6c796765;
  state[3] = k1 ^ 0x74656462;
  const length = path.length;
  const whole = length & ~3;
  for (let at = 0; at < whole; at += 4) {
    compress(
      path.charCodeAt(at) |
        (path.charCodeAt(at + 1) << 8) |
        (path.charCodeAt(at + 2) << 16) |
        (path.charCodeAt(at + 3) << 24),
    );
  }
  let tail = length << 24;
  for (let at = whole; at < length; at++) tail |= path.charCodeAt(at) << ((at - whole) * 8);
  compress(tail);
  state[2] = (state[2] as number) ^ 0xee;
  into[0] = finalWord();
  state[1] = (state[1] as number) ^ 0xdd;
  into[1] = finalWord();
  state[3] = (state[3] as number) ^ 0xbb;
  into[2] = finalWord();
}

function compress(word: number): void {
  state[3] = (state[3] as number) ^ word;
  mix(2);
  state[0] = (state[0] as number) ^ word;
}

function finalWord(): number {
  mix(4);
  return (state[1] as number) ^ (state[3] as number);
}

function mix(rounds: number): void {
  let v0 = state[0] as number;
  let v1 = state[1] as number;
  let v2 = state[2] as number;
  let v3 = state[3] as number;
  for (let round = 0; round < rounds; round++) {
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  state[0] = v0;
  state[1] = v1;
  state[2] = v2;
  state[3] = v3;
}
