/**
 * What a request wants to do and to which repository: what has to be allowed before any of it is done.
 *
 * @module
 */

import type { ByteStream } from "../stream/bytes.js";
import type { Reply } from "./reply.js";
import type { Route } from "./route.js";

/**
 * - `enter`: see that this is a registry (`/v2/`)
 * - `catalog`: list repositories; only those that may be pulled are shown
 * - `pull`: read content, tags and referrers
 * - `push`: upload, mount and tag; see and cancel an upload
 * - `delete`: remove a tag, a manifest or a blob
 */
export type Action = "enter" | "catalog" | "pull" | "push" | "delete";

/** One wish, which is allowed or refused as a whole. */
export interface AccessRequest {
  /**
   * As the path has it; undefined for `enter` and `catalog`. It may be of another grammar than the specification's, and then
   * is answered as a name that is not there.
   */
  readonly repository: string | undefined;
  readonly action: Action;
}

/** What one client may do. */
export interface Permission {
  /** The answer to what it may not do; undefined where it may. */
  refuse(request: AccessRequest): Promise<Reply | undefined>;
  /** May this request read that repository, too? For the source of a mount. */
  mayPull(repository: string): Promise<boolean>;
  /** May the catalog name that repository to this client? */
  mayList(repository: string): Promise<boolean>;
}

/** A request as far as it says who asks. */
export interface Caller {
  readonly method: string;
  /** As it came, without query: `/v2/a/tags/list`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The registry as this client names it: `http://127.0.0.1:5000`. */
  readonly origin: string;
  readonly body: ByteStream;
  /** Fires when the client goes. */
  readonly signal: AbortSignal;
}

/** Who may do what. */
export interface Gate {
  /** What this client may do. */
  permissionOf(caller: Caller): Promise<Permission>;
  /** Endpoints of its own, such as one that gives tokens; undefined where the path is none of them. */
  answer?(caller: Caller): Promise<Reply | undefined>;
}

const EVERYTHING: Permission = { refuse: async () => undefined, mayPull: async () => true, mayList: async () => true };

/** Everybody may do everything. */
export const OPEN_GATE: Gate = { permissionOf: async () => EVERYTHING };

/** What a request on a route has to be allowed. */
export function accessRequestOf(route: Route, method: string): AccessRequest {
  if (route.kind === "base") return { repository: undefined, action: "enter" };
  if (route.kind === "catalog") return { repository: undefined, action: "catalog" };
  return { repository: route.name, action: actionOf(route.kind, method) };
}

function actionOf(kind: Route["kind"], method: string): Action {
  // Whoever began an upload looks at it and cancels it.
  if (kind === "uploads" || kind === "upload" || method === "PUT") return "push";
  return method === "DELETE" ? "delete" : "pull";
}
