/**
 * What went wrong between here and an answer, in words.
 *
 * @module
 */

import { type ErrorDetails, isLadingError, LadingError } from "../errors.js";
import { redactUrl } from "./redact.js";

const CHECK_TIME = "try again, or check the network and the proxy";
const CHECK_CA = "name its authority's certificate with --cacert, SSL_CERT_FILE or certs.d, or check the host name";

const CLIENT_CERT = [
  "it does not accept this client's certificate, or wants one",
  "put NAME.cert and NAME.key into certs.d/HOST:PORT",
] as const;

const STALLED = ["the answer stalled", CHECK_TIME] as const;

/** By error code: what happened, and what to do. */
const REASONS: Readonly<Record<string, readonly [why: string, remedy: string]>> = {
  ECONNREFUSED: ["nothing listens there", "start the server, or check host and port"],
  ENOTFOUND: ["the host name is unknown", "check its spelling and the network"],
  EAI_AGAIN: ["the host name could not be looked up", "check the network and try again"],
  EHOSTUNREACH: ["the host cannot be reached", "check the network and the proxy"],
  ENETUNREACH: ["the network cannot be reached", "check the network and the proxy"],
  ECONNRESET: ["the connection was cut", "try again"],
  EPIPE: ["the connection was cut", "try again"],
  ETIMEDOUT: ["the connection timed out", CHECK_TIME],
  UND_ERR_SOCKET: ["the connection was cut", "try again"],
  UND_ERR_CONNECT_TIMEOUT: ["no connection in time", CHECK_TIME],
  UND_ERR_HEADERS_TIMEOUT: ["no answer in time", CHECK_TIME],
  UND_ERR_BODY_TIMEOUT: STALLED,
  HPE_INVALID_CONSTANT: ["it does not speak HTTP", "check host and port"],
  UND_ERR_HEADERS_OVERFLOW: ["the answer's headers are too large", "check that it is a registry"],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ["the answer ended early", "try again"],
  UND_ERR_PRX_TLS: ["the certificate of the proxy is for another host", "check HTTPS_PROXY"],
  CERT_HAS_EXPIRED: ["its certificate has expired", "ask its owner to renew it"],
  DEPTH_ZERO_SELF_SIGNED_CERT: ["its certificate signs itself", CHECK_CA],
  SELF_SIGNED_CERT_IN_CHAIN: ["its certificate is from an unknown authority", CHECK_CA],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ["its certificate is from an unknown authority", CHECK_CA],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ["its certificate is from an unknown authority", CHECK_CA],
  ERR_TLS_CERT_ALTNAME_INVALID: ["its certificate is for another host", "check the host name"],
  CERT_NOT_YET_VALID: ["its certificate is not valid yet", "check the clock of this machine"],
  CERT_REVOKED: ["its certificate was revoked", "ask its owner for a new one"],
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: CLIENT_CERT,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: CLIENT_CERT,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: CLIENT_CERT,
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: CLIENT_CERT,
  ERR_SSL_WRONG_VERSION_NUMBER: ["it does not speak TLS", "use the insecure option where plain http is meant"],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: ["it does not speak TLS", "use the insecure option where plain http is meant"],
};

/** Codes after which the same request may succeed. A refused connection and an unknown name are not worth the wait. */
const PASSING: ReadonlySet<string> = new Set([
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "UND_ERR_SOCKET",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
]);

/** The parser of HTTP gives its errors a name and no code. */
function codeOf(error: Error): string | undefined {
  return error.name === "HTTPParserError" ? "HPE_INVALID_CONSTANT" : (error as NodeJS.ErrnoException).code;
}

/** The code of the innermost error that has one which says something. */
export function failureCode(error: unknown): string | undefined {
  let found: string | undefined;
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const code = isLadingError(at) ? undefined : codeOf(at);
    if (typeof code === "string" && (code in REASONS || found === undefined)) found = code;
  }
  return found;
}

/** May the request be sent again after this failure? */
export function isPassingFailure(error: unknown): boolean {
  return PASSING.has(failureCode(error) ?? "");
}

/**
 * The `NETWORK` error for a request that got no answer, or whose answer broke off.
 *
 * @param proxy Through which it went; its user and password are not shown.
 */
export function networkError(url: URL | string, error: unknown, proxy?: URL): LadingError<"NETWORK"> {
  const code = failureCode(error);
  const said = /^Proxy (?:response|Authentication Required) \((\d{3})\)/.exec((error as Error).message);
  if (said !== null) return refusedProxy(url, Number(said[1]), proxy);
  const known = code === undefined ? undefined : REASONS[code];
  const [why, remedy] = known ?? [
    `the connection failed (${code ?? "unknown reason"})`,
    "check host, port and network",
  ];
  if (proxy === undefined) return refusedRequest(url, why, remedy, error);
  // Who goes through a proxy connects to that alone.
  const isProxy = code === "ECONNREFUSED" || code === "ENOTFOUND";
  const check = isProxy ? "check HTTPS_PROXY and HTTP_PROXY, or name the host in NO_PROXY" : remedy;
  return refusedRequest(url, `${why} (through the proxy ${proxy.host})`, check, error);
}

/** The `NETWORK` error for a proxy that says no. */
export function refusedProxy(url: URL | string, status: number, proxy?: URL): LadingError<"NETWORK"> {
  const remedy =
    status === 407
      ? "put the right user and password into HTTPS_PROXY or HTTP_PROXY"
      : "check HTTPS_PROXY, or name the host in NO_PROXY";
  return refusedRequest(url, `the proxy${proxy === undefined ? "" : ` ${proxy.host}`} answered ${status}`, remedy);
}

/** Did an answer not come on in time? */
export function isStall(error: LadingError<"NETWORK">): boolean {
  return error.detail.why.startsWith(STALLED[0]);
}

/** The `NETWORK` error for an answer that does not come on. */
export function stalledError(url: URL | string): LadingError<"NETWORK"> {
  return refusedRequest(url, ...STALLED);
}

/** The `NETWORK` error for a request that lading itself does not send. */
export function refusedRequest(
  url: URL | string,
  why: string,
  remedy: string,
  cause?: unknown,
): LadingError<"NETWORK"> {
  const detail: ErrorDetails["NETWORK"] = { url: redactUrl(url), why };
  const message = `Cannot reach "${detail.url}": ${why}, ${remedy}`;
  return new LadingError("NETWORK", message, detail, cause === undefined ? undefined : { cause });
}
