/**
 * The embedded registry: the distribution API over stores.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { isLoopbackHost } from "../http/host.js";
import { type Gate, OPEN_GATE } from "./access-request.js";
import { dispatch } from "./dispatch.js";
import { checkReach, createServer, start, stop, type TlsFiles } from "./listen.js";
import { type Reply, refusal, sendReply } from "./reply.js";
import type { Repositories } from "./repository.js";
import { createUploadSessions, type UploadSessions } from "./upload-session.js";

/** What the registry serves, and its limits. */
export interface RegistryServerOptions {
  readonly repositories: Repositories;
  /** Who may do what (everybody everything). */
  readonly gate?: Gate | undefined;
  /** Serves HTTPS with it (HTTP). */
  readonly tls?: TlsFiles | undefined;
  /** Listens where other machines reach it, even without `gate` or `tls` (false). */
  readonly insecureListen?: boolean | undefined;
  /** Milliseconds that a connection may be silent during a request (120 000). */
  readonly idleTimeoutMs?: number | undefined;
  /** Milliseconds that `close` waits for requests under way (5 000). */
  readonly graceMs?: number | undefined;
  /** Told of errors that no client caused, such as a full disk (none). */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Where to listen. */
export interface Address {
  /** A name or address; one that other machines reach needs `gate` and `tls` (`127.0.0.1`). */
  readonly host?: string | undefined;
  /** 0 picks a free one (0). */
  readonly port?: number | undefined;
}

/** A registry that answers. */
export interface ListeningServer {
  /** `http://127.0.0.1:5000`, or `https:` */
  readonly url: string;
  readonly port: number;
  /** Takes no more requests, waits for those under way for a while, and ends every connection. */
  close(): Promise<void>;
}

export interface RegistryServer {
  /**
   * Starts to answer.
   *
   * @throws {LadingError} `UNSUPPORTED` for an address that other machines reach, unless there are `gate` and `tls` or it is
   * allowed expressly; `FORMAT` where the certificate is none; `IO` where the address is taken or may not be used.
   */
  listen(address?: Address): Promise<ListeningServer>;
}

/**
 * Creates a registry. On a loopback address, without TLS and without users, it answers only requests that name this machine
 * as their host, since a page in a browser may look up any name as 127.0.0.1.
 */
export function createRegistryServer(options: RegistryServerOptions): RegistryServer {
  return {
    async listen({ host = "127.0.0.1", port = 0 } = {}) {
      const bare = host.replace(/^\[(.*)\]$/, "$1");
      const { tls, gate, idleTimeoutMs = 120_000 } = options;
      if (options.insecureListen !== true) checkReach(bare, { tls: tls !== undefined, gate: gate !== undefined });
      const sessions = createUploadSessions();
      const needsLocalHost = isLoopbackHost(bare) && tls === undefined && gate === undefined;
      const answer = (request: IncomingMessage, response: ServerResponse) =>
        void serve({ ...options, sessions, needsLocalHost }, request, response);
      const server = createServer(answer, { tls, idleTimeoutMs });
      await options.repositories.prepare?.();
      const address = await start(server, bare, port);
      const shown = address.family === "IPv6" ? `[${address.address}]` : address.address;
      return {
        url: `${tls === undefined ? "http" : "https"}://${shown}:${address.port}`,
        port: address.port,
        close: () => stop(server, options.graceMs ?? 5_000),
      };
    },
  };
}

interface Serving extends RegistryServerOptions {
  readonly sessions: UploadSessions;
  /** Nothing but the `Host` header shows that a request does not come from a page on the network. */
  readonly needsLocalHost: boolean;
}

async function serve(options: Serving, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  response.on("error", () => undefined);
  try {
    const refused = refuseSender(request, options.needsLocalHost);
    if (refused !== undefined) {
      await sendReply(request, response, refused);
      return;
    }
    const [path = "", query = ""] = (request.url ?? "").split(/\?(.*)/s);
    const { repositories, sessions, gate = OPEN_GATE } = options;
    const reply = await dispatch({
      repositories,
      gate,
      sessions,
      method: request.method ?? "",
      path,
      query: new URLSearchParams(query),
      headers: request.headers,
      origin: originOf(request),
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

/** What is wrong with where a request comes from. */
function refuseSender({ headers, headersDistinct }: IncomingMessage, needsLocalHost: boolean): Reply | undefined {
  // RFC 9112, section 3.2: who stands between may have gone by the other one.
  if ((headersDistinct.host?.length ?? 0) > 1) return refusal(400, "UNSUPPORTED", "there are several Host headers");
  if (!needsLocalHost) return undefined;
  if (!isOwnHost(headers.host)) return refusal(403, "DENIED", "the Host header does not name this machine");
  // A page may send some requests to any address without asking first; clients of registries are no pages.
  const isPage = headers.origin !== undefined && headers.origin !== `http://${headers.host}`;
  return isPage ? refusal(403, "DENIED", "the request comes from a page of another origin") : undefined;
}

/** The registry as the client names it, or by its address where the client names none. */
function originOf({ socket, headers }: IncomingMessage): string {
  const scheme = "encrypted" in socket ? "https" : "http";
  const named = `${scheme}://${headers.host}`;
  // It is repeated inside of quotes.
  if (/^[A-Za-z0-9._:[\]-]+$/.test(headers.host ?? "") && URL.canParse(named)) return new URL(named).origin;
  const { localAddress = "", localPort } = socket;
  return `${scheme}://${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${localPort}`;
}

function isOwnHost(host: string | undefined): boolean {
  return host !== undefined && URL.canParse(`http://${host}`) && isLoopbackHost(new URL(`http://${host}`).hostname);
}
