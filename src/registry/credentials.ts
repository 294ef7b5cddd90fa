/**
 * Where credentials are looked for.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { IoOptions } from "../stream/bytes.js";
import { type AuthDocument, type Credentials, findCredentials, findHelper, parseAuthFile } from "./auth-file.js";
import { type CredentialOptions, listAuthFiles, readAuthFile } from "./auth-files.js";
import type { Place } from "./place.js";

/** Finds what opens a repository; undefined asks for anonymous access. */
export type CredentialSource = (place: Place, options?: IoOptions) => Promise<Credentials | undefined>;

/**
 * Looks in the usual places; the first that knows the repository wins:
 *
 * 1. the text of `DOCKER_AUTH_CONFIG`;
 * 2. the file `authFile`, else `REGISTRY_AUTH_FILE`, which ends the search;
 * 3. `$XDG_RUNTIME_DIR/containers/auth.json`;
 * 4. `${XDG_CONFIG_HOME:-~/.config}/containers/auth.json`;
 * 5. `${DOCKER_CONFIG:-~/.docker}/config.json`;
 * 6. `~/.dockercfg`.
 *
 * In each the program that `credHelpers` names for the registry is asked first, else that of `credsStore`, then `auths`. A
 * file that is not there is passed over, unless `authFile` names it, and so is one below `/run` that may not be read, and a
 * `credsStore` that is not installed: homes are shared between machines.
 *
 * @throws {LadingError} From the source: `SYNTAX` where a file is malformed or names no possible helper, `TOO_LARGE` where it
 * has more than 1 MiB, `IO` where it may not be read or `authFile` is not there, `CREDENTIALS` where a helper fails or takes too long.
 */
export function createCredentialSource(options: CredentialOptions): CredentialSource {
  return async (place, io) => {
    const text = options.authFile === undefined ? options.env.DOCKER_AUTH_CONFIG : undefined;
    if (text !== undefined && text !== "") {
      const found = await ask(parseAuthFile(text, "$DOCKER_AUTH_CONFIG"), place, "$DOCKER_AUTH_CONFIG");
      if (found !== undefined) return found;
    }
    for (const file of listAuthFiles(options)) {
      io?.signal?.throwIfAborted();
      const document = await readAuthFile(file);
      // Somebody named it, and means to be known.
      if (document === undefined && options.authFile !== undefined) throw noSuchFile(file.path);
      const found = document === undefined ? undefined : await ask(document, place, file.path, io?.signal);
      if (found !== undefined) return found;
    }
    return undefined;
  };

  async function ask(document: AuthDocument, place: Place, path: string, signal?: AbortSignal) {
    const helper = findHelper(document, place.registry, path);
    if (helper !== undefined) {
      const { fetchFromHelper } = await import("./credential-helper.js");
      const found = await fetchFromHelper(helper, place.registry, { ...options, signal });
      if (found !== undefined) return found;
    }
    return findCredentials(document.auths, place, path);
  }
}

function noSuchFile(path: string): LadingError<"IO"> {
  const message = `Cannot read credentials from "${path}": there is no such file; check the path, or log in with it`;
  return new LadingError("IO", message, { path, errno: "ENOENT" });
}
