/**
 * The current namespace of a local store: where packages stand whose names say nothing else.
 *
 * @module
 */

import { join } from "node:path";
import { errnoOf, ioError, LadingError } from "../errors.js";
import type { Store } from "../store/store.js";
import { writeFileAtomic } from "../store/write-file.js";
import { files } from "../stream/files.js";
import { parseFqn } from "./fqn.js";

const ROOT = "/";

/**
 * Reads a namespace: `/`, or `/` and parts that are joined by `/`.
 *
 * @throws {LadingError} `SYNTAX` for anything else.
 */
export function parseNamespace(text: string): string {
  return parseFqn(`package::${text}::any`).namespace;
}

/** Where lading keeps what is its own, beside what the layout's specification knows. */
const settingsOf = (folder: string) => join(folder, ".lading");

/**
 * The current namespace of a store in a folder; `/` where none was set.
 *
 * @throws {LadingError} `SYNTAX` where the store's file holds something else; `IO`.
 */
export async function readNamespace({ layoutFolder }: Store): Promise<string> {
  if (layoutFolder === undefined) return ROOT;
  const path = join(settingsOf(layoutFolder), "namespace");
  try {
    return parseNamespace((await files.readFile(path, "utf8")).trim());
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return ROOT;
    throw ioError(error, "read the namespace", path);
  }
}

/**
 * Sets the current namespace of a store in a folder, and gives it as it is kept. Packages that are there stay where they are.
 *
 * @throws {LadingError} `SYNTAX` for what is no namespace; `UNSUPPORTED` for a store that is no folder; `IO`.
 */
export async function writeNamespace({ layoutFolder, label }: Store, text: string): Promise<string> {
  const namespace = parseNamespace(text);
  if (layoutFolder === undefined) {
    const message = `Cannot set the namespace of ${label}: it is no folder; name a store that is one`;
    throw new LadingError("UNSUPPORTED", message, { what: "namespace" });
  }
  const settings = settingsOf(layoutFolder);
  await writeFileAtomic(join(settings, "namespace"), Buffer.from(`${namespace}\n`), settings);
  return namespace;
}
