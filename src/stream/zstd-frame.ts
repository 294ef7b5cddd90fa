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

const encoders = new Map<number, Encoder>();

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

/**
 * Compresses one block. Pure: the bytes depend on the block and the level alone.
 *
 * @param level 1 (fast) to 22 (small).
 * @throws {LadingError} `UNSUPPORTED` where the native module does not exist for this platform or was not installed.
 */
export function zstdFrame(block: Uint8Array, level: number): Uint8Array {
  let encoder = encoders.get(level);
  if (encoder === undefined) {
    const Binding = loadBinding();
    encoder = new Binding(level);
    encoders.set(level, encoder);
  }
  return encoder.encodeSync(Buffer.from(block.buffer, block.byteOffset, block.byteLength));
}
