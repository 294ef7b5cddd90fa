/**
 * The one HTTP client.
 *
 * @module
 */

import { isLadingError } from "../errors.js";
import type { ByteStream } from "../stream/bytes.js";
import { responseOf } from "./answer.js";
import type { Connections } from "./connections.js";
import { failureCode, isPassingFailure, networkError, refusedProxy, refusedRequest } from "./failure.js";
import { isLoopbackHost } from "./host.js";
import type { HttpRequest, HttpResponse, RequestBody } from "./message.js";
import { type Environment, hasProxies, proxyFor } from "./proxy.js";
import { isRedirect, REDIRECT_LIMIT, redirectRequest } from "./redirect.js";
import { isIdempotent, isRetryableStatus, parseRetryAfter, retryDelayMs, wait } from "./retry.js";

/** The way to registries: proxies and certificates. */
export interface NetworkOptions {
  /**
   * The environment, whose `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`, `SSL_CERT_DIR`, `XDG_CONFIG_HOME` and
   * `HOME` say where to go and whom to trust. Without it no proxy is used, and no certificate looked for.
   */
  readonly env?: Environment | undefined;
  /** Files of PEM certificates of authorities that are trusted beside Node's (none). */
  readonly cacert?: readonly string[] | undefined;
}

/** Limits of the client; each has a default. */
export interface HttpClientOptions extends NetworkOptions {
  /** Allows plain http to hosts that are not this machine (false). */
  readonly insecure?: boolean | undefined;
  /** Milliseconds until a connection stands (10 000). */
  readonly connectTimeoutMs?: number | undefined;
  /** Milliseconds from the last byte sent to the answer's headers (30 000); a request may ask for more. */
  readonly headersTimeoutMs?: number | undefined;
  /** Milliseconds in which the next 64 KiB of an answer's content, or its end, have to come (30 000). */
  readonly idleTimeoutMs?: number | undefined;
  /** Tries of one request, the first among them (4). A try that ended in a timeout is repeated once at most. */
  readonly attempts?: number | undefined;
  /** Milliseconds before the second try (500); each later wait is three times as long. */
  readonly baseDelayMs?: number | undefined;
  /** Milliseconds that no wait exceeds, whatever `Retry-After` says (30 000). */
  readonly maxDelayMs?: number | undefined;
  /** Connections to one host, each made when it is needed (64). */
  readonly connections?: number | undefined;
  /** (`lading`) */
  readonly userAgent?: string | undefined;
}

export interface HttpClient {
  /**
   * Sends a request and gives the final answer, whatever its status: redirects are followed (10 at most), and an answer of
   * 408, 429, 500, 502, 503 or 504, a cut connection, a timeout and a server that listens no more are tried again where the
   * request allows.
   *
   * @throws {LadingError} `NETWORK` where no answer came, or where the way to it is refused: plain http to another machine,
   * a redirect from https to http.
   */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Ends every connection. */
  close(): Promise<void>;
}

const DEFAULTS = {
  insecure: false,
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 30_000,
  idleTimeoutMs: 30_000,
  attempts: 4,
  baseDelayMs: 500,
  maxDelayMs: 30_000,
  connections: 64,
  userAgent: "lading",
  cacert: [] as readonly string[],
  env: undefined as Environment | undefined,
};
type Settings = typeof DEFAULTS;

/** Creates a client. Nothing is loaded and no connection made before the first request. */
export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: Settings = { ...DEFAULTS, ...given };
  let connections: Promise<Connections> | undefined;
  const open = async () => {
    connections ??= loadConnections(settings);
    return await connections;
  };
  return {
    request: async (request) => follow(await open(), request, settings),
    close: async () => (await connections)?.close(),
  };
}

/** Loading undici takes some time, which a command that talks to nobody does not pay. */
async function loadConnections(settings: Settings): Promise<Connections> {
  const { createConnections } = await import("./connections.js");
  return createConnections(settings);
}

async function follow(connections: Connections, first: HttpRequest, settings: Settings): Promise<HttpResponse> {
  let request = first;
  for (let count = 0; count <= REDIRECT_LIMIT; count++) {
    const url = checkedUrl(request.url, settings);
    const response = await attempt(connections, { ...request, url }, settings);
    if (!isRedirect(response.status)) return response;
    await response.discard();
    const next = redirectRequest(request, url, response.status, response.headers.location);
    if (next.body?.once === true) throw refusedRequest(url, `it redirects (${response.status}) an upload`, "try again");
    request = next;
  }
  throw refusedRequest(first.url, `it redirects more than ${REDIRECT_LIMIT} times`, "ask the owner of the server");
}

