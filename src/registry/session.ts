/**
 * Requests to one repository, logged in where the registry asks for it.
 *
 * @module
 */

import type { LadingError } from "../errors.js";
import type { HttpClient } from "../http/client.js";
import { isPassingFailure } from "../http/failure.js";
import { type HttpRequest, type HttpResponse, isSameOrigin } from "../http/message.js";
import { isRetryableStatus } from "../http/retry.js";
import type { IoOptions } from "../stream/bytes.js";
import { createAuthenticator } from "./auth.js";
import { parseChallenges } from "./challenge.js";
import type { CredentialSource } from "./credentials.js";
import { type FailedRequest, protocolError, registryError } from "./failure.js";
import { formatPlace, type Place, registryUrl } from "./place.js";
import type { Need } from "./scope.js";
import { answersTls, isBroken } from "./tls-probe.js";

/** What requests to a registry need. */
export interface SessionOptions {
  readonly client: HttpClient;
  /** Finds credentials when the registry asks for them (anonymous only). */
  readonly credentials?: CredentialSource | undefined;
  /** Allows plain http to a registry on another machine, and then uses it (false). */
  readonly insecure?: boolean | undefined;
  /** Hosts of token servers that may see the credentials although they are not the registry's (none). */
  readonly trustedRealms?: readonly string[] | undefined;
}

type Fields = "method" | "headers" | "body" | "retry" | "patienceMs" | "signal";

export interface RegistryRequest extends Pick<HttpRequest, Fields>, Need {
  /** What follows `/v2/<repository>/`, or `/v2/` where a registry is meant as a whole; or a URL that the registry gave. */
  readonly to: string | URL;
}

export interface Session {
  /** Where the registry answers. One on this machine is asked by http until it turns out to speak TLS. */
  readonly registry: URL;
  readonly label: string;
  /** Sends; a 401 is answered twice at most. Credentials go to the registry's own origin only. Gives any final answer. */
  send(request: RegistryRequest): Promise<HttpResponse>;
  /** The error for an answer that says no. `action` follows "Cannot" and is followed by the repository. */
  refused(response: HttpResponse, method: string, action: string): Promise<LadingError<"REGISTRY">>;
  /** The error for an answer that makes no sense. */
  confused(response: HttpResponse, method: string, action: string, why: string): LadingError<"REGISTRY">;
  /** What a person should know about the login, where there is something to say. */
  hint(): string | undefined;
  /** Was a login kept back because the token server is not trusted with it? */
  isWithheld(): boolean;
}

/** Answers to a challenge: one for the login, one for scopes that the first token lacked. */
const ANSWERS = 2;

export function createSession(place: Place, options: SessionOptions): Session {
  const label = formatPlace(place);
  let registry = registryUrl(place.registry, options.insecure);
  let auth = authenticate();
  /** May the registry turn out to speak TLS? */
  let isOpen = options.insecure !== true && registry.protocol === "http:";
  let opening: Promise<unknown> | undefined;

  function authenticate() {
    const credentials = async (io: IoOptions) => options.credentials?.(place, io);
    const { client, trustedRealms } = options;
    return createAuthenticator({ client, registry, repository: place.repository, credentials, trustedRealms });
  }

  function urlOf(to: string | URL): URL {
    const name = place.repository === "" ? "" : `${place.repository}/`;
    return typeof to === "string" ? new URL(`/v2/${name}${to}`, registry) : to;
  }

  async function once(request: RegistryRequest, url: URL, authorization: string | undefined): Promise<HttpResponse> {
    const { to: _to, actions: _actions, from: _from, ...rest } = request;
    const headers = { ...rest.headers, ...(authorization && { authorization }) };
    return options.client.request({ ...rest, url, headers });
  }

  /** The first answer of all. A server of TLS that is asked by http answers 400, or breaks off. */
  async function first(request: RegistryRequest): Promise<HttpResponse> {
    const tried = await once({ ...request, retry: false }, urlOf(request.to), undefined).catch((error: unknown) => ({
      error,
    }));
    if ("error" in tried && !isPassingFailure(tried.error) && !isBroken(tried.error)) throw tried.error;
    if ("status" in tried && tried.status !== 400 && !isRetryableStatus(tried.status)) return tried;
    if ("status" in tried) await tried.discard();
    const isDoubtful = "error" in tried ? isBroken(tried.error) : tried.status === 400;
    if (isDoubtful && (await answersTls(options.client, registry, request.signal))) {
      registry = new URL(registry.href.replace(/^http:/, "https:"));
      auth = authenticate();
    }
    const isLast = "error" in tried && !isDoubtful;
    return await once(isLast ? { ...request, retry: false } : request, urlOf(request.to), undefined);
  }

  /** The answer to the first request; undefined for all others, which wait for it: it may change where the registry is. */
  async function opened(request: RegistryRequest): Promise<HttpResponse | undefined> {
    if (!isOpen || typeof request.to !== "string" || request.body?.once === true) return undefined;
    if (opening !== undefined) {
      await opening;
      return await opened(request);
    }
    const answer = first(request);
    const done = () => {
      opening = undefined;
    };
    opening = answer
      .then(() => {
        isOpen = false;
      })
      .then(done, done);
    return await answer;
  }

  async function send(request: RegistryRequest): Promise<HttpResponse> {
    const need = { actions: request.actions, from: request.from };
    let response = await opened(request);
    const url = urlOf(request.to);
    const isOwn = isSameOrigin(url, registry);
    let used = isOwn && response === undefined ? await auth.authorization(need, request.signal) : undefined;
    response ??= await once(request, url, used);
    for (let count = 0; count < ANSWERS && mayAnswer(response, request, registry, isOwn); count++) {
      const challenges = parseChallenges(response.headers["www-authenticate"] ?? "");
      const next = await auth.answer({ challenges, need, used, signal: request.signal });
      if (next === undefined) break;
      await response.discard();
      used = next;
      response = await once(request, url, used);
    }
    return response;
  }

  const context = (method: string, action: string): FailedRequest => ({
    method,
    action: `${action} ${label}`,
    registry: place.registry,
    secrets: auth.secrets(),
    hint: auth.hint(),
  });
  return {
    get registry() {
      return registry;
    },
    label,
    send,
    refused: (response, method, action) => registryError(response, context(method, action)),
    confused: (response, method, action, why) => protocolError(response, context(method, action), why),
    hint: () => auth.hint(),
    isWithheld: () => auth.isWithheld(),
  };
}

/** A 401 of another host, after a redirect, is a trap; a body that was sent once cannot be sent again. */
function mayAnswer(response: HttpResponse, request: RegistryRequest, registry: URL, isOwn: boolean): boolean {
  return response.status === 401 && isOwn && isSameOrigin(response.url, registry) && request.body?.once !== true;
}
