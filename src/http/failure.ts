/**
 * What went wrong between here and an answer, in words.
 *
 * @module
 */

import { type ErrorDetails, LadingError } from "../errors.js";
import { redactUrl } from "./redact.js";

const CHECK_TIME = "try again, or check the network and the proxy";
const CHECK_CA = "add the authority's certificate with NODE_EXTRA_CA_CERTS, or check the host name";

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
  UND_ERR_BODY_TIMEOUT: ["the answer stalled", CHECK_TIME],
  UND_ERR_HEADERS_OVERFLOW: ["the answer's headers are too large", "check that it is a registry"],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ["the answer ended early", "try again"],
  CERT_HAS_EXPIRED: ["its certificate has expired", "ask its owner to renew it"],
  DEPTH_ZERO_SELF_SIGNED_CERT: ["its certificate signs itself", CHECK_CA],
  SELF_SIGNED_CERT_IN_CHAIN: ["its certificate is from an unknown authority", CHECK_CA],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ["its certificate is from an unknown authority", CHECK_CA],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ["its certificate is from an unknown authority", CHECK_CA],
  ERR_TLS_CERT_ALTNAME_INVALID: ["its certificate is for another host", "check the host name"],
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

/** The code of the innermost error that has one which says something. */
export function failureCode(error: unknown): string | undefined {
  let found: string | undefined;
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const code = (at as NodeJS.ErrnoException).code;
    if (typeof code === "string" && (code in REASONS || found === undefined)) found = code;
  }
  return found;
}

/** May the request be sent again after this failure? */
export function isPassingFailure(error: unknown): boolean {
  return PASSING.has(failureCode(error) ?? "");
}

/** The `NETWORK` error for a request that got no answer, or whose answer broke off. */
export function networkError(url: URL | string, error: unknown): LadingError<"NETWORK"> {
  const code = failureCode(error);
  const known = code === undefined ? undefined : REASONS[code];
  const [why, remedy] = known ?? [
    `the connection failed (${code ?? "unknown reason"})`,
    "check host, port and network",
  ];
  return refusedRequest(url, why, remedy, error);
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
