/**
 * Compressing a block as a job that any thread can do: it reads and writes memory that threads share.
 *
 * @module
 */

import { BLOCK_SIZE, type BlockCompression, type BlockEncoder } from "./block.js";

/** Incompressible blocks become a little larger: by 1/256 at most. */
const SLOT_SIZE = 2 * BLOCK_SIZE + 64 * 1024;

/** Memory for a block, and for what it becomes: the same bytes for every thread. */
export type BlockSlot = SharedArrayBuffer;

export interface BlockJob {
  readonly slot: BlockSlot;
  /** Bytes of the block. */
  readonly size: number;
  readonly type: BlockCompression;
  readonly level?: number | undefined;
}

export function createBlockSlot(): BlockSlot {
  return new SharedArrayBuffer(SLOT_SIZE);
}

/** Where a block stands in its slot. */
export function blockIn(slot: BlockSlot, size: number): Uint8Array {
  return new Uint8Array(slot, 0, size);
}

/** Where the compressed block stands. */
export function compressedIn(slot: BlockSlot, size: number): Uint8Array {
  return new Uint8Array(slot, BLOCK_SIZE, size);
}

/** Does the job. Gives the count of compressed bytes. */
export function runBlockJob({ slot, size }: BlockJob, encode: BlockEncoder): number {
  const compressed = encode(blockIn(slot, size));
  compressedIn(slot, compressed.byteLength).set(compressed);
  return compressed.byteLength;
}
