/**
 * Does a registry on this machine speak TLS?
 *
 * @module
 */

import { isLadingError } from "../errors.js";
import type { HttpClient } from "../http/client.js";
import { failureCode } from "../http/failure.js";

/** Errors of a connection that got as far as a certificate, or to the lack of one. */
const OF_TLS = /certificate/;

/** Did the answer to plain http break off, or was it no HTTP? */
export function isBroken(error: unknown): boolean {
  const code = failureCode(error) ?? "";
  return ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"].includes(code) || code.startsWith("HPE_");
}

/** Asks by https, once, without login. A certificate that is not trusted is an answer too: its error is the one to show. */
export async function answersTls(client: HttpClient, registry: URL, signal: AbortSignal | undefined): Promise<boolean> {
  const url = new URL("/v2/", registry.href.replace(/^http:/, "https:"));
  try {
    const response = await client.request({ method: "GET", url, retry: false, redirect: "same-origin", signal });
    await response.discard();
    return true;
  } catch (error) {
    if (isLadingError(error, "NETWORK")) return OF_TLS.test(error.detail.why);
    throw error;
  }
}
