/**
 * A server on this machine that answers as a test says, however wrong.
 *
 * @module
 */

import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import type { TestContext } from "./suite.js";

export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export interface HostileServer {
  /** `http://127.0.0.1:PORT`, or `https` */
  readonly url: string;
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Every request so far, whole. */
  readonly seen: readonly SeenRequest[];
}

export type Answer = (request: SeenRequest, response: ServerResponse, count: number) => unknown;

export interface HostileOptions {
  /** Answer before the request's content was read (false). */
  readonly early?: boolean;
  /** Speaks TLS. */
  readonly tls?: ServerOptions;
}

/** Starts a server until the test ends. `answer` gets the request, the response to fill, and how many came before. */
export async function startHostileServer(
  context: TestContext,
  answer: Answer,
  { early = false, tls }: HostileOptions = {},
): Promise<HostileServer> {
  const seen: SeenRequest[] = [];
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      if (!early) for await (const chunk of request) chunks.push(chunk);
    } catch {
      return;
    }
    const { method = "", url: path = "", headers } = request;
    const one = { method, path, headers, body: Buffer.concat(chunks) };
    seen.push(one);
    await answer(one, response, seen.length - 1);
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.on("clientError", (_error, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.defer(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, seen };
}

/** Ends a response with a status, headers and a text. */
export function reply(response: ServerResponse, status: number, headers: Record<string, string> = {}, body = ""): void {
  response.writeHead(status, headers).end(body);
}
