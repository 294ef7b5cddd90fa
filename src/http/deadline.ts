/**
 * A limit for a whole exchange, which no limit of its parts would bound.
 *
 * @module
 */

import { stalledError } from "./failure.js";

/**
 * Fires with the caller's signal, and after `limitMs` with the `NETWORK` error that the answer of `url` does not come on.
 * It keeps no process alive.
 */
export function deadlineSignal(url: URL | string, limitMs: number, signal: AbortSignal | undefined): AbortSignal {
  const own = new AbortController();
  setTimeout(() => own.abort(stalledError(url)), limitMs).unref();
  return signal === undefined ? own.signal : AbortSignal.any([own.signal, signal]);
}
