/**
 * The key that signs tokens, kept in a file so that logins outlast the server.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { ioError, LadingError } from "../../errors.js";
import { makeFolder } from "../../store/make-folder.js";

/** Bytes. */
const KEY_BYTES = 32;

/**
 * Reads the key, or makes one that only this user can read. Servers that start at once agree on one.
 *
 * @throws {LadingError} `IO` where the file cannot be read or written; `FORMAT` where it does not hold 32 bytes.
 */
export async function loadTokenKey(path: string): Promise<Uint8Array> {
  const found = (await readKey(path)) ?? (await makeKey(path)) ?? (await readKey(path));
  if (found?.byteLength === KEY_BYTES) return found;
  const size = found?.byteLength ?? 0;
  const message = `Cannot sign tokens with "${path}": it has ${size} bytes, expected ${KEY_BYTES}; remove it, and everybody logs in again`;
  throw new LadingError("FORMAT", message, { wanted: `${KEY_BYTES} bytes`, found: `${size} bytes`, path });
}

async function readKey(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw ioError(error, "read", path);
  }
}

/** Undefined where another server has just made one. */
async function makeKey(path: string): Promise<Uint8Array | undefined> {
  const key = randomBytes(KEY_BYTES);
  const temporary = `${path}.${randomBytes(8).toString("hex")}`;
  try {
    await makeFolder(dirname(path));
    await writeFile(temporary, key, { mode: 0o600, flag: "wx", flush: true });
    await link(temporary, path);
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
    throw ioError(error, "write", path);
  } finally {
    await rm(temporary, { force: true });
  }
}
