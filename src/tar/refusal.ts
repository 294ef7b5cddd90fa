/**
 * The errors with which a tar archive is refused.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { describeContent } from "../stream/detect.js";
import { escapePath } from "./escape.js";

/** The archive is damaged, or made so that readers disagree. `offset` counts uncompressed bytes. */
export function corruptTar(why: string, offset: number): LadingError<"CORRUPT"> {
  const message = `Cannot read tar archive: ${why} at byte ${offset}; fetch or build the archive again`;
  return new LadingError("CORRUPT", message, { what: "tar archive", why, offset });
}

/** An entry that would do harm or that lading does not carry. `path` is bytes as in `Entry.path`. */
export function unsafeEntry(path: string, why: string): LadingError<"UNSAFE_ENTRY"> {
  const shown = escapePath(path.length > 300 ? `${path.slice(0, 300)}...` : path);
  const message = `Cannot take tar entry "${shown}": ${why}; build the archive without it`;
  return new LadingError("UNSAFE_ENTRY", message, { path: shown, why });
}

/** Something in the archive is larger than any honest archive needs. */
export function tooLarge(what: string, limit: number, actual: number): LadingError<"TOO_LARGE"> {
  const message = `Cannot read tar archive: ${what} of ${actual}, expected at most ${limit}; build the archive without it`;
  return new LadingError("TOO_LARGE", message, { what, limit, actual });
}

/** The first block is not a tar header at all. `head` is that block, or what there is of it. */
export function notTar(head: Uint8Array): LadingError<"FORMAT"> {
  const found = describeContent(head);
  const message = `Cannot read tar archive: it is ${found}, expected a tar archive; name a tar archive`;
  return new LadingError("FORMAT", message, { wanted: "tar archive", found });
}
