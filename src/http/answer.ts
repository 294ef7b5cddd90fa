/**
 * What came back, as lading reads it.
 *
 * @module
 */

import type { Dispatcher } from "undici";
import type { ByteStream } from "../stream/bytes.js";
import { stalledError } from "./failure.js";
import type { HttpResponse } from "./message.js";

/** Bytes that have to come in each idle time: an answer that trickles is as dead as one that stands still (64 KiB). */
const LEAST = 65_536;

/** Milliseconds that little content may take to go by, before its connection is given up instead (1000). */
const DISCARD_MS = 1000;

/** How the content of an answer is read. */
export interface ReadingOptions {
  /** Milliseconds in which the next 64 KiB, or the end, have to come. */
  readonly idleTimeoutMs: number;
  /** What an error of the connection becomes. */
  readonly asFailure: (error: unknown) => unknown;
}

export function responseOf(url: URL, answer: Dispatcher.ResponseData, reading: ReadingOptions): HttpResponse {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
  }
  // A body that nobody reads any more may still fail: that is not news.
  answer.body.on("error", () => undefined);
  return {
    status: answer.statusCode,
    headers,
    url,
    body: contentOf(url, answer.body, reading),
    discard: async () => {
      const signal = AbortSignal.timeout(DISCARD_MS);
      await answer.body.dump({ limit: LEAST, signal }).catch(() => undefined);
    },
  };
}

/** Counts only the time in which the reader waits: a reader may be as slow as it likes. */
async function* contentOf(url: URL, body: AsyncIterable<Uint8Array>, reading: ReadingOptions): ByteStream {
  let [came, waitedMs, since] = [0, 0, performance.now()];
  try {
    for await (const chunk of body) {
      came += chunk.byteLength;
      waitedMs += performance.now() - since;
      if (came >= LEAST) [came, waitedMs] = [0, 0];
      else if (waitedMs > reading.idleTimeoutMs) throw stalledError(url);
      yield chunk;
      since = performance.now();
    }
  } catch (error) {
    throw reading.asFailure(error);
  }
}
