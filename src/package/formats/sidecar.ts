/**
 * The JSON document beside a package file.
 *
 * @module
 */

import { ioError } from "../../errors.js";
import { collect, type IoOptions } from "../../stream/bytes.js";
import { readFile } from "../../stream/file.js";
import { files } from "../../stream/files.js";

/** Bytes that a document may have (4 MiB). */
const MAX_DOCUMENT = 4 * 1024 * 1024;
const SUFFIX = /\.(?:tar(?:\.(?:gz|bz2|xz|zst))?|tgz|tbz2|txz|tzst|deb)$/i;

async function isFile(path: string): Promise<boolean> {
  try {
    return (await files.stat(path)).isFile();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") return false;
    throw ioError(error, "look for the document", path);
  }
}

/**
 * The path of the document that belongs to a package file: the file's own path with `.json` after it, else with `.json` in
 * place of its suffix (`.tar`, `.tar.gz`, `.tgz`, `.tar.bz2`, `.tbz2`, `.tar.xz`, `.txz`, `.tar.zst`, `.tzst`, `.deb`), where
 * there is such a file; else undefined.
 *
 * @throws {LadingError} `IO` when the operating system says no.
 */
export async function findSidecar(path: string): Promise<string | undefined> {
  const candidates = [`${path}.json`, ...(SUFFIX.test(path) ? [path.replace(SUFFIX, ".json")] : [])];
  for (const candidate of candidates) if (await isFile(candidate)) return candidate;
  return undefined;
}

/** The document's bytes. Throws `TOO_LARGE` above 4 MiB, `IO`, `CHANGED`. */
export async function readSidecar(path: string, options: IoOptions = {}): Promise<Buffer> {
  return await collect(readFile(path, { signal: options.signal }), MAX_DOCUMENT, JSON.stringify(path));
}
