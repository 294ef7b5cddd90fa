/**
 * Logging in to a registry and out of it.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { createHttpClient } from "../http/client.js";
import { redactUrl } from "../http/redact.js";
import type { IoOptions } from "../stream/bytes.js";
import type { CredentialOptions } from "./auth-files.js";
import { forgetLogin, isInEnvironment, keepLogin, type UserPassword } from "./auth-keep.js";
import type { RegistryStoreOptions } from "./client.js";
import { createSession, type Session } from "./session.js";

/** Where to keep a login, and how to reach the registry. */
export interface LoginOptions extends CredentialOptions, Omit<RegistryStoreOptions, "credentials">, IoOptions {}

/** What became of a login. */
export interface LoginResult {
  readonly registry: string;
  readonly username: string;
  /** The file that keeps it, or the program `docker-credential-<name>`. */
  readonly keptIn: string;
  /** Did the registry ask for it? One that asks nobody says nothing about the password. */
  readonly checked: boolean;
  /** Does `DOCKER_AUTH_CONFIG` hold another login, which comes first? */
  readonly shadowed: boolean;
}

/** What became of a logout. */
export interface LogoutResult {
  readonly registry: string;
  /** The files and programs that had a login. */
  readonly removedFrom: readonly string[];
  /** Does `DOCKER_AUTH_CONFIG` hold one still? */
  readonly shadowed: boolean;
}

/**
 * Tries a user and password at a registry, and keeps them where they are right: in the first file of
 * `createCredentialSource` that already knows the registry, else in Docker's, or with the credential helper that the file
 * names. Files are readable by their owner alone, and what others wrote there stays.
 *
 * @param registry `host` or `host:port`.
 * @throws {LadingError} `REGISTRY` where the registry or its token server refuses them, or where its token server is on
 * another host that is not trusted; `NETWORK` where no answer comes; `CREDENTIALS` and `IO` where they cannot be kept.
 */
export async function login(registry: string, user: UserPassword, options: LoginOptions): Promise<LoginResult> {
  const checked = await tryLogin(registry, user, options);
  const keptIn = await keepLogin(registry, user, options);
  return { registry, username: user.username, keptIn, checked, shadowed: isInEnvironment(registry, options) };
}

/**
 * Forgets the login for a registry wherever lading would look for it.
 *
 * @param registry `host` or `host:port`.
 * @throws {LadingError} `CREDENTIALS` where a credential helper fails; `IO` and `SYNTAX` where a file cannot be changed.
 */
export async function logout(registry: string, options: CredentialOptions & IoOptions): Promise<LogoutResult> {
  const removedFrom = await forgetLogin(registry, options);
  return { registry, removedFrom, shadowed: isInEnvironment(registry, options) };
}

/** True where the registry asked for the login and took it; false where it asked for none. */
async function tryLogin(registry: string, user: UserPassword, options: LoginOptions): Promise<boolean> {
  const client = options.client ?? createHttpClient({ ...options.network, insecure: options.insecure });
  let isAsked = false;
  const credentials = async () => {
    isAsked = true;
    return user;
  };
  try {
    const session = createSession({ registry, repository: "" }, { ...options, client, credentials });
    const { signal } = options;
    const response = await session.send({ method: "GET", to: "", actions: "login", signal });
    await response.discard();
    if (response.status === 401 || response.status === 403) throw refused(registry, session, response.status);
    // Some answer other requests but not this one; without a question there is nothing to check.
    if (isAsked && response.status !== 200) throw await session.refused(response, "GET", "log in to");
    if (isAsked && session.isWithheld()) throw refused(registry, session, response.status);
    return isAsked;
  } finally {
    if (options.client === undefined) await client.close();
  }
}

function refused(registry: string, session: Session, status: number): LadingError<"REGISTRY"> {
  const why = session.isWithheld() ? String(session.hint()) : "check user and password";
  const said = status === 200 ? "the login was not sent" : `the registry answered ${status}`;
  const detail = { status, method: "GET", url: redactUrl(session.registry), errors: [], retryable: false };
  return new LadingError("REGISTRY", `Cannot log in to "${registry}": ${said}; ${why}`, detail);
}
