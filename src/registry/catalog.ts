/**
 * The repositories of a registry.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { createHttpClient } from "../http/client.js";
import type { IoOptions } from "../stream/bytes.js";
import type { RegistryStoreOptions } from "./client.js";
import { createSession } from "./session.js";
import { fetchRepositoryNames } from "./tag-list.js";

/**
 * Lists the repositories of a registry, sorted.
 *
 * @param registry `host` or `host:port`.
 * @throws {LadingError} `UNSUPPORTED` where the registry keeps no such list, as Docker Hub; `REGISTRY` where it says no; `NETWORK`
 * where no answer comes.
 */
export async function listRepositories(
  registry: string,
  options: RegistryStoreOptions & IoOptions = {},
): Promise<readonly string[]> {
  const client = options.client ?? createHttpClient({ ...options.network, insecure: options.insecure });
  const session = createSession({ registry, repository: "" }, { ...options, client });
  const names = await fetchRepositoryNames(session, options);
  if (names !== undefined) return names;
  const message = `Cannot list the repositories of ${session.label}: this registry keeps no list of them; name a repository`;
  throw new LadingError("UNSUPPORTED", message, { what: "listing repositories" });
}
