/**
 * The token server: gives tokens for logins, and for none what everybody may.
 *
 * A token holds what was asked for as far as it is allowed; that it lacks something shows when it is used.
 *
 * @see https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/token.md
 * @see https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/oauth.md
 * @module
 */

import { isLadingError } from "../../errors.js";
import { collect } from "../../stream/bytes.js";
import type { Caller } from "../access-request.js";
import { headerOf } from "../exchange.js";
import { jsonReply, type Reply, refusal } from "../reply.js";
import { busy, SERVICE } from "./denial.js";
import type { Identifier, Identity, Unknown } from "./identify.js";
import { isAllowed } from "./rules.js";
import type { AccessState } from "./rules-source.js";
import { formatScope, parseScopes, type TokenScope } from "./scope.js";
import type { TokenSigner } from "./token.js";

/** Seconds that a token opens repositories. */
const ACCESS_SECONDS = 300;
/** Seconds in which a refresh token may be exchanged: 90 days. */
const REFRESH_SECONDS = 90 * 24 * 3600;
/** Bytes of a form. */
const MAX_FORM = 65_536;
/** Scopes of one token, which has to fit into a header. */
const MAX_SCOPES = 24;

const NO_STORE = { "cache-control": "no-store" } as const;

interface Asked {
  readonly identity: Identity | Unknown;
  readonly parameters: URLSearchParams;
  readonly wantsRefresh: boolean;
}

/** What gives tokens. */
export interface TokenServer {
  answer(caller: Caller, state: AccessState): Promise<Reply>;
}

export function createTokenServer(identifier: Identifier, signer: TokenSigner): TokenServer {
  async function byQuery({ query, ...caller }: Caller, state: AccessState): Promise<Asked> {
    const identity = await identifier.byHeader(state, headerOf(caller, "authorization"));
    // A token is no login.
    const isLogin = typeof identity === "string" || identity.scopes === undefined;
    const wantsRefresh = query.get("offline_token") === "true";
    return { identity: isLogin ? identity : "wrong", parameters: query, wantsRefresh };
  }

  async function byForm(caller: Caller, state: AccessState): Promise<Asked | Reply> {
    const parameters = await readForm(caller);
    if (!(parameters instanceof URLSearchParams)) return parameters;
    const value = (name: string) => parameters.get(name) ?? "";
    const wantsRefresh = value("access_type") === "offline";
    switch (value("grant_type")) {
      case "password":
        return {
          identity: await identifier.byPassword(state, value("username"), value("password")),
          parameters,
          wantsRefresh,
        };
      case "refresh_token":
        return { identity: identifier.byRefreshToken(state, value("refresh_token")), parameters, wantsRefresh };
      default:
        return refusal(400, "UNSUPPORTED", "grant_type is not password or refresh_token", NO_STORE);
    }
  }

  function give({ identity, parameters, wantsRefresh }: Asked, state: AccessState): Reply {
    if (identity === "busy") return busy();
    if (identity === "wrong") return wrongLogin();
    const service = parameters.get("service");
    if (service !== null && service !== SERVICE) {
      return refusal(400, "UNSUPPORTED", `tokens given here are for the service "${SERVICE}"`, NO_STORE);
    }
    const asked = parseScopes(parameters.getAll("scope"));
    if (asked.length > MAX_SCOPES)
      return refusal(400, "UNSUPPORTED", `a token has at most ${MAX_SCOPES} scopes`, NO_STORE);
    const { user } = identity;
    const scopes = allowedOf(state, user, asked);
    const mark = user === undefined ? undefined : signer.markOf(user, state.users.get(user) ?? "");
    const now = Math.floor(Date.now() / 1000);
    const token = signer.sign({ use: "access", user, mark, scopes, until: now + ACCESS_SECONDS });
    const isLasting = wantsRefresh && user !== undefined;
    const answer = {
      token,
      access_token: token,
      token_type: "Bearer",
      expires_in: ACCESS_SECONDS,
      issued_at: new Date(now * 1000).toISOString(),
      scope: scopes.map(formatScope).join(" "),
      ...(isLasting && {
        refresh_token: signer.sign({ use: "refresh", user, mark, scopes: [], until: now + REFRESH_SECONDS }),
      }),
    };
    return jsonReply(answer, { headers: NO_STORE });
  }

  return {
    async answer(caller, state) {
      if (caller.method === "GET") return give(await byQuery(caller, state), state);
      if (caller.method !== "POST") {
        return refusal(405, "UNSUPPORTED", `${caller.method} is not possible here`, { allow: "GET, POST" });
      }
      const asked = await byForm(caller, state);
      return "identity" in asked ? give(asked, state) : asked;
    },
  };
}

/** What was asked for and is allowed; a scope of which nothing is allowed is left out. */
function allowedOf({ rules }: AccessState, user: string | undefined, asked: readonly TokenScope[]) {
  return asked.flatMap(({ repository, actions }): readonly TokenScope[] => {
    if (repository === undefined) return [{ actions }];
    const allowed = actions.filter((action) => isAllowed(rules, user, repository, action));
    return allowed.length === 0 ? [] : [{ repository, actions: allowed }];
  });
}

async function readForm(caller: Caller): Promise<URLSearchParams | Reply> {
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(headerOf(caller, "content-type") ?? "")) {
    return refusal(415, "UNSUPPORTED", "the content is not application/x-www-form-urlencoded", NO_STORE);
  }
  try {
    return new URLSearchParams((await collect(caller.body, MAX_FORM, "form")).toString());
  } catch (error) {
    if (isLadingError(error, "TOO_LARGE")) return refusal(413, "SIZE_INVALID", `a form has at most ${MAX_FORM} bytes`);
    throw error;
  }
}

function wrongLogin(): Reply {
  const challenge = { "www-authenticate": `Basic realm="${SERVICE}",charset="UTF-8"` };
  return refusal(401, "UNAUTHORIZED", "user or password is wrong, or the login has expired", {
    ...challenge,
    ...NO_STORE,
  });
}
