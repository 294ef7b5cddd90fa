/**
 * Requests to one repository, logged in where the registry asks for it.
 *
 * @module
 */

import type { LadingError } from "../errors.js";
import type { HttpClient } from "../http/client.js";
import { type HttpRequest, type HttpResponse, isSameOrigin } from "../http/message.js";
import { type Actions, createAuthenticator } from "./auth.js";
import { parseChallenges } from "./challenge.js";
import type { CredentialSource } from "./credentials.js";
import { type FailedRequest, protocolError, registryError } from "./failure.js";
import { formatPlace, type Place, registryUrl } from "./place.js";

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

export interface RegistryRequest extends Pick<HttpRequest, "method" | "headers" | "body" | "retry" | "signal"> {
  /** What follows `/v2/<repository>/`, or a URL that the registry gave. */
  readonly to: string | URL;
  readonly actions: Actions;
}

export interface Session {
  readonly registry: URL;
  readonly label: string;
  /** Sends; a 401 is answered twice at most. Credentials go to the registry's own origin only. Gives any final answer. */
  send(request: RegistryRequest): Promise<HttpResponse>;
  /** The error for an answer that says no. `action` follows "Cannot" and is followed by the repository. */
  refused(response: HttpResponse, method: string, action: string): Promise<LadingError<"REGISTRY">>;
  /** The error for an answer that makes no sense. */
  confused(response: HttpResponse, method: string, action: string, why: string): LadingError<"REGISTRY">;
}

/** Answers to a challenge: one for the login, one for scopes that the first token lacked. */
const ANSWERS = 2;

export function createSession(place: Place, options: SessionOptions): Session {
  const registry = registryUrl(place.registry, options.insecure);
  const label = formatPlace(place);
  const auth = createAuthenticator({
    client: options.client,
    registry,
    repository: place.repository,
    credentials: async () => options.credentials?.(place),
    trustedRealms: options.trustedRealms,
  });
  const secrets = new Set<string>();

  async function once(request: RegistryRequest, url: URL, authorization: string | undefined): Promise<HttpResponse> {
    const { to: _to, actions: _actions, ...rest } = request;
    if (authorization !== undefined) secrets.add(authorization.replace(/^\w+ /, ""));
    const headers = { ...rest.headers, ...(authorization && { authorization }) };
    return options.client.request({ ...rest, url, headers });
  }

  async function send(request: RegistryRequest): Promise<HttpResponse> {
    const { to, actions, signal } = request;
    const url = typeof to === "string" ? new URL(`/v2/${place.repository}/${to}`, registry) : to;
    const isOwn = isSameOrigin(url, registry);
    let used = isOwn ? auth.authorization(actions) : undefined;
    let response = await once(request, url, used);
    for (let count = 0; count < ANSWERS && mayAnswer(response, request, registry, isOwn); count++) {
      const challenges = parseChallenges(response.headers["www-authenticate"] ?? "");
      const next = await auth.answer({ challenges, actions, used, signal });
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
    secrets: [...secrets],
    hint: auth.hint(),
  });
  return {
    registry,
    label,
    send,
    refused: (response, method, action) => registryError(response, context(method, action)),
    confused: (response, method, action, why) => protocolError(response, context(method, action), why),
  };
}

/** A 401 of another host, after a redirect, is a trap; a body that was sent once cannot be sent again. */
function mayAnswer(response: HttpResponse, request: RegistryRequest, registry: URL, isOwn: boolean): boolean {
  return response.status === 401 && isOwn && isSameOrigin(response.url, registry) && request.body?.once !== true;
}
