/**
 * One gzip member from one block, by the bundled `libdeflate`: the same bytes on every machine and every Node.
 *
 * Pure: the bytes depend on the block and the level alone, so any thread may make them. The 90 KB of WebAssembly are an ES
 * module, which a bundled CommonJS program can only load by `import()` before Node 20.19.
 *
 * ```text
 * offset length meaning
 *      0     10 1f 8b, method 8, no flags, mtime 0, no extra flags, operating system 255 (unknown)
 *     10      … raw DEFLATE
 *      …      4 CRC-32 of the block, least significant byte first
 *      …      4 size of the block modulo 2^32
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc1952#section-2.3
 * @module
 */

import { crc32 } from "node:zlib";

const HEADER = Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const TRAILER_LENGTH = 8;
const EVENTS = ["uncaughtException", "unhandledRejection"] as const;

type Deflate = (block: Uint8Array, level: number) => Uint8Array;

let loaded: Promise<Deflate> | undefined;

/**
 * The module makes its memory at the first call, and then hangs handlers on the process that would change how every program
 * around it fails. They go away again.
 */
async function load(): Promise<Deflate> {
  const { deflate } = await import("./libdeflate/index.js");
  const before = new Set(EVENTS.flatMap((event) => process.rawListeners(event)));
  deflate(new Uint8Array(0), 1);
  for (const event of EVENTS) {
    for (const listener of process.rawListeners(event)) {
      if (!before.has(listener)) process.removeListener(event, listener as () => void);
    }
  }
  return deflate;
}

/** Loads what makes a member of a block at a level, 1 (fast) to 12 (small). */
export async function loadGzipMember(): Promise<(block: Uint8Array, level: number) => Uint8Array> {
  loaded ??= load();
  const deflate = await loaded;
  return (block, level) => wrap(block, deflate(block, level));
}

function wrap(block: Uint8Array, body: Uint8Array): Uint8Array {
  const member = new Uint8Array(HEADER.length + body.length + TRAILER_LENGTH);
  member.set(HEADER);
  member.set(body, HEADER.length);
  const trailer = new DataView(member.buffer, HEADER.length + body.length);
  trailer.setUint32(0, crc32(block), true);
  trailer.setUint32(4, block.byteLength, true);
  return member;
}
