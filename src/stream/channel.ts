/**
 * A hand-over point between a producer that pushes and a consumer that pulls.
 *
 * @module
 */

import type { ByteStream } from "./bytes.js";

/** What the producer holds. Nothing is buffered: a push ends when the consumer is done with the chunk. */
export interface Channel {
  /** Read once. */
  readonly stream: ByteStream;
  /** Gives a chunk. Resolves when the consumer asked for the next one or stopped; true while it still listens. */
  push(chunk: Uint8Array): Promise<boolean>;
  /** No more chunks will come. */
  end(): void;
  /** Makes the consumer's read throw. */
  fail(error: unknown): void;
  /** The consumer is gone, perhaps before it read anything: every push ends, and is false. */
  close(): void;
}

type Message = { readonly chunk: Uint8Array } | { readonly error: unknown } | "end";

/** Creates a channel for one producer and one consumer. */
export function createChannel(): Channel {
  let offer: Message | undefined;
  let wakeConsumer: (() => void) | undefined;
  let wakeProducer: (() => void) | undefined;
  let listening = true;

  function give(message: Message): void {
    if (offer !== undefined && typeof offer === "object" && "error" in offer) return;
    offer = message;
    wakeConsumer?.();
  }

  function close(): void {
    listening = false;
    wakeProducer?.();
  }

  async function* stream(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        if (offer === undefined) await new Promise<void>((resolve) => (wakeConsumer = resolve));
        const message = offer;
        offer = undefined;
        if (message === undefined) continue;
        if (message === "end") return;
        if ("error" in message) throw message.error;
        yield message.chunk;
        wakeProducer?.();
      }
    } finally {
      close();
    }
  }

  return {
    stream: stream(),
    async push(chunk) {
      if (!listening) return false;
      const taken = new Promise<void>((resolve) => (wakeProducer = resolve));
      give({ chunk });
      await taken;
      return listening;
    },
    end: () => give("end"),
    fail: (error) => give({ error }),
    close,
  };
}
