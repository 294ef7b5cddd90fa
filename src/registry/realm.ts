/**
 * Which token servers may be asked on behalf of a registry, and which may see its credentials.
 *
 * A registry names its token server in a header. A registry that means harm could point at a service inside the network,
 * or at a server of its own that collects passwords.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { isInternalHost, isLoopbackHost } from "../http/host.js";
import { redactUrl } from "../http/redact.js";

/** Token servers that are known to belong to a registry on another host. */
const KNOWN: Readonly<Record<string, string>> = { "registry-1.docker.io": "auth.docker.io" };

/**
 * The URL of a token server, its own query kept.
 *
 * @throws {LadingError} `REGISTRY` where it is not a URL, carries a user name, is not https although the registry is, or
 * names an address inside the network on another host than the registry's. A registry on this machine may name others here.
 */
export function parseRealm(realm: string | undefined, registry: URL): URL {
  if (realm === undefined || !URL.canParse(realm)) throw refuse(registry, "it names no token server");
  const url = new URL(realm);
  const shown = `its token server "${redactUrl(url)}"`;
  if (url.protocol !== "https:" && url.protocol !== "http:") throw refuse(registry, `${shown} is not http or https`);
  if (url.username !== "" || url.password !== "") throw refuse(registry, `${shown} carries a user name`);
  if (registry.protocol === "https:" && url.protocol !== "https:") throw refuse(registry, `${shown} is not https`);
  const sameHost = url.hostname === registry.hostname;
  const bothHere = isLoopbackHost(url.hostname) && isLoopbackHost(registry.hostname);
  if (!sameHost && !bothHere && isInternalHost(url.hostname)) {
    throw refuse(registry, `${shown} is an address inside the network`);
  }
  return url;
}

/**
 * May the token server see the registry's credentials? Yes on the same host, on a host above or below it
 * (`registry.gitlab.com` and `gitlab.com`), where both are this machine, for Docker Hub's own, and where `trusted` has it.
 */
export function isTrustedRealm(realm: URL, registry: URL, trusted: readonly string[]): boolean {
  const [at, home] = [realm.hostname, registry.hostname];
  if (at === home || KNOWN[home] === at || trusted.includes(at) || trusted.includes(realm.host)) return true;
  if (isLoopbackHost(at)) return isLoopbackHost(home);
  const isName = (host: string) => host.includes(".") && !/^[\d.]+$|^\[/.test(host);
  return isName(at) && isName(home) && (home.endsWith(`.${at}`) || at.endsWith(`.${home}`));
}

function refuse(registry: URL, why: string): LadingError<"REGISTRY"> {
  const url = redactUrl(registry);
  const message = `Cannot log in to "${registry.host}": ${why}; check the address, and ask the registry's owner`;
  return new LadingError("REGISTRY", message, { status: 401, method: "GET", url, errors: [], retryable: false });
}
