/**
 * The gate of a registry with users, workspaces and permissions.
 *
 * @module
 */

import { isRepository } from "../../oci/reference.js";
import type { AccessRequest, Caller, Gate, Permission } from "../access-request.js";
import { headerOf } from "../exchange.js";
import type { Reply } from "../reply.js";
import { busy, type Challenge, denied, describeScope, TOKEN_PATH, unauthorized } from "./denial.js";
import { createIdentifier, type Identity, type Unknown } from "./identify.js";
import { createPasswordCheck } from "./passwords.js";
import { type ContentAction, isAllowed } from "./rules.js";
import { type AccessState, openRulesSource } from "./rules-source.js";
import type { TokenScope } from "./scope.js";
import { createTokenSigner } from "./token.js";
import { createTokenServer } from "./token-endpoint.js";

/** What opening access needs besides its files. */
export interface AccessOptions {
  /** At least 32 secret bytes that sign tokens. Whoever has them can make tokens. */
  readonly key: Uint8Array;
  /** Told of changed files that are broken, and of members who cannot log in (none). */
  readonly onWarning?: ((message: string) => void) | undefined;
}

/** A gate with users, for `createRegistryServer`. */
export interface Access extends Gate {
  /** Ends its thread. */
  close(): void;
}

/**
 * Opens a gate by an access file and the users' file that it names. Both are read again when they change; while one is
 * broken, the rules before it stay.
 *
 * @param path The access file, or a folder with `access.yaml`, `access.yml` or `access.json` in it.
 * @throws {LadingError} `IO`, `NOT_FOUND` and `TOO_LARGE` where a file cannot be read; `SYNTAX` where it is broken.
 */
export async function openAccess(path: string, { key, onWarning = () => {} }: AccessOptions): Promise<Access> {
  const source = await openRulesSource(path, onWarning);
  const passwords = createPasswordCheck();
  const signer = createTokenSigner(key);
  const identifier = createIdentifier(passwords, signer);
  const tokens = createTokenServer(identifier, signer);
  return {
    async permissionOf(caller) {
      const state = await source.current();
      const identity = await identifier.byHeader(state, headerOf(caller, "authorization"));
      return permissionOf(identity, state, caller);
    },
    async answer(caller) {
      return caller.path === TOKEN_PATH ? tokens.answer(caller, await source.current()) : undefined;
    },
    close: passwords.close,
  };
}

/** What has to be allowed to read or change a repository's content; a push reads, too. */
function actionsFor(action: ContentAction): readonly ContentAction[] {
  return action === "push" ? ["pull", "push"] : [action];
}

function permissionOf(identity: Identity | Unknown, state: AccessState, caller: Caller): Permission {
  const challenge = (message: string, scopes: readonly TokenScope[], error?: Challenge["error"]) => {
    return unauthorized(message, { url: state.url ?? caller.origin, login: state.login, scopes, error });
  };
  if (identity === "busy" || identity === "wrong") {
    const refused = async (request: AccessRequest) => {
      if (identity === "busy") return busy();
      return challenge("user, password or token is wrong, or expired", scopesOf(request, caller), "invalid_token");
    };
    return { refuse: refused, mayPull: async () => false, mayList: async () => false };
  }
  const { user, scopes, isSilent } = identity;
  const covers = (repository: string, action: ContentAction) =>
    scopes === undefined || scopes.some((each) => each.repository === repository && each.actions.includes(action));
  const allows = (repository: string, action: ContentAction) => isAllowed(state.rules, user, repository, action);

  function refuse({ repository, action }: AccessRequest): Reply | undefined {
    const wanted = scopesOf({ repository, action }, caller);
    const [first = { actions: [] }] = wanted;
    if (repository === undefined || action === "enter" || action === "catalog") {
      if (isSilent) return challenge("log in, or get a token", wanted);
      const isCovered =
        action === "enter" || scopes === undefined || scopes.some((each) => each.repository === undefined);
      return isCovered
        ? undefined
        : challenge(`the token lacks the scope ${describeScope(first)}`, wanted, "insufficient_scope");
    }
    const isFine = allows(repository, action);
    if (isFine && covers(repository, action)) return undefined;
    if (!isFine && user !== undefined) return denied({ repository, actions: [action] });
    const message = `${isSilent ? "log in: this needs" : "the token lacks"} the scope ${describeScope(first)}`;
    return challenge(message, wanted, isSilent ? undefined : "insufficient_scope");
  }

  return {
    refuse: async (request) => refuse(request),
    mayPull: async (repository) => allows(repository, "pull") && covers(repository, "pull"),
    mayList: async (repository) => allows(repository, "pull"),
  };
}

/** What a token for this request is to hold; for a mount also that its source may be read. */
function scopesOf({ repository, action }: AccessRequest, { query }: Caller): readonly TokenScope[] {
  if (action === "enter") return [];
  if (repository === undefined || action === "catalog") return [{ actions: [] }];
  const from = action === "push" && query.has("mount") ? query.get("from") : null;
  const own = { repository, actions: actionsFor(action) };
  return isRepository(from) && from !== repository ? [own, { repository: from, actions: ["pull"] }] : [own];
}
