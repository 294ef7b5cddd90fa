/**
 * Following redirects without carrying secrets along.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.4
 * @module
 */

import { refusedRequest } from "./failure.js";
import { type HttpRequest, isSameOrigin } from "./message.js";

/** Redirects of one request (10). */
export const REDIRECT_LIMIT = 10;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** What may go to another origin. Anything else may be a secret, whatever its name. */
const HARMLESS: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "content-type",
  "if-match",
  "if-none-match",
  "range",
  "user-agent",
]);

export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status);
}

/**
 * The request to send after a redirect.
 *
 * @throws {LadingError} `NETWORK` where the target is missing or malformed, leads from https to http, has a user name, is
 * neither http nor https, or leaves the origin although the request must not.
 */
export function redirectRequest(
  request: HttpRequest,
  from: URL,
  status: number,
  location: string | undefined,
): HttpRequest {
  const target = location !== undefined && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (target === undefined) throw refuse(from, `it redirects (${status}) without saying where to`);
  if (target.username !== "" || target.password !== "") throw refuse(target, "a redirect to it carries a user name");
  if (from.protocol === "https:" && target.protocol !== "https:") {
    throw refuse(target, "a redirect from https leads to it, which is not https");
  }
  const same = isSameOrigin(from, target);
  if (!same && request.redirect === "same-origin")
    throw refuse(target, "a redirect to another host is not allowed here");
  const headers = same ? request.headers : harmless(request.headers ?? {});
  const next = { ...request, url: target, headers };
  return keepsMethod(request.method, status) ? next : { ...next, method: "GET", body: undefined };
}

/** 303 always becomes GET; 301 and 302 do for POST, as every client does; HEAD stays. */
function keepsMethod(method: string, status: number): boolean {
  if (method === "HEAD" || status === 307 || status === 308) return true;
  return status !== 303 && method !== "POST";
}

function harmless(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS.has(name.toLowerCase())));
}

function refuse(url: URL, why: string): Error {
  return refusedRequest(url, why, "ask the owner of the server that redirects");
}
