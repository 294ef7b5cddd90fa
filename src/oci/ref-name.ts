/**
 * Names of roots in an OCI layout: the annotation `org.opencontainers.image.ref.name`.
 *
 * ```text
 * ref       = component *( "/" component )
 * component = alphanum *( separator alphanum )
 * alphanum  = 1*( ALPHA / DIGIT )
 * separator = "-" / "." / "_" / ":" / "@" / "+" / "--"
 * ```
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md#pre-defined-annotation-keys
 * @module
 */

import { LadingError } from "../errors.js";

/** The annotation that holds the name. */
export const REF_NAME = "org.opencontainers.image.ref.name";

/** Characters; the specification sets no limit, registries and file systems do. */
const MAX_LENGTH = 255;
const COMPONENT = "[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*";
const GRAMMAR = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);

/** Is it 1 to 255 characters of that grammar? */
export function isRefName(text: unknown): text is string {
  return typeof text === "string" && text.length <= MAX_LENGTH && GRAMMAR.test(text);
}

/**
 * Reads a name, and gives it back as it is.
 *
 * @throws {LadingError} `SYNTAX` unless it is 1 to 255 characters of the grammar above.
 */
export function parseRefName(text: string): string {
  if (isRefName(text)) return text;
  throw refuse(text);
}

function refuse(text: string): LadingError<"SYNTAX"> {
  const shown = text.slice(0, 80);
  const why =
    text.length > MAX_LENGTH
      ? `it has ${text.length} characters, expected at most ${MAX_LENGTH}`
      : "expected letters and digits with single - . _ : @ + or / between them, such as 1.2-rc1";
  const message = `Cannot parse name ${JSON.stringify(shown)}: ${why}`;
  return new LadingError("SYNTAX", message, { kind: "ref name", input: shown });
}
