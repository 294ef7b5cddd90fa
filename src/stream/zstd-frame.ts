/**
 * One zstd frame from one block, by the pinned native binding: its zstd is the same on every Node.
 *
 * @module
 */

import { createRequire } from "node:module";
import { LadingError } from "../errors.js";

interface Encoder {
  encodeSync(data: Buffer): Buffer;
}

type EncoderConstructor = new (level: number) => Encoder;

function loadBinding(): EncoderConstructor {
  try {
    const require = createRequire(import.meta.url);
    return (require("@toondepauw/node-zstd") as { readonly Encoder: EncoderConstructor }).Encoder;
  } catch (cause) {
    const what = `zstd on ${process.platform}-${process.arch}`;
    const message = `Cannot compress with zstd: there is no native module for ${what.slice(8)}; use gzip`;
    throw new LadingError("UNSUPPORTED", message, { what }, { cause });
  }
}

/** Blocks after which {@link release} has the collector run. */
const COLLECT_EVERY = 4;
/** Bytes that no C library takes from memory that was used before, so that they cost nothing while nobody touches them. */
const UNTOUCHED = 40 * 1024 * 1024;

let blocks = 0;

/**
 * The binding makes a buffer for each frame, of which V8 lets some 64 MiB lie, on each thread, before it collects. Newer
 * Nodes can give one back; older ones collect when they see that much memory asked for.
 */
function release(frame: Buffer): void {
  const buffer = frame.buffer as ArrayBuffer & { transfer?(size: number): unknown };
  if (buffer.transfer !== undefined) buffer.transfer(0);
  else if (++blocks % COLLECT_EVERY === 0) new ArrayBuffer(UNTOUCHED);
}

/**
 * Creates what compresses blocks. Pure: the bytes depend on the block and the level alone. They are valid until its next
 * call, and their memory is free again once the thread has heard its events.
 *
 * @param level 1 (fast) to 22 (small).
 * @throws {LadingError} `UNSUPPORTED` where the native module does not exist for this platform or was not installed.
 */
export function createZstdEncoder(level: number): (block: Uint8Array) => Uint8Array {
  const Binding = loadBinding();
  const encoder = new Binding(level);
  let last: Buffer | undefined;
  return (block) => {
    if (last !== undefined) release(last);
    last = encoder.encodeSync(Buffer.from(block.buffer, block.byteOffset, block.byteLength));
    return last;
  };
}
