/**
 * The binding under node:zlib's streams, called synchronously.
 *
 * Not a public interface of Node, though the same since Node 10 and what the `minizlib` package is built on. Everything is
 * looked at before it is used, so that a Node without it gets the public interface instead.
 *
 * @module
 */

/** What is needed of a stream of node:zlib. */
export interface ZlibStream {
  close(): void;
}

interface Handle {
  onerror: (message: string, errno: number, code: string) => void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputOffset: number,
    inputLength: number,
    output: Uint8Array,
    outputOffset: number,
    outputLength: number,
  ): void;
  reset(): void;
}

interface Internals extends ZlibStream {
  readonly _handle?: Handle;
  /** Bytes of the output that are free, bytes of the input that are left. */
  readonly _writeState?: Uint32Array;
}

/** A decoder that works while it is called. */
export interface Binding {
  /** Decodes from `input` into `output`; both counts in bytes. Throws an `Error` with the decoder's reason. */
  write(input: Uint8Array, output: Uint8Array): { readonly consumed: number; readonly produced: number };
  reset(): void;
  close(): void;
}

function isUsable(handle: Handle | undefined, state: Uint32Array | undefined): handle is Handle {
  return typeof handle?.writeSync === "function" && typeof handle.reset === "function" && state?.length === 2;
}

/**
 * Takes a fresh stream's binding over; gives none, and closes the stream, where it does not look as expected.
 *
 * @param flush The flush operation of every call, a constant of node:zlib.
 */
export function createBinding(stream: ZlibStream, flush: number): Binding | undefined {
  const { _handle: handle, _writeState: state } = stream as Internals;
  if (!isUsable(handle, state) || state === undefined) {
    stream.close();
    return undefined;
  }
  let failure: string | undefined;
  handle.onerror = (message) => {
    failure = message;
  };
  return {
    write(input, output) {
      handle.writeSync(flush, input, 0, input.byteLength, output, 0, output.byteLength);
      if (failure !== undefined) throw new Error(failure);
      const [free = 0, left = 0] = state;
      return { consumed: input.byteLength - left, produced: output.byteLength - free };
    },
    reset: () => handle.reset(),
    close: () => stream.close(),
  };
}
