/**
 * Answering a registry's challenges.
 *
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import type { HttpClient } from "../http/client.js";
import { redactUrl } from "../http/redact.js";
import type { IoOptions } from "../stream/bytes.js";
import type { Credentials } from "./auth-file.js";
import type { Challenge } from "./challenge.js";
import { isTrustedRealm, parseRealm } from "./realm.js";
import { mergeScopes, type Need, scopesOf } from "./scope.js";
import { fetchToken, formatBasic, isToken, type Token } from "./token.js";

export interface AuthOptions {
  readonly client: HttpClient;
  /** Where the registry answers. */
  readonly registry: URL;
  readonly repository: string;
  /** Looked up once, when the first challenge comes. */
  readonly credentials: (options: IoOptions) => Promise<Credentials | undefined>;
  /** Hosts of token servers that may see the credentials although they are on another host (none). */
  readonly trustedRealms?: readonly string[] | undefined;
}

/** A request that was answered 401. */
export interface Refused {
  readonly challenges: readonly Challenge[];
  readonly need: Need;
  /** The `Authorization` that it had. */
  readonly used: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Authenticator {
  /**
   * The `Authorization` for what is needed, as the registry wanted it before; undefined where it has not asked for any.
   * A token that has run out is replaced here: a body that was sent once cannot be sent again after a no.
   *
   * @throws {LadingError} `REGISTRY` where the token server says no.
   */
  authorization(need: Need, signal?: AbortSignal): Promise<string | undefined>;
  /**
   * The `Authorization` to try next; undefined where there is no other than before.
   *
   * @throws {LadingError} `REGISTRY` where the challenge is unsafe or its token server says no.
   */
  answer(refused: Refused): Promise<string | undefined>;
  /** What a person should know where access is refused all the same; undefined where there is nothing to say. */
  hint(): string | undefined;
  /** Was a login kept back because the token server is not trusted with it? */
  isWithheld(): boolean;
  /** What must not be shown, should a registry repeat it. */
  secrets(): readonly string[];
}

/** Creates what keeps the tokens of one repository. */
export function createAuthenticator(options: AuthOptions): Authenticator {
  const known = new Map<string, Token>();
  const pending = new Map<string, Promise<Token>>();
  const secrets = new Set<string>();
  let credentials: Promise<Credentials | undefined> | undefined;
  let hint: string | undefined;
  let isWithheld = false;
  let basic: string | undefined;
  /** The last Bearer challenge, which tells where tokens come from. */
  let offer: Challenge | undefined;

  async function lookUp(signal: AbortSignal | undefined): Promise<Credentials | undefined> {
    credentials ??= options.credentials({ signal }).catch((error) => {
      credentials = undefined;
      throw error;
    });
    const found = await credentials;
    for (const secret of [found?.password, found?.identityToken, found?.registryToken]) if (secret) secrets.add(secret);
    if (found !== undefined) hint ??= `the login for ${options.registry.host} was refused: log in again, or as another`;
    return found;
  }

  function find(...keys: readonly string[]): string | undefined {
    const tokens = keys.flatMap((key) => known.get(key) ?? []);
    return tokens.find(({ usableUntilMs }) => Date.now() < usableUntilMs)?.value;
  }

  async function request({ parameters }: Challenge, need: Need, signal: AbortSignal | undefined): Promise<Token> {
    const found = await lookUp(signal);
    if (found?.registryToken !== undefined) return ownToken(found.registryToken, options.registry);
    const realm = parseRealm(parameters.realm, options.registry);
    const trusted = isTrustedRealm(realm, options.registry, options.trustedRealms ?? []);
    if (found !== undefined && !trusted) {
      isWithheld = true;
      hint = `its token server ${realm.host} is on another host and did not get your login: trust it with --token-server`;
    }
    const scopes = mergeScopes(parameters.scope, ...scopesOf(options.repository, need));
    const wanted = { realm, service: parameters.service, scopes, credentials: trusted ? found : undefined };
    return once(pending, JSON.stringify([realm.href, wanted.service, [...scopes].sort()]), () =>
      fetchToken(options.client, wanted, { signal }),
    );
  }

  async function bearer(challenge: Challenge, need: Need, signal?: AbortSignal, isAgain = false): Promise<string> {
    try {
      const { value, usableUntilMs } = await untilAborted(request(challenge, need, signal), signal);
      secrets.add(value);
      known.set(keyOf(need), { value: `Bearer ${value}`, usableUntilMs });
      return `Bearer ${value}`;
    } catch (error) {
      // Who asked first for the same may have been stopped, which need not stop others.
      if (!isLadingError(error) && !isAgain && signal?.aborted !== true) return bearer(challenge, need, signal, true);
      // Some token servers give nothing where they would not give all. Without the mount, the blob is uploaded.
      if (need.from === undefined || !isLadingError(error, "REGISTRY")) throw error;
      const { actions } = need;
      return find(actions) ?? (await bearer(challenge, { actions }, signal));
    }
  }

  async function authorization(need: Need, signal?: AbortSignal): Promise<string | undefined> {
    const more = need.actions === "pull" ? ["pull,push"] : [];
    const found = basic ?? find(keyOf(need), ...more);
    return found ?? (offer === undefined ? undefined : await bearer(offer, need, signal));
  }

  async function answer({ challenges, need, used, signal }: Refused): Promise<string | undefined> {
    const newer = basic ?? find(keyOf(need));
    if (newer !== undefined && newer !== used) return newer;
    const challenge = challenges.find(({ scheme }) => scheme === "bearer");
    if (challenge !== undefined) offer = challenge;
    else if (challenges.some(({ scheme }) => scheme === "basic")) basic = formatBasic(await lookUp(signal));
    if (basic !== undefined) secrets.add(basic.slice("Basic ".length));
    const next = challenge === undefined ? basic : await bearer(challenge, need, signal);
    return next === used ? undefined : next;
  }

  return { authorization, answer, hint: () => hint, isWithheld: () => isWithheld, secrets: () => [...secrets] };
}

function keyOf({ actions, from }: Need): string {
  return from === undefined ? actions : `${actions} ${from}`;
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
