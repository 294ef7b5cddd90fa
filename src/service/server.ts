/**
 * The embedded registry: the distribution API over stores.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ioError, LadingError } from "../errors.js";
import { isLoopbackHost } from "../http/host.js";
import { type Gate, OPEN_GATE } from "./access-request.js";
import { dispatch } from "./dispatch.js";
import { refusal, sendReply } from "./reply.js";
import type { Repositories } from "./repository.js";
import { createUploadSessions, type UploadSessions } from "./upload-session.js";

/** What the registry serves, and its limits. */
export interface RegistryServerOptions {
  readonly repositories: Repositories;
  /** Who may do what (everybody everything). */
  readonly gate?: Gate | undefined;
  /** Milliseconds that a connection may be silent during a request (120 000). */
  readonly idleTimeoutMs?: number | undefined;
  /** Milliseconds that `close` waits for requests under way (5 000). */
  readonly graceMs?: number | undefined;
  /** Told of errors that no client caused, such as a full disk (none). */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Where to listen. */
export interface Address {
  /** A loopback name or address (`127.0.0.1`). */
  readonly host?: string | undefined;
  /** 0 picks a free one (0). */
  readonly port?: number | undefined;
}

/** A registry that answers. */
export interface ListeningServer {
  /** `http://127.0.0.1:5000` */
  readonly url: string;
  readonly port: number;
  /** Takes no more requests, waits for those under way for a while, and ends every connection. */
  close(): Promise<void>;
}

export interface RegistryServer {
  /**
   * Starts to answer.
   *
   * @throws {LadingError} `UNSUPPORTED` for an address that other machines reach, since nobody has to log in; `IO` where the
   * address is taken or may not be used.
   */
  listen(address?: Address): Promise<ListeningServer>;
}

/** Creates a registry. It listens on this machine only, and answers only requests that name this machine as their host. */
export function createRegistryServer(options: RegistryServerOptions): RegistryServer {
  return {
    async listen({ host = "127.0.0.1", port = 0 } = {}) {
      const bare = host.replace(/^\[(.*)\]$/, "$1");
      if (!isLoopbackHost(bare)) throw beyondLoopback(host);
      await options.repositories.prepare?.();
      const sessions = createUploadSessions();
      const server = createServer((request, response) => void serve(options, sessions, request, response));
      // An upload takes as long as it takes; only silence ends it.
      server.requestTimeout = 0;
      server.timeout = options.idleTimeoutMs ?? 120_000;
      const address = await start(server, bare, port);
      const shown = address.family === "IPv6" ? `[${address.address}]` : address.address;
      return {
        url: `http://${shown}:${address.port}`,
        port: address.port,
        close: () => stop(server, options.graceMs ?? 5_000),
      };
    },
  };
}

async function serve(
  options: RegistryServerOptions,
  sessions: UploadSessions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  response.on("error", () => undefined);
  try {
    if (!isOwnHost(request.headers.host)) {
      await sendReply(request, response, refusal(403, "DENIED", "the Host header does not name this machine"));
      return;
    }
    const [path = "", query = ""] = (request.url ?? "").split(/\?(.*)/s);
    const { repositories, gate = OPEN_GATE } = options;
    const reply = await dispatch({
      repositories,
      gate,
      sessions,
      method: request.method ?? "",
      path,
      query: new URLSearchParams(query),
      headers: request.headers,
      // Left early, the request must stay: its connection carries the answer.
      body: request.iterator({ destroyOnReturn: false }),
      signal: gone.signal,
      report: (error) => options.onError?.(error),
    });
    await sendReply(request, response, reply);
  } catch (error) {
    if (!gone.signal.aborted) options.onError?.(error);
    response.destroy();
  }
}

/** A page in a browser may look up any name as 127.0.0.1; the name that it used stands in `Host`. */
function isOwnHost(host: string | undefined): boolean {
  return host !== undefined && URL.canParse(`http://${host}`) && isLoopbackHost(new URL(`http://${host}`).hostname);
}

async function start(server: Server, host: string, port: number): Promise<AddressInfo> {
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

async function stop(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection turns idle when its request is done, and would then live on as long as its client likes.
  const idle = setInterval(() => server.closeIdleConnections(), 20);
  const all = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearInterval(idle);
  clearTimeout(all);
}

function beyondLoopback(host: string): LadingError<"UNSUPPORTED"> {
  const message = `Cannot listen on "${host}": other machines reach it and nobody would have to log in, expected a loopback address; use 127.0.0.1`;
  return new LadingError("UNSUPPORTED", message, { what: "listening beyond loopback" });
}
