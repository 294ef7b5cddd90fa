/**
 * What a header shares with the one before: most headers of an archive differ in name, size and checksum only. The rest is
 * compared four bytes at a time, and what was read from it, its sum among that, holds on.
 *
 * @module
 */

/** Mode and owner of a header. */
export interface HeaderOwner {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * The header that was read last, and what is known of it; undefined is what nobody has read yet. One object serves a whole
 * scan.
 */
export interface Memory {
  /** Its bytes; those of the name, the size and the checksum are never filled in. */
  readonly words: Int32Array;
  ownerSum: number;
  owner: HeaderOwner | undefined;
  timeSum: number;
  mtime: number | undefined;
  /** The sum of what follows the checksum. */
  restSum: number;
  /** What stands before names. */
  prefix: string | undefined;
  /** Were its device numbers read, and are they numbers? */
  hasDeviceNumbers: boolean;
}

/** Words of a header, four bytes each: where a part starts, and where what follows it does. */
const NAME_END = 25;
const OWNER_END = 31;
const SIZE_END = 34;
const TIME_END = 37;
const REST = 39;
const WORDS = 128;

/** The memory of a block of zeros. */
export function createMemory(): Memory {
  return {
    words: new Int32Array(WORDS),
    ownerSum: 0,
    owner: undefined,
    timeSum: 0,
    mtime: undefined,
    restSum: 0,
    prefix: undefined,
    hasDeviceNumbers: false,
  };
}

/** Makes `memory` that of the header at `start`, and gives the sum of all its bytes but the checksum's. */
export function takeHeader(memory: Memory, view: DataView, start: number): number {
  const { words } = memory;
  if (isOther(words, view, start, NAME_END, OWNER_END)) {
    memory.ownerSum = remember(words, view, start, NAME_END, OWNER_END);
    memory.owner = undefined;
  }
  if (isOther(words, view, start, SIZE_END, TIME_END)) {
    memory.timeSum = remember(words, view, start, SIZE_END, TIME_END);
    memory.mtime = undefined;
  }
  if (isOther(words, view, start, REST, WORDS)) {
    memory.restSum = remember(words, view, start, REST, WORDS);
    memory.prefix = undefined;
    memory.hasDeviceNumbers = false;
  }
  const others = sumOfBytes(view, start, 0, NAME_END) + sumOfBytes(view, start, OWNER_END, SIZE_END);
  return others + memory.ownerSum + memory.timeSum + memory.restSum;
}

function isOther(words: Int32Array, view: DataView, start: number, from: number, to: number): boolean {
  let difference = 0;
  let index = from;
  for (; index < to - 3; index += 4) {
    const at = start + index * 4;
    difference |= view.getInt32(at, true) ^ (words[index] as number);
    difference |= view.getInt32(at + 4, true) ^ (words[index + 1] as number);
    difference |= view.getInt32(at + 8, true) ^ (words[index + 2] as number);
    difference |= view.getInt32(at + 12, true) ^ (words[index + 3] as number);
  }
  for (; index < to; index++) difference |= view.getInt32(start + index * 4, true) ^ (words[index] as number);
  return difference !== 0;
}

/** Gives the sum of the bytes. */
function remember(words: Int32Array, view: DataView, start: number, from: number, to: number): number {
  for (let index = from; index < to; index++) words[index] = view.getInt32(start + index * 4, true);
  return sumOfBytes(view, start, from, to);
}

/** Sums of the even and of the odd bytes lie side by side in one number, 16 bits each. */
function sumOfBytes(view: DataView, start: number, from: number, to: number): number {
  let sums = 0;
  for (let index = from; index < to; index++) {
    const word = view.getInt32(start + index * 4, true);
    sums += (word & 0xff00ff) + ((word >>> 8) & 0xff00ff);
  }
  return (sums & 0xffff) + (sums >>> 16);
}
