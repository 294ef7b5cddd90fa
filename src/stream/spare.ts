/**
 * Buffers that are used again, for what is read many times in a row.
 *
 * The collector lets some 20 MiB of them lie on each thread before it looks, and the C library seldom gives that back.
 *
 * @module
 */

/** Buffers of one size that nobody uses at present. */
export interface Spares {
  /** One of them, or a new one; what it holds means nothing. */
  take(): Buffer;
  /** Nobody uses it any more, nor any view of it. */
  give(buffer: Buffer): void;
}

/** More than are in use at once on one thread, as a rule. */
const MOST = 2;

/** Creates a thread's spares of `size` bytes each. */
export function createSpares(size: number): Spares {
  const spares: Buffer[] = [];
  return {
    take: () => spares.pop() ?? Buffer.allocUnsafeSlow(size),
    give(buffer) {
      if (spares.length < MOST && !spares.includes(buffer)) spares.push(buffer);
    },
  };
}
