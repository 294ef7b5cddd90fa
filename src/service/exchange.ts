/**
 * A request as the registry's parts see it.
 *
 * @module
 */

import type { Caller, Permission } from "./access-request.js";
import type { Repositories } from "./repository.js";
import type { UploadSessions } from "./upload-session.js";

/** What every answer needs. */
export interface Exchange extends Caller {
  readonly repositories: Repositories;
  readonly sessions: UploadSessions;
  /** What this client may do. */
  readonly permission: Permission;
  /** Told of errors that the client did not cause; the answer keeps paths to itself. */
  readonly report: (error: unknown) => void;
}

/** One header's text. */
export function headerOf({ headers }: Pick<Caller, "headers">, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}
