/**
 * What a registry's no means, in words.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import type { HttpResponse } from "../http/message.js";
import { redactUrl } from "../http/redact.js";
import { isRetryableStatus, parseRetryAfter } from "../http/retry.js";
import { collect } from "../stream/bytes.js";

/** Bytes of an error's body that are looked at (64 KiB), and characters of it that are shown. */
const [BODY_LIMIT, SHOWN] = [65_536, 200];

export interface FailedRequest {
  readonly method: string;
  /** What was being done, as it follows "Cannot": `push to docker://127.0.0.1:5000/team/py`. */
  readonly action: string;
  /** The registry, `host:port`. */
  readonly registry: string;
  /** Texts that must not be shown, should the registry repeat them. */
  readonly secrets?: readonly string[];
  /** More that a person should know where access is refused. */
  readonly hint?: string | undefined;
}

type Errors = readonly { readonly code: string; readonly message: string }[];

/** The `REGISTRY` error for an answer that says no. Reads the answer's content. */
export async function registryError(response: HttpResponse, request: FailedRequest): Promise<LadingError<"REGISTRY">> {
  const errors = await readErrors(response, request.secrets ?? []);
  const { status } = response;
  const first = errors[0];
  const said = first === undefined ? "" : ` ${first.code}${first.message === "" ? "" : ` (${first.message})`}`;
  const remedy = remedyFor(status, first?.code, request);
  const hint = status === 401 || status === 403 ? request.hint : undefined;
  const message = `Cannot ${request.action}: the registry answered ${status}${said}; ${hint ?? remedy}`;
  const retryable = isRetryableStatus(status);
  const retryAfterMs = parseRetryAfter(response.headers["retry-after"], Date.now());
  return new LadingError("REGISTRY", message, {
    status,
    method: request.method,
    url: redactUrl(response.url),
    errors,
    retryable,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** Milliseconds that the registry asks to wait before it is tried again; undefined where it does not say. */
export function askedDelay(error: unknown): number | undefined {
  return isLadingError(error, "REGISTRY") ? error.detail.retryAfterMs : undefined;
}

/** The `REGISTRY` error for an answer that says yes and does not make sense. */
export function protocolError(response: HttpResponse, request: FailedRequest, why: string): LadingError<"REGISTRY"> {
  return new LadingError("REGISTRY", `Cannot ${request.action}: ${why}; check that the address is a registry's`, {
    status: response.status,
    method: request.method,
    url: redactUrl(response.url),
    errors: [],
    retryable: false,
  });
}

function remedyFor(status: number, code: string | undefined, { registry }: FailedRequest): string {
  if (status === 401) {
    return `log in with \`lading login ${registry}\`, or with docker or podman`;
  }
  if (code === "MANIFEST_BLOB_UNKNOWN" || code === "BLOB_UNKNOWN") return "push again: it lost content that it had";
  if (status === 403) return "log in as somebody who may do that, or name another repository";
  if (status === 404) return "check the names of the registry and the repository";
  if (status === 405 || code === "UNSUPPORTED") return "this registry does not offer that";
  if (status === 413) return "it is larger than the registry allows: ask its owner for a higher limit";
  if (status === 429) return "wait and try again, or log in for a higher limit";
  if (status >= 500) return "try again later, or look into the registry's log";
  return "check that the address is a registry's";
}

async function readErrors(response: HttpResponse, secrets: readonly string[]): Promise<Errors> {
  try {
    const text = (await collect(response.body, BODY_LIMIT, "the registry's error")).toString();
    const body = JSON.parse(text) as { errors?: unknown } | null;
    if (!Array.isArray(body?.errors)) return [];
    return body.errors.slice(0, 10).map((error) => ({
      code: oneLine(error?.code, secrets),
      message: oneLine(error?.message, secrets),
    }));
  } catch {
    // Many answer with HTML, or with nothing: the status has to do.
    await response.discard();
    return [];
  }
}

function oneLine(value: unknown, secrets: readonly string[]): string {
  if (typeof value !== "string") return "";
  let text = value;
  for (const secret of secrets) text = text.replaceAll(secret, "***");
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  return plain.length > SHOWN ? `${plain.slice(0, SHOWN)}…` : plain;
}
