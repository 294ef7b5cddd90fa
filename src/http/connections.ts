/**
 * Connections: the parts of undici that lading needs.
 *
 * @module
 */

import { setMaxListeners } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Dispatcher } from "undici";
import request from "undici/lib/api/api-request.js";
import { createRoutes, type RouteOptions, SOCKET_BUFFER } from "./routes.js";

export interface ConnectionLimits extends RouteOptions {
  /** Milliseconds from the last byte sent to the answer's headers. */
  readonly headersTimeoutMs: number;
  /** Milliseconds between two pieces of an answer's content. */
  readonly idleTimeoutMs: number;
}

/** A request as it goes out, once. */
export interface Outgoing {
  readonly url: URL;
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Record<string, string>;
  readonly body: AsyncIterable<Uint8Array> | null;
  readonly signal: AbortSignal | null;
  /** Milliseconds more that the answer's headers may take. */
  readonly patienceMs: number;
}

export interface Connections {
  /** Throws undici's own errors, and those of the body. */
  send(request: Outgoing): Promise<Dispatcher.ResponseData>;
  /** The origins that have answered. */
  readonly answered: ReadonlySet<string>;
  close(): Promise<void>;
}

/**
 * A body as sockets want it, which keep a chunk until it is sent. One that fills the socket is sent before the next is asked
 * for, and so is valid for long enough; a smaller one is copied.
 */
async function* filling(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) yield chunk.byteLength < SOCKET_BUFFER ? Buffer.from(chunk) : chunk;
}

/** Opens none yet: each is made when it is needed, and kept for a while. */
export function createConnections(limits: ConnectionLimits): Connections {
  const routes = createRoutes(limits);
  const answered = new Set<string>();
  return {
    answered,
    send: async ({ url, method, headers, body, signal, patienceMs }) => {
      // One signal may stop any number of requests: Node would take more than ten for a leak, and print a warning.
      if (signal !== null) setMaxListeners(Infinity, signal);
      // A connection is free for the next request a turn after the end of its last answer.
      await nextTurn();
      const answer = await request.call(await routes.find(url), {
        origin: url.origin,
        path: url.pathname + url.search,
        method,
        headers,
        body: body === null ? null : filling(body),
        signal,
        headersTimeout: limits.headersTimeoutMs + patienceMs,
        bodyTimeout: limits.idleTimeoutMs,
        // Else each HEAD ends its connection, for fear of servers that answer it with content.
        reset: false,
      });
      answered.add(url.origin);
      return answer;
    },
    close: async () => await routes.close(),
  };
}
