/**
 * The compressor of the `libdeflate` package, called directly. `bin/libdeflate.ts` puts its WebAssembly here at build.
 *
 * The package's own functions take fresh memory for every block, and hang handlers on the process that would change how
 * every program around it fails. The compressor itself has none of that: it is a function of one block of memory.
 *
 * @module
 */

import { readFileSync } from "node:fs";

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  malloc(size: number): number;
  free(address: number): void;
  allocCompressor(level: number): number;
  freeCompressor(compressor: number): void;
  /** Bytes that it may take at most to write `size` bytes. */
  bound(compressor: number, size: number): number;
  deflate(compressor: number, input: number, inputSize: number, output: number, outputSize: number): number;
}

/** What the modules call their exports. */
const NAMES = {
  memory: "c",
  initialize: "d",
  allocCompressor: "e",
  deflate: "f",
  freeCompressor: "g",
  bound: "h",
  malloc: "n",
  free: "o",
} as const;

const PAGE = 65536;
/** Room for input that is taken at once, so that blocks of growing sizes do not take new memory each. */
const LEAST_ROOM = 1024 * 1024;

/** What Node has, and its type declarations lack. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
  validate(bytes: Uint8Array): boolean;
};

/**
 * Compresses a block to raw DEFLATE, with `before` bytes of room in front of it and `after` bytes behind it.
 *
 * @param level 1 (fast) to 12 (small).
 * @returns The room and what is between, valid until the next call.
 */
export type Deflate = (block: Uint8Array, level: number, room: { before: number; after: number }) => Uint8Array;

function instantiate(module: object): Exports {
  const grow = (size: number): number => {
    const missing = Math.ceil((size - exports.memory.buffer.byteLength) / PAGE);
    return missing <= 0 || exports.memory.grow(missing) >= 0 ? 1 : 0;
  };
  const copy = (to: number, from: number, size: number): void => {
    new Uint8Array(exports.memory.buffer).copyWithin(to, from, from + size);
  };
  const found = new WebAssembly.Instance(module, { a: { a: grow, b: copy } }).exports;
  const exports = Object.fromEntries(
    Object.entries(NAMES).map(([name, short]) => [name, found[short]]),
  ) as unknown as Exports & { readonly initialize: () => void };
  exports.initialize();
  return exports;
}

/** One compressor and two areas of memory, which are made anew when another level is asked for, or more room. */
function createDeflate(exports: Exports): Deflate {
  let current = { level: 0, compressor: 0 };
  let areas = { size: 0, input: 0, output: 0, outputSize: 0 };

  function compressorOf(level: number): number {
    if (current.level === level) return current.compressor;
    if (current.compressor !== 0) exports.freeCompressor(current.compressor);
    current = { level, compressor: exports.allocCompressor(level) };
    return current.compressor;
  }

  function reserve(compressor: number, size: number, around: number): void {
    if (exports.bound(compressor, size) + around <= areas.outputSize && size <= areas.size) return;
    exports.free(areas.input);
    exports.free(areas.output);
    const room = Math.max(LEAST_ROOM, size);
    const outputSize = exports.bound(compressor, room) + around;
    areas = { size: room, input: exports.malloc(room), output: exports.malloc(outputSize), outputSize };
    if (compressor === 0 || areas.input === 0 || areas.output === 0) throw new Error("No memory for libdeflate");
  }

  return (block, level, { before, after }) => {
    const compressor = compressorOf(level);
    const size = block.byteLength;
    reserve(compressor, size, before + after);
    const { input, output, outputSize } = areas;
    new Uint8Array(exports.memory.buffer, input, size).set(block);
    const written = exports.deflate(compressor, input, size, output + before, outputSize - before - after);
    if (written === 0) throw new Error("libdeflate wrote more than it said it would");
    return new Uint8Array(exports.memory.buffer, output, before + written + after);
  };
}

/**
 * Loads a compressor with memory of its own.
 *
 * @param vectors Use vector instructions, which give the same bytes in less time (where the machine has them).
 */
export function loadDeflate(vectors = true): Deflate {
  const read = (name: string) => readFileSync(new URL(name, import.meta.url));
  const fast = vectors ? read("./libdeflate-vectors.wasm") : undefined;
  const wasm = fast !== undefined && WebAssembly.validate(fast) ? fast : read("./libdeflate.wasm");
  return createDeflate(instantiate(new WebAssembly.Module(wasm)));
}
