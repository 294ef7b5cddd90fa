/**
 * The compressed parts of a list of files while it grows: the first ones in memory, more in a file that has no name.
 *
 * @module
 */

import { gunzipSync } from "node:zlib";
import { createBindingInflater } from "../stream/inflate.js";
import type { OpenScratch, ScratchFile } from "../stream/spool.js";

/** Gzip members in their order. */
export interface ListMembers {
  add(member: Uint8Array): void;
  readonly count: number;
  /** All members, each valid until the next one. */
  read(): Generator<Uint8Array>;
  /** The same, inflated. */
  inflated(): Generator<Buffer>;
  /** Gives file and memory back. */
  close(): void;
}

/** Bytes of members that are kept in memory: lists of some ten thousand files. */
const MOST_KEPT = 1024 * 1024;
/** Bytes of the header of members that lading makes. */
const HEADER = 10;

/**
 * Begins with none. Where no file can be had all are kept in memory.
 *
 * @param room Bytes that an inflated member has at most.
 */
export function createListMembers(room: number, openScratch?: OpenScratch): ListMembers {
  const kept: Uint8Array[] = [];
  const inFile: number[] = [];
  let scratch: ScratchFile | undefined;
  let size = 0;
  function* read(): Generator<Uint8Array> {
    yield* kept;
    if (scratch === undefined) return;
    const member = Buffer.allocUnsafeSlow(Math.max(...inFile));
    let position = 0;
    for (const length of inFile) {
      if (scratch.read(member.subarray(0, length), position) < length)
        throw new Error("A scratch file has become shorter");
      yield member.subarray(0, length);
      position += length;
    }
  }
  return {
    add(member) {
      size += member.byteLength;
      if (openScratch === undefined || size <= MOST_KEPT) {
        kept.push(Uint8Array.from(member));
        return;
      }
      scratch ??= openScratch();
      scratch.write(member);
      inFile.push(member.byteLength);
    },
    get count() {
      return kept.length + inFile.length;
    },
    read,
    *inflated() {
      const { inflate, close } = createInflate(room);
      try {
        for (const member of read()) yield inflate(member);
      } finally {
        close();
      }
    },
    close() {
      scratch?.close();
      scratch = undefined;
      kept.length = 0;
      inFile.length = 0;
    },
  };
}

/** Inflates members into one buffer, where Node lets it. */
function createInflate(room: number): { inflate(member: Uint8Array): Buffer; close(): void } {
  const inflater = createBindingInflater();
  if (inflater === undefined) return { inflate: gunzipSync, close: () => {} };
  const buffer = Buffer.allocUnsafeSlow(room);
  return {
    inflate(member) {
      inflater.reset();
      let filled = 0;
      for (let rest = member.subarray(HEADER), ended = false; !ended; ) {
        const step = inflater.step(rest);
        if (step instanceof Promise) throw new Error("A binding answered later");
        buffer.set(step.output, filled);
        filled += step.output.byteLength;
        rest = rest.subarray(step.consumed);
        ended = step.ended;
      }
      return buffer.subarray(0, filled);
    },
    close: () => inflater.close(true),
  };
}
