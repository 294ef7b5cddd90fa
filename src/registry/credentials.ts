/**
 * Where credentials are looked for.
 *
 * @module
 */

import { open } from "node:fs/promises";
import { join } from "node:path";
import { ioError, LadingError } from "../errors.js";
import type { IoOptions } from "../stream/bytes.js";
import { type Credentials, findCredentials, parseAuthFile } from "./auth-file.js";
import type { Place } from "./place.js";

/** Finds what opens a repository; undefined asks for anonymous access. */
export type CredentialSource = (place: Place, options?: IoOptions) => Promise<Credentials | undefined>;

/** Whose logins are looked up. */
export interface CredentialOptions {
  /** The environment: nothing is read from the process's own. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's number, for `/run/containers/<uid>/auth.json` where XDG_RUNTIME_DIR is not set (none). */
  readonly uid?: number | undefined;
}

/** Bytes of a file of credentials (1 MiB). */
const FILE_LIMIT = 1024 * 1024;

interface AuthFile {
  readonly path: string;
  readonly legacy?: boolean;
  /** A place that may be closed to the user. */
  readonly optional?: boolean;
}

/**
 * Looks in the usual places; the first that knows the repository wins:
 *
 * 1. the text of `DOCKER_AUTH_CONFIG`;
 * 2. the file `REGISTRY_AUTH_FILE`, which ends the search;
 * 3. `$XDG_RUNTIME_DIR/containers/auth.json`;
 * 4. `${XDG_CONFIG_HOME:-~/.config}/containers/auth.json`;
 * 5. `${DOCKER_CONFIG:-~/.docker}/config.json`;
 * 6. `~/.dockercfg`.
 *
 * A file that is not there is passed over, and so is one below `/run` that may not be read. The source throws `SYNTAX` where one is malformed, `TOO_LARGE` where it has more
 * than 1 MiB, and `IO` where it may not be read.
 */
export function createCredentialSource({ env, uid }: CredentialOptions): CredentialSource {
  return async (place, options) => {
    const text = env.DOCKER_AUTH_CONFIG;
    if (text !== undefined && text !== "") {
      const found = findCredentials(parseAuthFile(text, "$DOCKER_AUTH_CONFIG"), place, "$DOCKER_AUTH_CONFIG");
      if (found !== undefined) return found;
    }
    for (const file of listAuthFiles(env, uid)) {
      options?.signal?.throwIfAborted();
      const { path, legacy } = file;
      const content = await readAuthFile(file);
      if (content === undefined) continue;
      const found = findCredentials(parseAuthFile(content, path, legacy), place, path);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

function listAuthFiles(env: CredentialOptions["env"], uid: number | undefined): readonly AuthFile[] {
  const value = (name: string) => (env[name] === "" ? undefined : env[name]);
  const only = value("REGISTRY_AUTH_FILE");
  if (only !== undefined) return [{ path: only }];
  const home = value("HOME") ?? value("USERPROFILE");
  const runtime = value("XDG_RUNTIME_DIR");
  const config = value("XDG_CONFIG_HOME") ?? (home && join(home, ".config"));
  const docker = value("DOCKER_CONFIG") ?? (home && join(home, ".docker"));
  const files: (AuthFile | undefined)[] = [
    runtime === undefined ? undefined : { path: join(runtime, "containers/auth.json") },
    runtime !== undefined || uid === undefined
      ? undefined
      : { path: `/run/containers/${uid}/auth.json`, optional: true },
    config === undefined ? undefined : { path: join(config, "containers/auth.json") },
    docker === undefined ? undefined : { path: join(docker, "config.json") },
    home === undefined ? undefined : { path: join(home, ".dockercfg"), legacy: true },
  ];
  return files.filter((file) => file !== undefined);
}

async function readAuthFile({ path, optional: isOptional = false }: AuthFile): Promise<string | undefined> {
  try {
    const handle = await open(path, "r");
    try {
      const buffer = Buffer.alloc(FILE_LIMIT + 1);
      let size = 0;
      for (let read = -1; read !== 0 && size <= FILE_LIMIT; size += read) {
        read = (await handle.read(buffer, size, buffer.byteLength - size)).bytesRead;
      }
      if (size > FILE_LIMIT) throw tooLarge(path);
      return buffer.toString("utf8", 0, size);
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    // `/run/containers` is closed to users once root has run podman; nothing there was meant for this user.
    if (isOptional && (code === "EACCES" || code === "EPERM")) return undefined;
    throw ioError(error, "read credentials from", path);
  }
}

function tooLarge(path: string): LadingError<"TOO_LARGE"> {
  const message = `Cannot read credentials from "${path}": it is larger than ${FILE_LIMIT} bytes; check the path`;
  return new LadingError("TOO_LARGE", message, { what: path, limit: FILE_LIMIT });
}
