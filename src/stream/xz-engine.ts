/**
 * The WebAssembly decoder inside the `xz-decompress` package (xz-embedded), called directly.
 *
 * The package's own `XzReadableStream` decodes one stream at a time in a process, waits for ever when two are read in turns,
 * and does not notice an early end. The decoder itself has none of that: it is a function of one block of memory.
 *
 * ```text
 * context, in 32-bit words: 0 size of each buffer, 1 address of the input, 2 input read, 3 input given,
 *                           4 address of the output, 5 output written
 * ```
 *
 * @module
 */

import { createRequire } from "node:module";

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  create_context(): number;
  destroy_context(context: number): void;
  supply_input(context: number, size: number): void;
  get_next_output(context: number): number;
}

interface XzModule {
  readonly XzReadableStream: {
    /** Puts a new instance into `_moduleInstance`. */
    _getModuleInstance(): Promise<void>;
    _moduleInstance?: { readonly exports: Exports };
  };
}

/** What a step ended with; the numbers are xz-embedded's `enum xz_ret`. */
export const XZ_RESULT = {
  ok: 0,
  streamEnd: 1,
  memory: 3,
  memoryLimit: 4,
  format: 5,
  options: 6,
  data: 7,
  buffer: 8,
} as const;

export interface XzStep {
  /** One of {@link XZ_RESULT}. */
  readonly result: number;
  /** Bytes of the input that were used. */
  readonly consumed: number;
  /** A view of the decoder's memory, valid until the next step. */
  readonly output: Uint8Array;
}

/** A decoder of one content, of one stream or several. It takes dictionaries of up to 64 MiB, and checks CRC-32 and CRC-64. */
export interface XzEngine {
  /**
   * Decodes as much as fits the output. Call it again with the rest of the input, and with none as long as there is output.
   *
   * @param isEnd There is no more input than this, and it is empty: only then the end is an end.
   */
  step(input: Uint8Array, isEnd: boolean): XzStep;
  /** Bytes of all its memory, most of which is the dictionary; those that it has grown by are not used before the next step. */
  readonly memory: number;
  /** Gives the memory back. */
  close(): void;
}

/** Bytes of memory with which an idle decoder is kept: enough for the dictionary of 8 MiB that is usual. */
const KEPT_MEMORY = 16 * 1024 * 1024;
const KEPT_COUNT = 4;
const WORD = { size: 0, inputAt: 1, inputRead: 2, inputGiven: 3, outputAt: 4, outputWritten: 5 } as const;
const WORDS = 6;

const idle: Exports[] = [];

let last: Promise<unknown> = Promise.resolve();

/** A new instance: memory of its own, which goes away with it. WebAssembly memory never shrinks. */
async function createInstance(): Promise<Exports> {
  const require = createRequire(import.meta.url);
  const { XzReadableStream: holder } = require("xz-decompress") as XzModule;
  // One after another, since each new instance comes through the same property.
  const next = last.then(async () => {
    await holder._getModuleInstance();
    return holder._moduleInstance?.exports;
  });
  last = next.catch(() => undefined);
  const exports = await next;
  if (exports === undefined) throw new Error("The package xz-decompress is not the version that lading needs");
  return exports;
}

function stepOn(exports: Exports, context: number, input: Uint8Array, isEnd: boolean): XzStep {
  const words = () => new Uint32Array(exports.memory.buffer, context, WORDS);
  const before = words();
  const read = before[WORD.inputRead] ?? 0;
  const isEmpty = read === before[WORD.inputGiven];
  const given = isEmpty ? Math.min(before[WORD.size] ?? 0, input.byteLength) : 0;
  // The decoder takes a supply of nothing for the end of the content.
  if (given > 0 || (isEmpty && isEnd)) {
    new Uint8Array(exports.memory.buffer, before[WORD.inputAt], given).set(input.subarray(0, given));
    exports.supply_input(context, given);
  }
  const start = words()[WORD.inputRead] ?? 0;
  const result = exports.get_next_output(context);
  // The memory may have grown, which takes its old views away.
  const after = words();
  const output = new Uint8Array(exports.memory.buffer, after[WORD.outputAt], after[WORD.outputWritten]);
  after[WORD.outputWritten] = 0;
  return { result, consumed: (after[WORD.inputRead] ?? 0) - start, output };
}

/** Creates a decoder, or takes an idle one. */
export async function createXzEngine(): Promise<XzEngine> {
  const exports = idle.pop() ?? (await createInstance());
  const context = exports.create_context();
  return {
    step: (input, isEnd) => stepOn(exports, context, input, isEnd),
    get memory() {
      return exports.memory.buffer.byteLength;
    },
    close() {
      exports.destroy_context(context);
      if (exports.memory.buffer.byteLength <= KEPT_MEMORY && idle.length < KEPT_COUNT) idle.push(exports);
    },
  };
}
