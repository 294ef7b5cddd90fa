/**
 * What a store says when something is not there.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";

const SHOWN = 8;

/** `NOT_FOUND` for a blob. */
export function blobNotFound({ digest }: Descriptor, label: string): LadingError<"NOT_FOUND"> {
  return new LadingError(
    "NOT_FOUND",
    `Cannot read blob ${digest}: it is not in ${label}; copy the image there again, or rebuild it`,
    { what: "blob", name: digest },
  );
}

/** `NOT_FOUND` for a tag; names the tags that are there. */
export function tagNotFound(name: string, label: string, known: readonly string[]): LadingError<"NOT_FOUND"> {
  const sorted = [...known].sort();
  const more = sorted.length > SHOWN ? ` and ${sorted.length - SHOWN} more` : "";
  const there = sorted.length === 0 ? "it holds no tag" : `it holds ${sorted.slice(0, SHOWN).join(", ")}${more}`;
  return new LadingError("NOT_FOUND", `Cannot find "${name}" in ${label}: ${there}`, { what: "tag", name });
}
