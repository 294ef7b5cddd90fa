/**
 * Changing a file of logins: what others wrote there stays, and nobody ever sees half of it.
 *
 * @module
 */

import { chmod, mkdir, realpath } from "node:fs/promises";
import { dirname } from "node:path";
import { ioError } from "../errors.js";
import { acquireLock } from "../store/lock.js";
import { createTemporaryFile, syncFolder } from "../store/write-file.js";
import type { IoOptions } from "../stream/bytes.js";
import { parseAuthFile } from "./auth-file.js";
import { readAuthText } from "./auth-files.js";

/** A file of logins as JSON has it. */
export type AuthJson = Readonly<Record<string, unknown>>;

/**
 * Replaces a file of logins by what `edit` makes of it, readable by its owner alone. Two processes that do so wait for each
 * other; a symbolic link stays one.
 *
 * @param edit Gives the new content; undefined leaves the file as it is.
 * @throws {LadingError} `SYNTAX` where the file is malformed, before it is changed; `EXISTS` where another process holds its
 * lock, `path.lock`; `IO` where it cannot be written.
 */
export async function editAuthFile(
  path: string,
  edit: (before: AuthJson) => AuthJson | undefined,
  { signal }: IoOptions = {},
): Promise<void> {
  const file = await realpath(path).catch(() => path);
  const folder = dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error) => {
    throw ioError(error, "make the folder", folder);
  });
  const lock = await acquireLock(`${file}.lock`, { signal, deadlineMs: 30_000 });
  try {
    const text = await readAuthText({ path: file });
    if (text !== undefined) parseAuthFile(text, path);
    const after = edit(text === undefined ? {} : JSON.parse(text));
    if (after !== undefined) await replace(file, `${JSON.stringify(after, null, "\t")}\n`);
  } finally {
    await lock.release();
  }
}

async function replace(file: string, text: string): Promise<void> {
  const temporary = await createTemporaryFile(dirname(file));
  try {
    await chmod(temporary.path, 0o600);
    await temporary.handle.writeFile(text);
    await temporary.commit(file);
    await syncFolder(dirname(file));
  } catch (error) {
    throw ioError(error, "write credentials to", file);
  } finally {
    await temporary.discard();
  }
}
