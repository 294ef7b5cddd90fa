/**
 * Tokens: what a token server gives for credentials, or for nothing.
 *
 * @see https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/token.md
 * @see https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/oauth.md
 * @module
 */

import { LadingError } from "../errors.js";
import type { HttpClient } from "../http/client.js";
import { deadlineSignal } from "../http/deadline.js";
import type { HttpRequest, HttpResponse } from "../http/message.js";
import { redactUrl } from "../http/redact.js";
import { collect, fromBytes, type IoOptions } from "../stream/bytes.js";
import type { Credentials } from "./auth-file.js";

/** Bytes of a token server's answer (64 KiB). */
const ANSWER_LIMIT = 65_536;
/** Milliseconds for the whole of it (60 000). */
const ANSWER_DEADLINE_MS = 60_000;
/** Seconds that a token lives at least and at most, whatever the server says. */
const [SHORTEST, LONGEST] = [60, 86_400];
/** Characters that a header may carry: no space, no line break. */
const TOKEN = /^[\x21-\x7e]+$/;

export interface Token {
  readonly value: string;
  /** Milliseconds since the epoch, a little before the server forgets it. */
  readonly usableUntilMs: number;
}

export interface TokenRequest {
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
}

export interface TokenOptions extends IoOptions {
  /** Milliseconds for the whole of it (60 000). */
  readonly deadlineMs?: number;
}

/**
 * Asks a token server. Redirects to another host are refused.
 *
 * @throws {LadingError} `REGISTRY` where it says no, or where its answer holds no token that a header may carry; `TOO_LARGE`
 * where it is more than 64 KiB; `NETWORK` where no answer comes.
 */
export async function fetchToken(client: HttpClient, wanted: TokenRequest, io: TokenOptions = {}): Promise<Token> {
  const signal = deadlineSignal(wanted.realm, io.deadlineMs ?? ANSWER_DEADLINE_MS, io.signal);
  let response: HttpResponse | undefined;
  if (wanted.credentials?.identityToken !== undefined) {
    response = await client.request({ ...refreshRequest(wanted, wanted.credentials.identityToken), signal });
    // Servers that do not know this form answer so; they get the older one.
    if ([400, 404, 405].includes(response.status)) {
      await response.discard();
      response = undefined;
    }
  }
  response ??= await client.request({ ...tokenRequest(wanted), signal });
  if (response.status !== 200) {
    await response.discard();
    throw refused(wanted, response.status, `it answered ${response.status}`);
  }
  return parseToken((await collect(response.body, ANSWER_LIMIT, "the token server's answer")).toString(), wanted);
}

function tokenRequest({ realm, service, scopes, credentials }: TokenRequest): HttpRequest {
  const query = new URLSearchParams();
  if (service !== undefined) query.append("service", service);
  for (const scope of scopes) query.append("scope", scope);
  if (credentials?.username !== undefined) query.append("account", credentials.username);
  const url = `${realm.origin}${realm.pathname}${realm.search === "" ? "?" : `${realm.search}&`}${query}`;
  const authorization = formatBasic(credentials);
  return { method: "GET", url, redirect: "same-origin", headers: authorization === undefined ? {} : { authorization } };
}

function refreshRequest({ realm, service, scopes }: TokenRequest, identityToken: string): HttpRequest {
  const form = new URLSearchParams({ grant_type: "refresh_token", refresh_token: identityToken, client_id: "lading" });
  if (service !== undefined) form.append("service", service);
  if (scopes.length > 0) form.append("scope", scopes.join(" "));
  const bytes = Buffer.from(form.toString());
  return {
    method: "POST",
    url: realm,
    redirect: "same-origin",
    retry: true,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: { open: () => fromBytes(bytes), size: bytes.byteLength },
  };
}

/** The `Authorization` of Basic, where user and password are known. */
export function formatBasic(credentials: Credentials | undefined): string | undefined {
  const { username, password } = credentials ?? {};
  if (username === undefined || password === undefined) return undefined;
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** May a header carry it? */
export function isToken(value: unknown): value is string {
  return typeof value === "string" && TOKEN.test(value);
}

function parseToken(text: string, wanted: TokenRequest): Token {
  let answer: { token?: unknown; access_token?: unknown; expires_in?: unknown } | null;
  try {
    answer = JSON.parse(text);
  } catch {
    throw refused(wanted, 200, "its answer is not JSON");
  }
  const value = answer?.token || answer?.access_token;
  if (!isToken(value)) throw refused(wanted, 200, "its answer holds no usable token");
  const said = Number(answer?.expires_in);
  const seconds = Math.min(Math.max(Number.isFinite(said) ? said : SHORTEST, SHORTEST), LONGEST);
  return { value, usableUntilMs: Date.now() + seconds * 1000 * 0.9 };
}

function refused({ realm, credentials }: TokenRequest, status: number, why: string): LadingError<"REGISTRY"> {
  const url = redactUrl(realm);
  const remedy =
    status === 401 || status === 403
      ? credentials === undefined
        ? "log in to the registry first"
        : "user or password are wrong, or the login has expired: check them, and log in again"
      : "try again later, or ask the registry's owner";
  const detail = { status, method: "GET", url, errors: [], retryable: false };
  return new LadingError("REGISTRY", `Cannot get a token from "${url}": ${why}; ${remedy}`, detail);
}
