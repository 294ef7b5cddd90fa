/**
 * Answering a registry's challenges.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { HttpClient } from "../http/client.js";
import { redactUrl } from "../http/redact.js";
import type { Credentials } from "./auth-file.js";
import type { Challenge } from "./challenge.js";
import { isTrustedRealm, parseRealm } from "./realm.js";
import { mergeScopes } from "./scope.js";
import { fetchToken, formatBasic, isToken, type Token } from "./token.js";

/** What may be done in a repository, as scopes write it. */
export type Actions = "pull" | "pull,push" | "delete";

export interface AuthOptions {
  readonly client: HttpClient;
  /** Where the registry answers. */
  readonly registry: URL;
  readonly repository: string;
  /** Looked up once, when the first challenge comes. */
  readonly credentials: () => Promise<Credentials | undefined>;
  /** Hosts of token servers that may see the credentials although they are on another host (none). */
  readonly trustedRealms?: readonly string[] | undefined;
}

/** A request that was answered 401. */
export interface Refused {
  readonly challenges: readonly Challenge[];
  readonly actions: Actions;
  /** The `Authorization` that it had. */
  readonly used: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Authenticator {
  /** The `Authorization` that was right for these actions before; undefined where there is none. */
  authorization(actions: Actions): string | undefined;
  /**
   * The `Authorization` to try next; undefined where there is no other than before.
   *
   * @throws {LadingError} `REGISTRY` where the challenge is unsafe or its token server says no.
   */
  answer(refused: Refused): Promise<string | undefined>;
  /** What a person should know where access is refused all the same; undefined where there is nothing to say. */
  hint(): string | undefined;
}

/** Creates what keeps the tokens of one repository. */
export function createAuthenticator(options: AuthOptions): Authenticator {
  const known = new Map<Actions, Token>();
  const pending = new Map<string, Promise<Token>>();
  let credentials: Promise<Credentials | undefined> | undefined;
  let hint: string | undefined;

  function lookUp(): Promise<Credentials | undefined> {
    credentials ??= options.credentials();
    return credentials;
  }

  function current(actions: Actions): string | undefined {
    const token = known.get(actions);
    return token !== undefined && Date.now() < token.usableUntilMs ? token.value : undefined;
  }

  async function bearer({ parameters }: Challenge, actions: Actions): Promise<Token> {
    const found = await lookUp();
    if (found?.registryToken !== undefined) return ownToken(found.registryToken, options.registry);
    const realm = parseRealm(parameters.realm, options.registry);
    const trusted = isTrustedRealm(realm, options.registry, options.trustedRealms ?? []);
    if (found !== undefined && !trusted) {
      hint = `its token server ${realm.host} is on another host and did not get your credentials: trust it by name`;
    }
    const scopes = mergeScopes(parameters.scope, `repository:${options.repository}:${actions}`);
    const wanted = { realm, service: parameters.service, scopes, credentials: trusted ? found : undefined };
    return once(pending, JSON.stringify([realm.href, wanted.service, [...scopes].sort()]), () =>
      fetchToken(options.client, wanted),
    );
  }

  async function answer({ challenges, actions, used, signal }: Refused): Promise<string | undefined> {
    const newer = current(actions);
    if (newer !== undefined && newer !== used) return newer;
    const challenge = challenges.find(({ scheme }) => scheme === "bearer");
    if (challenge !== undefined) {
      const { value, usableUntilMs } = await untilAborted(bearer(challenge, actions), signal);
      known.set(actions, { value: `Bearer ${value}`, usableUntilMs });
    } else if (challenges.some(({ scheme }) => scheme === "basic")) {
      const value = formatBasic(await lookUp());
      if (value === undefined) return undefined;
      for (const each of ["pull", "pull,push", "delete"] as const) known.set(each, { value, usableUntilMs: Infinity });
    }
    const next = current(actions);
    return next === used ? undefined : next;
  }

  return { authorization: current, answer, hint: () => hint };
}

function ownToken(token: string, registry: URL): Token {
  if (isToken(token)) return { value: token, usableUntilMs: Infinity };
  const url = redactUrl(registry);
  const message = `Cannot log in to "${registry.host}": its "registrytoken" holds spaces or line breaks; log in again`;
  throw new LadingError("REGISTRY", message, { status: 401, method: "GET", url, errors: [], retryable: false });
}

/** One call for all who ask while it runs. */
async function once<T>(pending: Map<string, Promise<T>>, key: string, start: () => Promise<T>): Promise<T> {
  const running = pending.get(key) ?? start();
  pending.set(key, running);
  try {
    return await running;
  } finally {
    pending.delete(key);
  }
}

/** Stops waiting when the signal says so; what is waited for goes on, since others may wait for it too. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
