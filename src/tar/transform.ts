/**
 * What an archive's entries are to become: chosen, moved, flattened.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { entryPath } from "./path.js";

/** What an archive's entries are to become. */
export interface Transform {
  /** The folder that everything goes below, `/opt/app` (the root). Targets of symbolic links stay as they are. */
  readonly at?: string | undefined;
  /** Globs of what is taken, from the archive's root and before `at`; all below comes with it (everything). */
  readonly include?: readonly string[] | undefined;
  /** Globs of what is left out, as ignore files hold them (nothing). */
  readonly exclude?: readonly string[] | undefined;
  /** Flatten owners and permissions, see `flattenEntry()` (no). */
  readonly singleId?: boolean | undefined;
  /** Whole seconds since 1970, for the folders that `at` needs (0). */
  readonly epoch?: number | undefined;
}

/** Does it change anything? */
export function isTransform({ at, include = [], exclude = [], singleId = false }: Transform = {}): boolean {
  return folderOf(at) !== "" || include.length > 0 || exclude.length > 0 || singleId;
}

/**
 * The folder as in `Entry.path`.
 *
 * @throws {LadingError} `SYNTAX` where it is no path inside the root.
 */
export function folderOf(at = ""): string {
  const folder = Buffer.from(at).toString("latin1").replace(/^\/+/, "");
  try {
    return folder === "" ? "" : entryPath(folder, true);
  } catch (cause) {
    const message = `Cannot place files at ${JSON.stringify(at)}: it is no path inside the image, expected one such as /opt/app`;
    throw new LadingError("SYNTAX", message, { kind: "path", input: at }, { cause });
  }
}
