/**
 * A request as the registry's parts see it.
 *
 * @module
 */

import type { ByteStream } from "../stream/bytes.js";
import type { Repositories } from "./repository.js";
import type { UploadSessions } from "./upload-session.js";

/** What every answer needs. */
export interface Exchange {
  readonly repositories: Repositories;
  readonly sessions: UploadSessions;
  readonly method: string;
  /** The path as it came, without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: ByteStream;
  /** Fires when the client goes. */
  readonly signal: AbortSignal;
  /** Told of errors that the client did not cause; the answer keeps paths to itself. */
  readonly report: (error: unknown) => void;
}

/** One header's text. */
export function headerOf({ headers }: Exchange, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