function checkedUrl(given: URL | string, { insecure }: Settings): URL {
  const url = new URL(given);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw refusedRequest(url, `"${url.protocol}" is not http or https`, "check the address");
  }
  if (url.protocol === "http:" && !insecure && !isLoopbackHost(url.hostname)) {
    throw refusedRequest(
      url,
      "plain http to another machine is not safe",
      "use https, or allow it with the insecure option",
    );
  }
  return url;
}

/** One try: was its body asked for, and did the body's own source fail? */
interface Flight {
  opened: boolean;
  failed?: { readonly error: unknown };
}

/** One hop, with its retries. */
async function attempt(
  connections: Connections,
  request: HttpRequest & { url: URL },
  settings: Settings,
): Promise<HttpResponse> {
  const limit = (request.retry ?? isIdempotent(request.method)) ? settings.attempts : 1;
  let timeouts = 0;
  for (let count = 1; ; count++) {
    const sent: Flight = { opened: false };
    const mayRepeat = () => count < limit && !(request.body?.once === true && sent.opened);
    let askedMs: number | undefined;
    try {
      const response = await send(connections, request, settings, sent);
      if (!isRetryableStatus(response.status) || !mayRepeat()) return response;
      askedMs = parseRetryAfter(response.headers["retry-after"], Date.now());
      await response.discard();
    } catch (error) {
      if (sent.failed !== undefined) throw sent.failed.error;
      if (String((error as NodeJS.ErrnoException).code).includes("TIMEOUT")) timeouts++;
      const isPassing = isPassingFailure(error) || isRestarting(connections, request.url, error);
      if (!isPassing || !mayRepeat() || timeouts > 1) throw asFailure(request, error, settings);
    }
    await wait(retryDelayMs(count, askedMs, settings), request.signal);
  }
}

/** A server that has answered and then does not listen is mostly back in a moment; one that never did is not waited for. */
function isRestarting({ answered }: Connections, { origin }: URL, error: unknown): boolean {
  return failureCode(error) === "ECONNREFUSED" && answered.has(origin);
}

/** Aborts, and errors that are not the network's, come out as they are. */
function asFailure({ url, signal }: HttpRequest, error: unknown, { env = {} }: Settings): unknown {
  if (signal?.aborted) return signal.reason;
  if (isLadingError(error) || failureCode(error) === undefined) return error;
  return networkError(url, error, hasProxies(env) ? proxyFor(new URL(url), env) : undefined);
}

async function send(
  connections: Connections,
  request: HttpRequest & { url: URL },
  settings: Settings,
  sent: Flight,
): Promise<HttpResponse> {
  const { url, method, body, signal } = request;
  signal?.throwIfAborted();
  const answer = await connections.send({
    url,
    method,
    headers: headersOf(request, settings),
    body: body === undefined ? null : bodyOf(body, sent),
    signal: signal ?? null,
    patienceMs: request.patienceMs ?? 0,
  });
  const { idleTimeoutMs } = settings;
  const asOurs = (error: unknown) => asFailure({ method, url, signal }, error, settings);
  const response = responseOf(url, answer, { idleTimeoutMs, asFailure: asOurs });
  if (response.status !== 407) return response;
  await response.discard();
  throw refusedProxy(url, 407);
}

function headersOf({ headers, body, method }: HttpRequest, { userAgent }: Settings): Record<string, string> {
  const own: Record<string, string> = { "user-agent": userAgent, "accept-encoding": "identity", ...headers };
  if (body?.size !== undefined) own["content-length"] = String(body.size);
  else if (body === undefined && (method === "POST" || method === "PUT")) own["content-length"] = "0";
  return own;
}

/** Opens the body when it is asked for, and keeps what went wrong there. */
async function* bodyOf(body: RequestBody, sent: Flight): ByteStream {
  sent.opened = true;
  try {
    yield* body.open();
  } catch (error) {
    sent.failed = { error };
    throw error;
  }
}
