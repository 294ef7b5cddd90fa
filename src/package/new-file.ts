/**
 * A file for the user, whole or not at all.
 *
 * @module
 */

import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { ioError, LadingError } from "../errors.js";
import { createTemporaryFile, syncFolder } from "../store/write-file.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";

async function checkDestination(path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there === undefined || there.isFile()) return;
  const found = there.isDirectory() ? "a folder" : "a device or pipe";
  const message = `Cannot write "${path}": it is ${found}, expected a file or nothing; name a file`;
  throw new LadingError("FORMAT", message, { wanted: "a file", found, path });
}

/**
 * Writes a stream to a file. A file that is there is replaced; the folder is made where it is missing.
 *
 * @returns Bytes that were written.
 * @throws {LadingError} `FORMAT` where something other than a file is there; `IO`; what the stream throws.
 */
export async function writeNewFile(path: string, open: () => ByteStream, { signal }: IoOptions = {}): Promise<number> {
  await checkDestination(path);
  const folder = dirname(resolve(path));
  const file = await createTemporaryFile(folder);
  let size = 0;
  try {
    for await (const chunk of open()) {
      signal?.throwIfAborted();
      for (let at = 0; at < chunk.byteLength; ) at += (await file.handle.write(chunk, at)).bytesWritten;
      size += chunk.byteLength;
    }
    await file.commit(path);
    await syncFolder(folder);
    return size;
  } catch (error) {
    throw ioError(error, "write", path);
  } finally {
    await file.discard();
  }
}
