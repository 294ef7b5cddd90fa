/**
 * Bytes that have to wait until others are written: few of them in memory, more in a file that has no name.
 *
 * @module
 */

/** A file that is there as long as it is open. Its functions throw what the file system says. */
export interface ScratchFile {
  /** Appends. */
  write(bytes: Uint8Array): void;
  /** Fills `into` from a place in bytes; gives the count of bytes, fewer only at the end. */
  read(into: Uint8Array, position: number): number;
  close(): void;
}

/** Opens a scratch file beside what is being written. */
export type OpenScratch = () => ScratchFile;

export interface Spool {
  append(bytes: Uint8Array): void;
  /** Bytes so far. */
  readonly size: number;
  /** All bytes in their order, in chunks that are valid until the next one. */
  read(): Generator<Uint8Array>;
  /** Gives file and memory back. */
  close(): void;
}

/** Bytes that are gathered before they are written, and read at once. */
const CHUNK = 256 * 1024;

/** An empty spool. Where no file can be had all is kept in memory. */
export function createSpool(openScratch?: OpenScratch): Spool {
  let kept: Uint8Array[] = [];
  let file: ScratchFile | undefined;
  let inFile = 0;
  let gathered = Buffer.allocUnsafeSlow(CHUNK);
  let filled = 0;
  const flush = (): void => {
    const bytes = gathered.subarray(0, filled);
    if (openScratch === undefined) kept.push(Uint8Array.from(bytes));
    else {
      file ??= openScratch();
      file.write(bytes);
    }
    inFile += filled;
    filled = 0;
  };
  function* readFile(scratch: ScratchFile): Generator<Uint8Array> {
    const chunk = Buffer.allocUnsafeSlow(CHUNK);
    for (let at = 0; at < inFile; ) {
      const count = scratch.read(chunk.subarray(0, Math.min(CHUNK, inFile - at)), at);
      if (count === 0) throw new Error("A scratch file has become shorter");
      yield chunk.subarray(0, count);
      at += count;
    }
  }
  return {
    append(bytes) {
      for (let at = 0; at < bytes.byteLength; ) {
        if (filled === CHUNK) flush();
        const part = bytes.subarray(at, at + CHUNK - filled);
        gathered.set(part, filled);
        filled += part.byteLength;
        at += part.byteLength;
      }
    },
    get size() {
      return inFile + filled;
    },
    *read() {
      yield* kept;
      if (file !== undefined) yield* readFile(file);
      if (filled > 0) yield gathered.subarray(0, filled);
    },
    close() {
      file?.close();
      file = undefined;
      kept = [];
      gathered = Buffer.alloc(0);
      inFile = 0;
      filled = 0;
    },
  };
}
