/**
 * Which files hold logins, in the order in which they are asked.
 *
 * @module
 */

import { open } from "node:fs/promises";
import { join } from "node:path";
import { ioError, LadingError } from "../errors.js";
import { type AuthDocument, parseAuthFile } from "./auth-file.js";

/** Whose logins are looked up. */
export interface CredentialOptions {
  /** The environment: nothing is read from the process's own. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's number, for `/run/containers/<uid>/auth.json` where XDG_RUNTIME_DIR is not set (none). */
  readonly uid?: number | undefined;
  /** The one file to ask, before the environment. */
  readonly authFile?: string | undefined;
  /** Milliseconds that a credential helper may take (60 000). */
  readonly helperTimeoutMs?: number | undefined;
}

/** A place of logins. */
export interface AuthFile {
  readonly path: string;
  /** `~/.dockercfg`, which holds the map alone. */
  readonly legacy?: boolean;
  /** A place that may be closed to the user. */
  readonly optional?: boolean;
  /** Where a login goes that no file has yet. */
  readonly preferred?: boolean;
}

/** Bytes of a file of credentials (1 MiB). */
const FILE_LIMIT = 1024 * 1024;

/** The files, whether they are there or not. */
export function listAuthFiles({ env, uid, authFile }: CredentialOptions): readonly AuthFile[] {
  const value = (name: string) => (env[name] === "" ? undefined : env[name]);
  const only = authFile ?? value("REGISTRY_AUTH_FILE");
  if (only !== undefined) return [{ path: only, preferred: true }];
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
    docker === undefined ? undefined : { path: join(docker, "config.json"), preferred: true },
    home === undefined ? undefined : { path: join(home, ".dockercfg"), legacy: true },
  ];
  return files.filter((file) => file !== undefined);
}

/** What a file says; undefined where it is not there. Throws as {@link parseAuthFile}, `TOO_LARGE` and `IO`. */
export async function readAuthFile(file: AuthFile): Promise<AuthDocument | undefined> {
  const text = await readAuthText(file);
  return text === undefined ? undefined : parseAuthFile(text, file.path, file.legacy);
}

/** A file's text; undefined where it is not there. */
export async function readAuthText({ path, optional: isOptional = false }: AuthFile): Promise<string | undefined> {
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
