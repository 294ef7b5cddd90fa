/**
 * Full names of packages, `package::/namespace/path::name`, and their short forms.
 *
 * @module
 */

import { LadingError } from "../errors.js";

/** A package's full name, taken apart. */
export interface Fqn {
  /** `/`, or `/` and parts that are joined by `/`. */
  readonly namespace: string;
  /** The local name; it may hold spaces, and parts that are joined by `/`. */
  readonly name: string;
}

/** Bytes of UTF-8 that a full name may have. */
const MAX_BYTES = 255;
const WANTED = "package::/namespace::name, /namespace::name or name";
/** Control and format characters, line separators and lone surrogates: none of them can be seen. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

function refuse(text: string, why: string, wanted = WANTED): LadingError<"SYNTAX"> {
  const shown = text.slice(0, MAX_BYTES);
  return new LadingError("SYNTAX", `Cannot parse package name ${JSON.stringify(shown)}: ${why}, expected ${wanted}`, {
    kind: "package name",
    input: shown,
  });
}

function checkPart(text: string, part: string): void {
  if (part === "") throw refuse(text, "a part of it is empty");
  if (part === "." || part === "..") throw refuse(text, `it has a part "${part}"`);
  if (part.trim() !== part) throw refuse(text, "a part of it starts or ends with a space");
  if (part.startsWith(":") || part.endsWith(":")) throw refuse(text, "it has a colon too many");
}

function checkNamespace(text: string, namespace: string): void {
  if (!namespace.startsWith("/")) throw refuse(text, `its namespace ${JSON.stringify(namespace)} has no leading /`);
  if (namespace === "/") return;
  for (const part of namespace.slice(1).split("/")) checkPart(text, part);
}

function split(text: string, namespace: string): Fqn {
  const parts = text.split("::");
  const [first = "", second = "", third = ""] = parts;
  if (parts.length === 1) {
    if (first.startsWith("/")) throw refuse(text, "it is a namespace without a local name");
    return { namespace, name: first };
  }
  if (parts.length === 2) {
    if (first.startsWith("/")) return { namespace: first, name: second };
    throw refuse(text, first === "package" ? "it has no local name" : `it starts with ${JSON.stringify(first)}`);
  }
  if (parts.length > 3) throw refuse(text, "it has too many ::");
  if (first !== "package") throw refuse(text, `it names a ${JSON.stringify(first)}, not a package`);
  return { namespace: second, name: third };
}

/**
 * Reads a full name or one of its short forms.
 *
 * @param namespace What a bare name stands in (`/`).
 * @throws {LadingError} `SYNTAX` for another resource type than `package`, a missing or empty part, `.` or `..` as a part,
 * a part that starts or ends with a space, a character that cannot be seen, and more than 255 bytes of UTF-8.
 */
export function parseFqn(text: string, namespace = "/"): Fqn {
  if (INVISIBLE.test(text)) throw refuse(text, "it has a control character or another that cannot be seen");
  const fqn = split(text, namespace);
  checkNamespace(text, fqn.namespace);
  for (const part of fqn.name.split("/")) checkPart(text, part);
  const size = Buffer.byteLength(formatFqn(fqn));
  if (size > MAX_BYTES) throw refuse(text, `its full form has ${size} bytes`, `at most ${MAX_BYTES}`);
  return fqn;
}

/** The full form, `package::/namespace::name`. */
export function formatFqn({ namespace, name }: Fqn): string {
  return `package::${namespace}::${name}`;
}

/** Is it a valid name in its full form? */
export function isFqn(text: unknown): text is string {
  if (typeof text !== "string" || !text.startsWith("package::")) return false;
  try {
    parseFqn(text);
    return true;
  } catch {
    return false;
  }
}

/** The local name of a full or short name. Throws like {@link parseFqn}. */
export function localName(text: string): string {
  return parseFqn(text).name;
}
