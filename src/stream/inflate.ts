/**
 * Raw DEFLATE, decoded piece by piece.
 *
 * The fast engine calls the binding under node:zlib synchronously with one output buffer. That is twice as fast as
 * `createInflateRaw()` and takes a fixed amount of memory, but it is no public interface of Node: it is probed once, and the
 * public stream is taken where it looks different. Both give the same bytes and see the same end.
 *
 * @see https://www.rfc-editor.org/rfc/rfc1951
 * @module
 */

import { constants, createInflateRaw, deflateRawSync } from "node:zlib";
import { createSpares } from "./spare.js";
import { createBinding } from "./zlib-binding.js";

/** What one step did. */
export interface InflateStep {
  /** Bytes of the input that were used. */
  readonly consumed: number;
  /** Valid until the next step. */
  readonly output: Uint8Array;
  /** The final block is complete; what is left of the input is not part of it. */
  readonly ended: boolean;
}

/** A decoder of one DEFLATE stream after another. */
export interface Inflater {
  /**
   * Decodes as much of `input` as fits one output buffer. Call it again with the rest of the input, and with none as long as
   * the output comes full. Throws an `Error` with zlib's reason when the bytes are not DEFLATE.
   */
  step(input: Uint8Array): InflateStep | Promise<InflateStep>;
  /** Starts over with a new stream. */
  reset(): void;
  /**
   * Gives the engine's memory back.
   *
   * @param isDone Nobody uses the last output any more (no).
   */
  close(isDone?: boolean): void;
}

/** Bytes of the fast engine's output buffer: the size at which calls cost little and the cache still holds it. */
const OUTPUT_SIZE = 256 * 1024;
/** Bytes of input per step of the public stream, whose output for one step is kept whole: at most 16 MiB. */
const SLICE_SIZE = 16 * 1024;
const NOTHING = new Uint8Array(0);
const outputs = createSpares(OUTPUT_SIZE);

const createEngine = () => createInflateRaw({ chunkSize: constants.Z_MIN_CHUNK });

/** Creates an inflater on the binding, or none where Node's looks different. */
export function createBindingInflater(): Inflater | undefined {
  const binding = createBinding(createEngine(), constants.Z_NO_FLUSH);
  if (binding === undefined) return undefined;
  const buffer = outputs.take();
  return {
    step(input) {
      const { consumed, produced } = binding.write(input, buffer);
      // zlib stops short of both buffers' ends only at the end of its stream.
      const ended = input.byteLength > 0 && consumed < input.byteLength && produced < OUTPUT_SIZE;
      return { consumed, output: buffer.subarray(0, produced), ended };
    },
    reset: binding.reset,
    close(isDone = false) {
      binding.close();
      if (isDone) outputs.give(buffer);
    },
  };
}

type PublicEngine = ReturnType<typeof createInflateRaw>;

function feed(engine: PublicEngine, input: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error | null) => {
      engine.off("end", settle);
      engine.off("error", settle);
      if (error) reject(error);
      else resolve();
    };
    engine.on("end", settle);
    engine.on("error", settle);
    engine.write(input, settle);
  });
}

/** Creates an inflater on Node's public interface alone. */
export function createStreamInflater(): Inflater {
  let output: Uint8Array[] = [];
  let ended = false;
  const start = () => {
    const engine = createInflateRaw();
    ended = false;
    output = [];
    engine.on("data", (chunk: Uint8Array) => output.push(chunk));
    engine.on("end", () => {
      ended = true;
    });
    return engine;
  };
  let engine = start();
  return {
    async step(input) {
      const before = engine.bytesWritten;
      if (input.byteLength > 0 && !ended) await feed(engine, input.subarray(0, SLICE_SIZE));
      const consumed = engine.bytesWritten - before;
      const chunks = output;
      output = [];
      return { consumed, output: chunks.length === 1 ? (chunks[0] ?? NOTHING) : Buffer.concat(chunks), ended };
    },
    reset() {
      engine.destroy();
      engine = start();
    },
    close: () => void engine.destroy(),
  };
}

let bindingWorks: boolean | undefined;
/** One that nobody uses: making an engine takes longer than inflating a small file. */
let spare: Inflater | undefined;

/** An inflater that is kept for the next one when it is closed, unless something went wrong with it. */
function recycled(inflater: Inflater): Inflater {
  let state: "whole" | "failed" | "closed" = "whole";
  return {
    step(input) {
      try {
        return inflater.step(input);
      } catch (error) {
        state = "failed";
        throw error;
      }
    },
    reset: inflater.reset,
    close() {
      if (state === "closed") return;
      const isKept = state === "whole" && spare === undefined;
      state = "closed";
      if (!isKept) return inflater.close();
      inflater.reset();
      spare = inflater;
    },
  };
}

/** Does the binding do what {@link createBindingInflater} relies on? Tried once on a small stream with bytes after it. */
function probe(): boolean {
  const inflater = createBindingInflater();
  try {
    const input = Buffer.concat([deflateRawSync(Buffer.from("lading")), Buffer.from("rest")]);
    const step = inflater?.step(input);
    if (step === undefined || step instanceof Promise) return false;
    return step.ended && step.consumed === input.length - 4 && Buffer.from(step.output).toString() === "lading";
  } catch {
    return false;
  } finally {
    inflater?.close();
  }
}

/** Creates the fastest inflater that works here. */
export function createInflater(): Inflater {
  bindingWorks ??= probe();
  const made = spare ?? (bindingWorks ? createBindingInflater() : undefined);
  spare = undefined;
  return made === undefined ? createStreamInflater() : recycled(made);
}
