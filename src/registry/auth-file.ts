/**
 * Files of credentials, as docker, podman and skopeo write them.
 *
 * ```json
 * {
 *   "auths": {"registry.example/team": {"auth": "base64 of user:password"}, "other.example": {"identitytoken": "…"}},
 *   "credHelpers": {"third.example": "pass"},
 *   "credsStore": "secretservice"
 * }
 * ```
 *
 * @see https://github.com/containers/image/blob/v5.24.1/docs/containers-auth.json.5.md
 * @module
 */

import { LadingError } from "../errors.js";
import type { Place } from "./place.js";

/** What opens a registry. Every field is a secret but `username`. */
export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  /** Exchanged for tokens at the token server; never sent to the registry. */
  readonly identityToken?: string;
  /** Sent as it is. */
  readonly registryToken?: string;
}

/** Logins by registry or namespace, as yet unread. */
export type Entries = Readonly<Record<string, unknown>>;

/** What a file says. */
export interface AuthDocument {
  readonly auths: Entries;
  /** By registry: the program `docker-credential-<name>` that knows its login. */
  readonly credHelpers: Entries;
  /** The program that knows all others. */
  readonly credsStore: string | undefined;
}

const HUB_NAMES: ReadonlySet<string> = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

/**
 * Reads a file.
 *
 * @param path Names the file in errors; its content never does.
 * @param legacy True for `~/.dockercfg`, which holds the map alone.
 * @throws {LadingError} `SYNTAX` where it is not such a document.
 */
export function parseAuthFile(text: string, path: string, legacy = false): AuthDocument {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    // The parser's own message quotes the content.
    throw malformed(path, "it is not JSON");
  }
  if (!isRecord(document)) throw malformed(path, "it is not an object");
  if (legacy) return { auths: document, credHelpers: {}, credsStore: undefined };
  const { auths, credHelpers, credsStore } = document;
  const record = (value: unknown, name: string): Entries => {
    if (isRecord(value ?? {})) return (value ?? {}) as Entries;
    throw malformed(path, `"${name}" is not an object`);
  };
  if (!["string", "undefined"].includes(typeof credsStore)) throw malformed(path, '"credsStore" is not a string');
  return {
    auths: record(auths, "auths"),
    credHelpers: record(credHelpers, "credHelpers"),
    credsStore: credsStore === "" ? undefined : (credsStore as string | undefined),
  };
}

/** A credential helper that a file names. */
export interface NamedHelper {
  readonly name: string;
  /** Is it named for this registry, not for all? */
  readonly own: boolean;
}

/**
 * The credential helper that knows a registry's login; undefined where the file names none.
 *
 * @throws {LadingError} `SYNTAX` where its name is no name: it becomes a part of a program's.
 */
export function findHelper(document: AuthDocument, registry: string, path: string): NamedHelper | undefined {
  const wanted = hostOfKey(registry);
  const key = Object.keys(document.credHelpers).find((each) => hostOfKey(each) === wanted);
  const name = (key === undefined ? undefined : document.credHelpers[key]) || document.credsStore;
  if (name === undefined) return undefined;
  if (typeof name !== "string" || !/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
    throw malformed(path, "the name of a credential helper is not letters, digits, dots, dashes and underscores");
  }
  return { name, own: name !== document.credsStore };
}

/** The keys of a file that stand for a registry as a whole. */
export function keysOf(entries: Entries, registry: string): readonly string[] {
  const wanted = hostOfKey(registry);
  return Object.keys(entries).filter((key) => hostOfKey(key) === wanted);
}

/** What programs call a registry in their files: Docker Hub has its first address there. */
export function serverOf(registry: string): string {
  return hostOfKey(registry) === "docker.io" ? "https://index.docker.io/v1/" : registry;
}

/**
 * The credentials for a repository: of the longest key among `registry/team/name`, `registry/team`, `registry`, else of a
 * key that names the registry by a URL or by one of Docker Hub's other names. Empty entries only say that a credential
 * helper knows, and are passed over.
 *
 * @throws {LadingError} `SYNTAX` where the entry cannot be read.
 */
export function findCredentials(entries: Entries, place: Place, path: string): Credentials | undefined {
  const segments = place.repository.split("/").filter((segment) => segment !== "");
  for (let count = segments.length; count >= 0; count--) {
    const found = credentialsAt(entries, [place.registry, ...segments.slice(0, count)].join("/"), path);
    if (found !== undefined) return found;
  }
  for (const key of keysOf(entries, place.registry)) {
    const found = credentialsAt(entries, key, path);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The registry that a whole key stands for; a key with a namespace stands for no other. */
function hostOfKey(key: string): string | undefined {
  const host = /^https?:\/\//i.test(key)
    ? key.replace(/^https?:\/\//i, "").replace(/\/.*$/, "")
    : key.replace(/\/(v[12]\/?)?$/, "");
  if (host.includes("/")) return undefined;
  return HUB_NAMES.has(host) ? "docker.io" : host;
}

function credentialsAt(entries: Entries, key: string, path: string): Credentials | undefined {
  const entry = Object.hasOwn(entries, key) ? entries[key] : undefined;
  if (entry === undefined || entry === null) return undefined;
  if (!isRecord(entry)) throw malformed(path, `the entry of "${key}" is not an object`);
  const text = (name: string): string | undefined => {
    const value = entry[name];
    if (value !== undefined && typeof value !== "string")
      throw malformed(path, `"${name}" of "${key}" is not a string`);
    return value === "" ? undefined : value;
  };
  const registryToken = text("registrytoken");
  const identityToken = text("identitytoken");
  const pair = decodePair(text("auth"), key, path) ?? { username: text("username"), password: text("password") };
  if (registryToken !== undefined) return { registryToken };
  if (identityToken !== undefined || pair.username === "<token>") {
    const token = identityToken ?? pair.password;
    if (token === undefined) return undefined;
    // Docker keeps the user's name beside the token, without a password.
    const username = pair.username === "<token>" ? undefined : pair.username;
    return { identityToken: token, ...(username && { username }) };
  }
  const { username, password } = pair;
  return username === undefined || password === undefined ? undefined : { username, password };
}

/** `auth`: base64 of the user, a colon and the password, which may hold more colons. Some writers pad it with NULs. */
function decodePair(auth: string | undefined, key: string, path: string) {
  if (auth === undefined) return undefined;
  const text = Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "");
  const colon = text.indexOf(":");
  if (colon <= 0 || !/^[A-Za-z0-9+/_-]+=*$/.test(auth.trim())) {
    throw malformed(path, `"auth" of "${key}" is not base64 of user:password`);
  }
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function malformed(path: string, why: string): LadingError<"SYNTAX"> {
  const message = `Cannot read credentials from "${path}": ${why}; log in again, or remove the file`;
  return new LadingError("SYNTAX", message, { kind: "credentials", path });
}
