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

/** Two 32-bit words. */
export type HashKey = readonly [number, number];

/** A key that nobody knows. */
export function randomKey(): HashKey {
  const bytes = randomBytes(8);
  return [bytes.readInt32LE(0), bytes.readInt32LE(4)];
}

const PROCESS_KEY = randomKey();

/** Words of a slot: three of hash, and the number, which is 0 where the slot is free. Signed ones are never boxed. */
const SLOT = 4;
/** Slots of a page, and how many of them are used before it is split. */
const PAGE_SLOTS = 1024;
const PAGE_FULL = (PAGE_SLOTS / 8) * 7;
/** Paths in one table: about 350 MiB of memory. No file system image comes near. */
const MAX_PATHS = 12_000_000;

/** Slots for the paths whose hash begins with the same bits. */
interface Page {
  readonly slots: Int32Array<ArrayBuffer>;
  used: number;
  /** How many bits those are. */
  depth: number;
}

/** Pages of closed tables, and how many are kept: 4 MiB. A table has no more than that of pages with memory of their own. */
const FREE: Page["slots"][] = [];
const MAX_FREE = 256;
/**
 * Pages of the pieces of memory that a larger table takes: 48 MiB, of which only what is used becomes real. The C library gives
 * so large a piece back whole, whereas single pages would leave holes.
 */
const PIECE_PAGES = 3072;
const PAGE_BYTES = PAGE_SLOTS * SLOT * Int32Array.BYTES_PER_ELEMENT;

function newPage(table: Omit<HashTable, "pages">, depth: number): Page {
  return { slots: newSlots(table), used: 0, depth };
}

function newSlots(table: Omit<HashTable, "pages">): Page["slots"] {
  const { pieces } = table;
  if (table.pageCount++ < MAX_FREE) return FREE.pop()?.fill(0) ?? new Int32Array(PAGE_SLOTS * SLOT);
  const at = (table.pageCount - 1 - MAX_FREE) % PIECE_PAGES;
  if (at === 0) pieces.push(new ArrayBuffer(PIECE_PAGES * PAGE_BYTES));
  return new Int32Array(pieces.at(-1) as ArrayBuffer, at * PAGE_BYTES, PAGE_SLOTS * SLOT);
}

/** Numbers by three words of hash, which may be signed. */
export interface HashTable {
  pages: Page[];
  /** Bits of the hash that are the index of a page. */
  depth: number;
  /** Count of hashes. */
  size: number;
  /** Count of different pages. */
  pageCount: number;
  /** Memory of pages that have none of their own. */
  readonly pieces: ArrayBuffer[];
}

/**
 * An empty table.
 *
 * It grows page by page (extendible hashing), so that it is never copied whole and leaves nothing for the collector.
 */
export function createHashTable(): HashTable {
  const table = { depth: 0, size: 0, pageCount: 0, pieces: [] };
  return Object.assign(table, { pages: [newPage(table, 0)] });
}

function pageOf({ pages, depth }: HashTable, word: number): Page {
  return pages[depth === 0 ? 0 : word >>> (32 - depth)] as Page;
}

/** The number kept for a hash; 0 where there is none. */
export function hashNumber(table: HashTable, first: number, second: number, third: number): number {
  const { slots } = pageOf(table, first);
  return (slots[findSlot(slots, first, second, third) + 3] as number) >>> 0;
}

/**
 * Keeps `value` (1 to 2^32 - 1) for a hash.
 *
 * @throws {LadingError} `TOO_LARGE` beyond twelve million hashes.
 */
export function setHashNumber(table: HashTable, first: number, second: number, third: number, value: number): void {
  let page = pageOf(table, first);
  let slot = findSlot(page.slots, first, second, third);
  if (page.slots[slot + 3] === 0) {
    if (table.size >= MAX_PATHS) throw tooLarge("the count of paths", MAX_PATHS, table.size + 1);
    while (page.used >= PAGE_FULL) {
      split(table, page);
      page = pageOf(table, first);
      slot = findSlot(page.slots, first, second, third);
    }
    table.size++;
    page.used++;
    page.slots[slot] = first;
    page.slots[slot + 1] = second;
    page.slots[slot + 2] = third;
  }
  page.slots[slot + 3] = value;
}

/** Makes room in a full page: half of its paths, told by one more bit, get a page of their own. */
function split(table: HashTable, page: Page): void {
  if (page.depth === table.depth) {
    table.pages = table.pages.flatMap((each) => [each, each]);
    table.depth++;
  }
  const first = table.pages.indexOf(page);
  const half = 2 ** (table.depth - page.depth - 1);
  page.depth++;
  const other = newPage(table, page.depth);
  table.pages.fill(other, first + half, first + 2 * half);
  moveSlots(page, other);
}

