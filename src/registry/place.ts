/**
 * Where a registry answers.
 *
 * @module
 */

import { isLoopbackHost } from "../http/host.js";

/** A repository at a registry. The registry is `host` or `host:port`, as people write it. */
export interface Place {
  readonly registry: string;
  /** Empty where the registry is meant as a whole. */
  readonly repository: string;
}

/** Docker Hub answers elsewhere than its name says. */
const HOSTS: Readonly<Record<string, string>> = {
  "docker.io": "registry-1.docker.io",
  "index.docker.io": "registry-1.docker.io",
};

/**
 * The URL of a registry: https, but plain http on this machine and where it is allowed.
 *
 * @param insecure Allows plain http, and then uses it.
 */
export function registryUrl(registry: string, insecure = false): URL {
  const host = HOSTS[registry] ?? registry;
  const url = new URL(`https://${host}`);
  return insecure || isLoopbackHost(url.hostname) ? new URL(`http://${host}`) : url;
}

/** What a person would call the repository. */
export function formatPlace({ registry, repository }: Place): string {
  return `docker://${registry}${repository === "" ? "" : `/${repository}`}`;
}
