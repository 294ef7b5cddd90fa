/**
 * Answers to those who may not: they depend on who asks and on the name alone, never on what is there.
 *
 * @see https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/token.md
 * @module
 */

import { isRepository } from "../../oci/reference.js";
import { parseWorkspacePath } from "../../registry/workspace.js";
import { jsonReply, type Reply, refusal } from "../reply.js";
import type { ContentAction } from "./rules.js";
import { formatScope, type TokenScope } from "./scope.js";

/** What tokens are for; clients ask the token server for tokens of this service. */
export const SERVICE = "lading";
/** Where tokens are given. */
export const TOKEN_PATH = "/v2/token";

/** How a client is asked to log in. */
export interface Challenge {
  /** Where clients reach the registry: `https://registry.example`. */
  readonly url: string;
  /** By a token, or by user and password with each request. */
  readonly login: "token" | "password";
  /** What has to be allowed. */
  readonly scopes: readonly TokenScope[];
  /** What is wrong with the token that came. */
  readonly error?: "invalid_token" | "insufficient_scope" | undefined;
}

/** 401: log in, or come with a token for more. */
export function unauthorized(message: string, { url, login, scopes, error }: Challenge): Reply {
  const wanted = scopes
    .filter(({ repository }) => repository === undefined || isRepository(repository))
    .map(formatScope);
  const parameters = [
    `realm="${login === "token" ? url + TOKEN_PATH : SERVICE}"`,
    ...(login === "token" ? [`service="${SERVICE}"`] : ['charset="UTF-8"']),
    ...(login === "token" && wanted.length > 0 ? [`scope="${wanted.join(" ")}"`] : []),
    ...(login === "token" && error !== undefined ? [`error="${error}"`] : []),
  ];
  const challenge = `${login === "token" ? "Bearer" : "Basic"} ${parameters.join(",")}`;
  return withScopes(401, "UNAUTHORIZED", message, scopes, { "www-authenticate": challenge });
}

/** 403: this user may not. */
export function denied(scope: TokenScope): Reply {
  return withScopes(403, "DENIED", `this login lacks the scope ${describeScope(scope)}`, [scope], {});
}

/** 429: too many logins at once. */
export function busy(): Reply {
  return refusal(429, "TOOMANYREQUESTS", "too many logins are being checked", { "retry-after": "1" });
}

/** A scope, and who has it. */
export function describeScope(scope: TokenScope): string {
  const { repository, actions } = scope;
  if (repository === undefined) return formatScope(scope);
  return `${shown(scope)} (${holdersOf(repository, actions.at(-1) ?? "pull")})`;
}

function shown(scope: TokenScope): string {
  return formatScope(scope).slice(0, 300);
}

/** Who may do that where nothing is shared; read from the name. */
function holdersOf(repository: string, action: ContentAction): string {
  const place = isRepository(repository) ? parseWorkspacePath(repository) : undefined;
  if (place === undefined) return "outside of workspaces: administrators";
  const { workspace, user } = place;
  if (user !== undefined) return `scope "user" of workspace "${workspace}": ${user} alone`;
  const who = { pull: "its members", push: "its members but readers", delete: "its owners" }[action];
  return `scope "workspace" of workspace "${workspace}": ${who}`;
}

function withScopes(
  status: number,
  code: string,
  message: string,
  scopes: readonly TokenScope[],
  headers: Readonly<Record<string, string>>,
): Reply {
  const detail = { scopes: scopes.map(shown) };
  return jsonReply({ errors: [{ code, message, ...(scopes.length > 0 && { detail }) }] }, { status, headers });
}
