/**
 * The second half of a header, which the headers of an archive mostly share: it is compared with the one before, four bytes
 * at a time, and what that one said holds on.
 *
 * @module
 */

/** Bytes of a header before its second half, a multiple of four; the magic starts one byte later. */
export const TAIL = 256;
const WORDS = 64;

/** A second half, and what is known of it. One object serves a whole scan. */
export interface Tail {
  /** Its bytes. */
  readonly words: Int32Array;
  /** Their sum. */
  sum: number;
  /** What stands before names; undefined until somebody reads it. */
  prefix: string | undefined;
  /** Were its device numbers read, and are they numbers? */
  hasDeviceNumbers: boolean;
}

/** The second half of a block of zeros. */
export function createTail(): Tail {
  return { words: new Int32Array(WORDS), sum: 0, prefix: undefined, hasDeviceNumbers: false };
}

/** Makes `tail` that of the header at `start`. It forgets what it knows when the bytes are others. */
export function takeTail(tail: Tail, view: DataView, start: number): void {
  const { words } = tail;
  let difference = 0;
  for (let index = 0, at = start + TAIL; index < WORDS; index += 4, at += 16) {
    difference |= view.getInt32(at, true) ^ (words[index] as number);
    difference |= view.getInt32(at + 4, true) ^ (words[index + 1] as number);
    difference |= view.getInt32(at + 8, true) ^ (words[index + 2] as number);
    difference |= view.getInt32(at + 12, true) ^ (words[index + 3] as number);
  }
  if (difference === 0) return;
  for (let index = 0; index < WORDS; index++) words[index] = view.getInt32(start + TAIL + index * 4, true);
  tail.sum = sumOfBytes(view, start + TAIL);
  tail.prefix = undefined;
  tail.hasDeviceNumbers = false;
}

/** The bytes of half a header, summed. Sums of the even and of the odd ones lie side by side in one number, 16 bits each. */
export function sumOfBytes(view: DataView, start: number): number {
  let sums = 0;
  for (let at = start; at < start + TAIL; at += 8) {
    const one = view.getInt32(at, true);
    const two = view.getInt32(at + 4, true);
    sums += (one & 0xff00ff) + ((one >>> 8) & 0xff00ff) + (two & 0xff00ff) + ((two >>> 8) & 0xff00ff);
  }
  return (sums & 0xffff) + (sums >>> 16);
}
