/**
 * From what a client says to who it is.
 *
 * @module
 */

import { parseAuthorization } from "./authorization.js";
import type { PasswordCheck } from "./passwords.js";
import type { AccessState } from "./rules-source.js";
import type { TokenScope } from "./scope.js";
import type { TokenClaims, TokenSigner } from "./token.js";

/** Who asks. */
export interface Identity {
  /** Undefined for somebody who did not log in. */
  readonly user: string | undefined;
  /** What the request is limited to, where it came with a token. */
  readonly scopes?: readonly TokenScope[] | undefined;
  /** Came without saying anything: there may be a login that was not tried. */
  readonly isSilent?: boolean;
}

/** Why nobody is known: a wrong login, or one that cannot be looked at now. */
export type Unknown = "wrong" | "busy";

export interface Identifier {
  /** Who sent this header. */
  byHeader(state: AccessState, header: string | undefined): Promise<Identity | Unknown>;
  byPassword(state: AccessState, user: string, password: string): Promise<Identity | Unknown>;
  byRefreshToken(state: AccessState, token: string): Identity | Unknown;
}

/** Creates what tells who clients are. */
export function createIdentifier(passwords: PasswordCheck, signer: TokenSigner): Identifier {
  async function byPassword({ users }: AccessState, user: string, password: string): Promise<Identity | Unknown> {
    const result = await passwords.check(users, user, password);
    return result === "right" ? { user } : result;
  }

  /** A token ends with the user and with the password that it was given for. */
  function byToken({ users }: AccessState, token: string, use: TokenClaims["use"]): Identity | Unknown {
    const claims = signer.read(token);
    if (claims === undefined || claims.use !== use) return "wrong";
    const { user, mark, scopes } = claims;
    if (user === undefined) return { user, scopes };
    const hash = users.get(user);
    return hash !== undefined && signer.markOf(user, hash) === mark ? { user, scopes } : "wrong";
  }

  return {
    async byHeader(state, header) {
      const said = parseAuthorization(header);
      if (said.kind === "none") return { user: undefined, isSilent: true };
      if (said.kind === "basic") return byPassword(state, said.user, said.password);
      return said.kind === "bearer" ? byToken(state, said.token, "access") : "wrong";
    },
    byPassword,
    byRefreshToken: (state, token) => byToken(state, token, "refresh"),
  };
}
