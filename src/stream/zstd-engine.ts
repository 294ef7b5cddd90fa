/**
 * The two decoders of zstd frames: Node's own where it has one, else `fzstd`.
 *
 * @module
 */

import * as zlib from "node:zlib";
import { Decompress } from "fzstd";
import { createXxh64 } from "./xxh64.js";
import { createBinding, type ZlibStream } from "./zlib-binding.js";
import { hasEndlessWeights } from "./zstd-weights.js";

/** Decodes one frame after another. Each function throws an `Error` with a reason when the bytes are broken. */
export interface ZstdEngine {
  /** Starts a frame. `header` is all of its header; the engine may keep no view of it. */
  start(header: Uint8Array): void;
  /** Decodes one block: its 3 bytes of header, then its body. Outputs are valid until the next one is asked for. */
  decode(blockHeader: Uint8Array, body: Uint8Array): Iterable<Uint8Array>;
  /** Ends a frame; `checksum` is its 4 bytes, or none. */
  finish(checksum: Uint8Array): Iterable<Uint8Array>;
  close(): void;
}

const OUTPUT_SIZE = 256 * 1024;
const DESCRIPTOR_OFFSET = 4;
const CHECKSUM_FLAG = 4;
const NOTHING = new Uint8Array(0);

type ZstdConstructor = new (options: { readonly chunkSize: number }) => ZlibStream;

/** Creates an engine on node:zlib (Node 22.15 and later), called like its inflate, or none where there is none. */
export function createNodeZstdEngine(): ZstdEngine | undefined {
  const { ZstdDecompress, constants } = zlib as unknown as {
    readonly ZstdDecompress?: ZstdConstructor;
    readonly constants: { readonly ZSTD_e_continue?: number };
  };
  if (ZstdDecompress === undefined) return undefined;
  const binding = createBinding(new ZstdDecompress({ chunkSize: 64 }), constants.ZSTD_e_continue ?? 0);
  if (binding === undefined) return undefined;
  const buffer = new Uint8Array(OUTPUT_SIZE);
  function* write(input: Uint8Array): Generator<Uint8Array> {
    for (let rest = input, produced = OUTPUT_SIZE; rest.byteLength > 0 || produced === OUTPUT_SIZE; ) {
      const step = binding?.write(rest, buffer) ?? { consumed: 0, produced: 0 };
      if (step.consumed === 0 && step.produced === 0 && rest.byteLength > 0)
        throw new Error("the decoder stopped early");
      rest = rest.subarray(step.consumed);
      produced = step.produced;
      if (produced > 0) yield buffer.subarray(0, produced);
    }
  }
  return {
    start(header) {
      for (const output of write(header)) throw new Error(`a frame header gave ${output.byteLength} bytes`);
    },
    *decode(blockHeader, body) {
      yield* write(blockHeader);
      yield* write(body);
    },
    finish: write,
    close: binding.close,
  };
}

/** Creates an engine on `fzstd`. It verifies no checksums itself, so that is done here. */
export function createScriptZstdEngine(): ZstdEngine {
  let output: Uint8Array[] = [];
  let hash = createXxh64();
  let decoder = new Decompress();
  function* flush(): Generator<Uint8Array> {
    const ready = output;
    output = [];
    for (const chunk of ready) {
      hash.update(chunk);
      yield chunk;
    }
  }
  return {
    start(header) {
      const copy = Uint8Array.from(header);
      // The decoder would skip the checksum only after it has come; without the flag it ends with the last block.
      copy[DESCRIPTOR_OFFSET] = (copy[DESCRIPTOR_OFFSET] ?? 0) & ~CHECKSUM_FLAG;
      hash = createXxh64();
      decoder = new Decompress((chunk) => {
        if (chunk.byteLength > 0) output.push(chunk);
      });
      decoder.push(copy);
    },
    *decode(blockHeader, body) {
      const isCompressed = ((blockHeader[0] ?? 0) & 6) === 4;
      if (isCompressed && hasEndlessWeights(body)) throw new Error("a Huffman tree has no end");
      // The decoder keeps views of what it cannot decode yet.
      decoder.push(Buffer.concat([blockHeader, body]));
      yield* flush();
    },
    *finish(checksum) {
      decoder.push(NOTHING, true);
      yield* flush();
      if (checksum.byteLength === 0) return;
      const expected = new DataView(checksum.buffer, checksum.byteOffset, 4).getUint32(0, true);
      if (Number(hash.end() & 0xffffffffn) !== expected) throw new Error("its checksum (XXH64) does not match");
    },
    close() {
      output = [];
      decoder = new Decompress();
    },
  };
}

/** Creates the best engine that there is here. */
export function createZstdEngine(): ZstdEngine {
  return createNodeZstdEngine() ?? createScriptZstdEngine();
}
