/**
 * When a request may be sent again, and after how long.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";

const STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]);

/** Does the status say that the same request may succeed later? */
export function isRetryableStatus(status: number): boolean {
  return STATUSES.has(status);
}

/** May the method be sent twice with the effect of once? See RFC 9110, section 9.2.2. */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}

/**
 * Milliseconds that a `Retry-After` asks for: seconds or an HTTP date. Undefined where it is absent, malformed or in the
 * past.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // Date.parse() reads "-1" as a year: only the forms of RFC 9110, which begin with the day's name, count.
  const waitMs = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text) ? Date.parse(text) - nowMs : Number.NaN;
  return waitMs > 0 ? waitMs : undefined;
}

export interface Backoff {
  /** Milliseconds before the second try; each later wait is three times as long. */
  readonly baseDelayMs: number;
  /** Milliseconds that no wait exceeds, whatever the server asks for. */
  readonly maxDelayMs: number;
}

/** Milliseconds to wait before the try after `attempt` (1 is the first), with up to a fifth of jitter. */
export function retryDelayMs(attempt: number, askedMs: number | undefined, backoff: Backoff): number {
  const own = backoff.baseDelayMs * 3 ** (attempt - 1) * (1 + Math.random() / 5);
  return Math.min(Math.max(own, askedMs ?? 0), backoff.maxDelayMs);
}

/** Waits; an abort ends it at once with the signal's reason. */
export async function wait(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
