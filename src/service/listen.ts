/**
 * Where the registry listens, and what that takes.
 *
 * @module
 */

import { createServer as createPlainServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { createSecureContext } from "node:tls";
import { ioError, LadingError } from "../errors.js";
import { isLoopbackHost } from "../http/host.js";

/** A certificate and its key, in PEM. */
export interface TlsFiles {
  /** The server's certificate, and after it those that lead to its authority. */
  readonly cert: string | Uint8Array;
  /** Without passphrase. */
  readonly key: string | Uint8Array;
}

/** Milliseconds that a connection may wait for its next request. Clients keep theirs for up to 90 seconds. */
const KEEP_ALIVE_MS = 95_000;

/**
 * A server for HTTP, or for HTTPS with a certificate.
 *
 * A connection is ended when it has been silent for `idleTimeoutMs`, but not while an answer is being made: hashing a large
 * blob again is silent, too.
 *
 * @throws {LadingError} `FORMAT` where certificate and key cannot be read or do not belong together.
 */
export function createServer(
  answer: RequestListener,
  { tls, idleTimeoutMs }: { readonly tls?: TlsFiles | undefined; readonly idleTimeoutMs: number },
): Server {
  const server = tls === undefined ? createPlainServer() : createTlsServer(checkTls(tls));
  const working = new WeakMap<Socket, IncomingMessage>();
  server.on("request", (request, response) => {
    const { socket } = request;
    working.set(socket, request);
    response.on("close", () => {
      if (working.get(socket) === request) working.delete(socket);
    });
    answer(request, response);
  });
  // An upload takes as long as it takes; only silence ends it.
  server.requestTimeout = 0;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.timeout = idleTimeoutMs;
  server.on("timeout", (socket: Socket) => {
    // All of the request is here, so the client waits for us.
    const isAnswering = working.get(socket)?.complete === true && socket.writableLength === 0;
    if (!isAnswering) socket.destroy();
  });
  return server;
}

function checkTls(tls: TlsFiles): { cert: Buffer; key: Buffer; minVersion: "TLSv1.2" } {
  const files = { cert: Buffer.from(tls.cert), key: Buffer.from(tls.key), minVersion: "TLSv1.2" } as const;
  try {
    createSecureContext(files);
    return files;
  } catch (error) {
    const why = (error as { reason?: string }).reason ?? (error as Error).message;
    const message = `Cannot use the certificate and its key: ${why}, expected a PEM certificate and the key that belongs to it, without passphrase`;
    throw new LadingError("FORMAT", message, { wanted: "certificate and key", found: why }, { cause: error });
  }
}

/**
 * Refuses an address that other machines reach, unless they need to log in and are told so privately.
 *
 * @throws {LadingError} `UNSUPPORTED`
 */
export function checkReach(host: string, has: { readonly tls: boolean; readonly gate: boolean }): void {
  if (isLoopbackHost(host) || (has.tls && has.gate)) return;
  const why = has.gate
    ? "passwords and content would cross the network in the clear"
    : "nobody would have to log in, so all of them could read, write and delete";
  const message = `Cannot listen on "${host}": other machines reach it and ${why}, expected a loopback address, or users and TLS; use 127.0.0.1, or allow it by --insecure-listen (insecureListen)`;
  throw new LadingError("UNSUPPORTED", message, { what: "listening beyond loopback" });
}

/** Starts to listen; `IO` where the address is taken or may not be used. */
export async function start(server: Server, host: string, port: number): Promise<AddressInfo> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (error) {
    throw ioError(error, "listen on", `${host}:${port}`);
  }
  return server.address() as AddressInfo;
}

/** Takes no more requests, waits that long for those under way, and ends every connection. */
export async function stop(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection turns idle when its request is done, and would then live on as long as its client likes.
  const idle = setInterval(() => server.closeIdleConnections(), 20);
  const all = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(idle);
  clearTimeout(all);
}
