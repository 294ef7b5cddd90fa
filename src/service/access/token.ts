/**
 * Tokens: what was granted to whom until when, signed by the registry that also reads them. To clients they are opaque.
 *
 * @module
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import type { TokenScope } from "./scope.js";

/** What a token says. */
export interface TokenClaims {
  /** `access` opens repositories; `refresh` is exchanged for tokens, and opens nothing. */
  readonly use: "access" | "refresh";
  /** Undefined for somebody who did not log in. */
  readonly user?: string | undefined;
  /** What the user's password was, as {@link TokenSigner.markOf} has it. */
  readonly mark?: string | undefined;
  readonly scopes: readonly TokenScope[];
  /** Seconds since the epoch. */
  readonly until: number;
}

export interface TokenSigner {
  sign(claims: TokenClaims): string;
  /** What a token says; undefined where it is not one of these, or past its time. */
  read(token: string): TokenClaims | undefined;
  /** Stands for a user's stored password: another password, another mark. */
  markOf(user: string, hash: string): string;
}

/** Characters. */
const MAX_TOKEN = 16_384;

/** @param key At least 32 bytes that nobody else has. */
export function createTokenSigner(key: Uint8Array): TokenSigner {
  const mac = (purpose: string, text: string) =>
    createHmac("sha256", key).update(`lading ${purpose}\n${text}`).digest("base64url");
  return {
    sign(claims) {
      const payload = Buffer.from(JSON.stringify(claims)).toString("base64url");
      return `${payload}.${mac("token", payload)}`;
    },
    read(token) {
      const dot = token.indexOf(".");
      if (token.length > MAX_TOKEN || dot < 0) return undefined;
      const payload = token.slice(0, dot);
      if (!isEqual(token.slice(dot + 1), mac("token", payload))) return undefined;
      // Nobody else could have signed it, so it is what was signed here.
      const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as TokenClaims;
      return claims.until > Date.now() / 1000 ? claims : undefined;
    },
    markOf: (user, hash) => mac("password", JSON.stringify([user, hash])),
  };
}

function isEqual(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)];
  return one.byteLength === other.byteLength && timingSafeEqual(one, other);
}
