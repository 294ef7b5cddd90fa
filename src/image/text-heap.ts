/**
 * Very many short texts in little memory: their bytes, one after the other.
 *
 * @module
 */

export interface TextHeap {
  /** Keeps a text of one-byte characters; gives what `get` takes beside its length. */
  add(text: string): number;
  get(at: number, length: number): string;
}

const CHUNK_SIZE = 64 * 1024;

/** An empty heap. */
export function createTextHeap(): TextHeap {
  const chunks: Buffer[] = [];
  let free = 0;
  return {
    add(text) {
      const last = chunks.at(-1);
      if (last === undefined || free + text.length > last.length) {
        // A text that is larger than a chunk has one to itself.
        chunks.push(Buffer.alloc(Math.max(CHUNK_SIZE, text.length)));
        free = 0;
      }
      chunks.at(-1)?.write(text, free, "latin1");
      const at = (chunks.length - 1) * CHUNK_SIZE + free;
      free += text.length;
      return at;
    },
    get: (at, length) => {
      const start = at % CHUNK_SIZE;
      return (chunks[Math.floor(at / CHUNK_SIZE)] as Buffer).toString("latin1", start, start + length);
    },
  };
}
