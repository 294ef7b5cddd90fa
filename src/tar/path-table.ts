/**
 * A number for each of very many paths, without keeping the paths.
 *
 * A path is kept as 96 bits of HalfSipHash-2-4 under a key that is new in every process, so nobody can prepare paths that
 * collide, and among a million honest ones a collision has odds of 1 in 10^17: less than that of a wrong byte from memory.
 * That is why a hit may be acted on, even by dropping an entry. With its number a path takes 16 bytes in pages that are at
 * most seven eighths full: about 25 MiB for a million paths. A `Map` of strings takes over four times as much.
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
  /** Gives the memory back at once. Nothing is there any more. */
  close(): void;
}

/** Two 32-bit words. */
export type HashKey = readonly [number, number];

/** A key that nobody knows. */
export function randomKey(): HashKey {
  const bytes = randomBytes(8);
  return [bytes.readInt32LE(0), bytes.readInt32LE(4)];
}

const PROCESS_KEY = randomKey();

/** Words of a slot: three of hash, and the number, which is 0 where the slot is free. */
const SLOT = 4;
/** Slots of a page, and how many of them are used before it is split. */
const PAGE_SLOTS = 1024;
const PAGE_FULL = (PAGE_SLOTS / 8) * 7;
/** Paths in one table: about 350 MiB of memory. No file system image comes near. */
const MAX_PATHS = 12_000_000;

/** Slots for the paths whose hash begins with the same bits. */
interface Page {
  readonly slots: Uint32Array<ArrayBuffer>;
  used: number;
  /** How many bits those are. */
  depth: number;
}

const newPage = (depth: number): Page => ({ slots: new Uint32Array(PAGE_SLOTS * SLOT), used: 0, depth });

/** Finds and keeps numbers by three words of hash, which may be signed. */
export interface HashTable {
  /** The number kept for a hash; 0 where there is none. */
  get(first: number, second: number, third: number): number;
  /** Keeps `value` (1 to 2^32 - 1) for a hash. */
  set(first: number, second: number, third: number, value: number): void;
  /** Count of hashes. */
  readonly size: number;
  /** Gives the memory back at once. Nothing is there any more. */
  close(): void;
}

/**
 * An empty table.
 *
 * It grows page by page (extendible hashing), so that it is never copied whole and leaves nothing for the collector.
 *
 * `set()` throws {@link LadingError} `TOO_LARGE` beyond twelve million hashes.
 */
export function createHashTable(): HashTable {
  let pages = [newPage(0)];
  /** Bits of the hash that are the index of a page. */
  let depth = 0;
  let size = 0;

  const pageOf = (word: number) => pages[depth === 0 ? 0 : word >>> (32 - depth)] as Page;
  /** Makes room in a full page: half of its paths, told by one more bit, get a page of their own. */
  const split = (page: Page): void => {
    if (page.depth === depth) {
      pages = pages.flatMap((each) => [each, each]);
      depth++;
    }
    const first = pages.indexOf(page);
    const half = 2 ** (depth - page.depth - 1);
    page.depth++;
    const other = newPage(page.depth);
    pages.fill(other, first + half, first + 2 * half);
    moveSlots(page, other);
  };
  return {
    get size() {
      return size;
    },
    get(first, second, third) {
      const { slots } = pageOf(first);
      return slots[findSlot(slots, first, second, third) + 3] as number;
    },
    set(first, second, third, value) {
      let page = pageOf(first);
      let slot = findSlot(page.slots, first, second, third);
      if (page.slots[slot + 3] === 0) {
        if (size >= MAX_PATHS) throw tooLarge("the count of paths", MAX_PATHS, size + 1);
        while (page.used >= PAGE_FULL) {
          split(page);
          page = pageOf(first);
          slot = findSlot(page.slots, first, second, third);
        }
        size++;
        page.used++;
        page.slots[slot] = first;
        page.slots[slot + 1] = second;
        page.slots[slot + 2] = third;
      }
      page.slots[slot + 3] = value;
    },
    close() {
      releaseMemory([...new Set(pages)].map(({ slots }) => slots.buffer));
      pages = [newPage(0)];
      depth = 0;
      size = 0;
    },
  };
}

/** An empty table of paths. `set()` throws {@link LadingError} `TOO_LARGE` beyond twelve million paths. */
export function createPathTable(): PathTable {
  const table = createHashTable();
  const hash = new Int32Array(3);
  let last: string | undefined;
  const find = (path: string): void => {
    // set() comes right after get() of the same path.
    if (path === last) return;
    hashPath(path, PROCESS_KEY, hash);
    last = path;
  };
  return {
    get size() {
      return table.size;
    },
    get(path) {
      find(path);
      return table.get(hash[0] as number, hash[1] as number, hash[2] as number);
    },
    set(path, value) {
      find(path);
      table.set(hash[0] as number, hash[1] as number, hash[2] as number, value);
    },
    close: table.close,
  };
}

type Buffers = readonly (ArrayBuffer & { transfer?(size: number): unknown })[];

/**
 * Frees memory that the collector would let lie until there is much more of it. Newer Nodes can give it back at once; in older
 * ones it is moved to where nobody holds it, and goes with the next short-lived objects.
 */
export function releaseMemory(buffers: Buffers): void {
  if (buffers[0]?.transfer === undefined) structuredClone(buffers, { transfer: [...buffers] });
  else for (const buffer of buffers) buffer.transfer?.(0);
}

/** The index of the slot that holds the hash, or of the free one where it belongs. The first word chose the page. */
function findSlot(slots: Uint32Array, first: number, second: number, third: number): number {
  const mask = slots.length - 1;
  const a = first >>> 0;
  const b = second >>> 0;
  const c = third >>> 0;
  let slot = (b * SLOT) & mask;
  while (slots[slot + 3] !== 0 && !(slots[slot] === a && slots[slot + 1] === b && slots[slot + 2] === c)) {
    slot = (slot + SLOT) & mask;
  }
  return slot;
}

/** Moves the paths whose hash has the page's last bit to the other page, and puts those that stay where they belong now. */
function moveSlots(page: Page, other: Page): void {
  const before = page.slots.slice();
  const bit = 32 - page.depth;
  page.slots.fill(0);
  page.used = 0;
  for (let from = 0; from < before.length; from += SLOT) {
    if (before[from + 3] === 0) continue;
    const first = before[from] as number;
    const to = ((first >>> bit) & 1) === 1 ? other : page;
    const slot = findSlot(to.slots, first, before[from + 1] as number, before[from + 2] as number);
    for (let word = 0; word < SLOT; word++) to.slots[slot + word] = before[from + word] as number;
    to.used++;
  }
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
