/**
 * When garbage was collected last: a small file that changes each time.
 *
 * Who was told that a blob is there, and names it later, looks whether garbage was collected meanwhile.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { errnoOf, ioError } from "../errors.js";
import { files } from "../stream/files.js";
import { writeFileAtomic } from "./write-file.js";

const NAME = "collected";

/** A text that is another one after each collection; empty where there was none. `hidden` is lading's folder of a layout. */
export async function lastCollection(hidden: string): Promise<string> {
  const path = join(hidden, NAME);
  try {
    return await files.readFile(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return "";
    throw ioError(error, "read", path);
  }
}

/** Says that garbage is about to be collected. */
export async function noteCollection(hidden: string): Promise<void> {
  await writeFileAtomic(join(hidden, NAME), Buffer.from(randomUUID()), hidden);
}