/** Gives the memory back at once, but for what the next table takes over. Nothing is there any more. */
export function closeTable(table: HashTable): void {
  const single = [...new Set(table.pages)]
    .map((page) => page.slots)
    .filter(({ buffer }) => buffer.byteLength === PAGE_BYTES);
  FREE.push(...single.splice(0, MAX_FREE - FREE.length));
  const buffers = [...single.map(({ buffer }) => buffer), ...table.pieces.splice(0)];
  // Only where there is much of it: after the first time, the engine looks at every access whether the memory is still there.
  if (buffers.length > 0) releaseMemory(buffers);
  table.depth = 0;
  table.size = 0;
  table.pageCount = 0;
  table.pages = [newPage(table, 0)];
}

/** Numbers by path. */
export interface PathTable {
  readonly numbers: HashTable;
  /** Of the path that was asked for last: a number is mostly kept right after it was looked for. */
  readonly hash: Int32Array;
  last: string | undefined;
}

/** An empty table of paths. */
export function createPathTable(): PathTable {
  return { numbers: createHashTable(), hash: new Int32Array(3), last: undefined };
}

/** The number kept for `path`; 0 where there is none. */
export function pathNumber(table: PathTable, path: string): number {
  const { hash } = table;
  if (path !== table.last) takePath(table, path);
  return hashNumber(table.numbers, hash[0] as number, hash[1] as number, hash[2] as number);
}

/** Keeps `value` (1 to 2^32 - 1) for `path`. Throws as {@link setHashNumber}. */
export function setPathNumber(table: PathTable, path: string, value: number): void {
  const { hash } = table;
  if (path !== table.last) takePath(table, path);
  setHashNumber(table.numbers, hash[0] as number, hash[1] as number, hash[2] as number, value);
}

function takePath(table: PathTable, path: string): void {
  hashPath(path, PROCESS_KEY, table.hash);
  table.last = path;
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
function findSlot(slots: Int32Array, first: number, second: number, third: number): number {
  const mask = slots.length - 1;
  const a = first | 0;
  const b = second | 0;
  const c = third | 0;
  let slot = (b * SLOT) & mask;
  while (slots[slot + 3] !== 0 && !(slots[slot] === a && slots[slot + 1] === b && slots[slot + 2] === c)) {
    slot = (slot + SLOT) & mask;
  }
  return slot;
}

/** A page that is being parted. */
const PARTED = new Int32Array(PAGE_SLOTS * SLOT);

/** Moves the paths whose hash has the page's last bit to the other page, and puts those that stay where they belong now. */
function moveSlots(page: Page, other: Page): void {
  const before = PARTED;
  before.set(page.slots);
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

/**
 * HalfSipHash-2-4 of a string of one-byte characters. The first two words are its 64-bit form; the third is what four more
 * rounds give, in the way in which SipHash's own long form goes on.
 */
export function hashPath(path: string, key: HashKey, into: Int32Array): void {
  const k0 = key[0];
  const k1 = key[1];
  let v0 = k0;
  let v1 = k1 ^ 0xee;
  let v2 = k0 ^ 0x6c796765;
  let v3 = k1 ^ 0x74656462;
  const last = path.length >>> 2;
  // One loop for the words of the path and for those of the hash, so that the state stays in registers.
  for (let step = 0; step <= last + 3; step++) {
    const word = step < last ? wordAt(path, step * 4) : step === last ? lastWord(path) : 0;
    if (step === last + 1) v2 ^= 0xee;
    else if (step === last + 2) v1 ^= 0xdd;
    else if (step === last + 3) v3 ^= 0xbb;
    v3 ^= word;
    for (let rounds = step <= last ? 2 : 4; rounds > 0; rounds--) {
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
    v0 ^= word;
    if (step > last) into[step - last - 1] = v1 ^ v3;
  }
}

function wordAt(path: string, at: number): number {
  const low = path.charCodeAt(at) | (path.charCodeAt(at + 1) << 8);
  return low | (path.charCodeAt(at + 2) << 16) | (path.charCodeAt(at + 3) << 24);
}

/** What is left of the path, and its length. */
function lastWord(path: string): number {
  let word = path.length << 24;
  for (let at = path.length & ~3, shift = 0; at < path.length; at++, shift += 8) word |= path.charCodeAt(at) << shift;
  return word;
}
