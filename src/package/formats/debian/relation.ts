/**
 * Relations between Debian packages: `libc6 (>= 2.36), default-mta | mail-transport-agent`.
 *
 * ```
 * field       = relation *("," relation)
 * relation    = alternative *("|" alternative)
 * alternative = name [":" architecture] ["(" operator version ")"] ["[" architectures "]"]
 * ```
 *
 * @see https://www.debian.org/doc/debian-policy/ch-relationships.html
 * @see https://manpages.debian.org/bookworm/dpkg-dev/deb-control.5.en.html
 * @module
 */

import { isLadingError, LadingError } from "../../../errors.js";
import type { Alternatives, RangeOperator, Requirement, VersionRange } from "../../capability.js";
import { matchesArchitectures } from "./restriction.js";
import { parseDebianVersion } from "./version.js";

/** Where a field stands and how it is read. */
export interface RelationContext {
  /** The field's name, for messages. */
  readonly field: string;
  /** The package, as messages name it. */
  readonly source: string;
  /** Debian's name of the package's architecture, by which `[amd64]` is decided; `all` decides nothing. */
  readonly architecture: string;
  /** May `a | b` stand there (true)? It may not in `Provides`, `Conflicts` and `Breaks`. */
  readonly alternatives?: boolean;
}

/** `<` and `>` are obsolete and mean what they meant: at most, at least. No operator is an exact version, as for dpkg. */
const OPERATORS: ReadonlyMap<string, RangeOperator> = new Map([
  ["", "="],
  ["<<", "<<"],
  ["<=", "<="],
  ["<", "<="],
  ["=", "="],
  [">=", ">="],
  [">", ">="],
  [">>", ">>"],
]);

const SPACE = /\s*/y;
const NAME = /[A-Za-z0-9][A-Za-z0-9+._-]*/y;
const QUALIFIER = /:([A-Za-z0-9-]*)/y;
const RANGE = /\(\s*([<>=]*)\s*([^\s()]*)\s*\)/y;
const RESTRICTION = /\[([^\][]*)\]/y;
/** A package's name, in UTF-16 code units. */
const MAX_NAME = 255;

/** A place in a field's text. */
interface Cursor {
  readonly text: string;
  readonly context: RelationContext;
  at: number;
}

function refuse(
  { text, context, at }: Cursor,
  why: string,
  remedy = "ask the package's maker to correct it",
): LadingError {
  const { field, source } = context;
  const rest = text.slice(at, at + 40);
  const where = rest === "" ? "at its end" : `at ${JSON.stringify(rest)}`;
  const message = `Cannot read field ${field} of ${JSON.stringify(source)}: character ${at + 1}, ${where}: ${why}; ${remedy}`;
  return new LadingError("SYNTAX", message, {
    kind: "relation",
    path: source,
    input: text.slice(0, 200),
    column: at + 1,
  });
}

/** What the pattern matches here, if it does; the cursor moves behind it and the space that follows. */
function take(cursor: Cursor, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = cursor.at;
  const match = pattern.exec(cursor.text);
  if (match === null) return undefined;
  SPACE.lastIndex = pattern.lastIndex;
  SPACE.exec(cursor.text);
  cursor.at = SPACE.lastIndex;
  return match;
}

function readName(cursor: Cursor): string {
  const start = cursor.at;
  if (cursor.text.startsWith("${", start)) {
    throw refuse(cursor, "a substitution variable was left unfilled", "build the package again with its tools");
  }
  NAME.lastIndex = start;
  const name = NAME.exec(cursor.text)?.[0];
  if (name === undefined) throw refuse(cursor, "expected a package's name");
  if (name.length > MAX_NAME) throw refuse(cursor, `a package's name has more than ${MAX_NAME} characters`);
  cursor.at = start + name.length;
  // dpkg folds the case of names when it looks packages up.
  return name.toLowerCase();
}

function readQualifier(cursor: Cursor): string | undefined {
  const start = cursor.at;
  const match = take(cursor, QUALIFIER);
  if (match === undefined) {
    take(cursor, SPACE);
    return undefined;
  }
  const architecture = match[1] ?? "";
  if (architecture !== "" && architecture !== "native") return architecture;
  throw refuse(
    { ...cursor, at: start },
    `":${architecture}" is not for binary packages, expected :any or an architecture`,
  );
}

function readRange(cursor: Cursor): VersionRange | undefined {
  if (cursor.text[cursor.at] !== "(") return undefined;
  const start = { ...cursor };
  const match = take(cursor, RANGE);
  if (match === undefined) throw refuse(start, "expected (OPERATOR VERSION)");
  const operator = OPERATORS.get(match[1] ?? "");
  if (operator === undefined) throw refuse(start, `operator "${match[1]}" is unknown, expected one of << <= = >= >>`);
  try {
    parseDebianVersion(match[2] ?? "");
  } catch (error) {
    throw isLadingError(error) ? refuse(start, error.message) : error;
  }
  return { operator, version: match[2] ?? "" };
}

/** Does an architecture restriction, if there is one, let the alternative stand? */
function readRestriction(cursor: Cursor): boolean {
  if (cursor.text[cursor.at] === "<") throw refuse(cursor, "build profiles are not for binary packages");
  if (cursor.text[cursor.at] !== "[") return true;
  const start = { ...cursor };
  const names = (take(cursor, RESTRICTION)?.[1] ?? "").split(/\s+/).filter((name) => name !== "");
  const matches = matchesArchitectures(names, cursor.context.architecture);
  if (matches !== undefined) return matches;
  const { architecture } = cursor.context;
  throw refuse(
    start,
    architecture === "all" ? "a package for all architectures cannot restrict them" : "expected [ARCHITECTURE …]",
  );
}

function readAlternative(cursor: Cursor): Requirement | undefined {
  const name = readName(cursor);
  const architecture = readQualifier(cursor);
  const range = readRange(cursor);
  const stands = readRestriction(cursor);
  if (!stands) return undefined;
  return { type: "package", name, ...(range ? { range } : {}), ...(architecture ? { architecture } : {}) };
}

function readRelation(cursor: Cursor): Alternatives {
  const anyOf: Requirement[] = [];
  for (;;) {
    const alternative = readAlternative(cursor);
    if (alternative) anyOf.push(alternative);
    if (cursor.text[cursor.at] !== "|") return anyOf;
    if (cursor.context.alternatives === false)
      throw refuse(cursor, "alternatives are not for this field, expected a comma");
    cursor.at++;
    take(cursor, SPACE);
  }
}

/**
 * Reads a field of relations, in its order. A relation whose alternatives are all for other architectures is left out.
 * Names come back in lower case.
 *
 * @throws {LadingError} `SYNTAX`, with the field and the column, for anything outside of the grammar: an empty relation, an
 * unknown operator, a version that is none, `:native`, a build profile, an unfilled `${…}`, `|` where it may not stand.
 */
export function parseRelations(text: string, context: RelationContext): readonly Alternatives[] {
  const cursor: Cursor = { text, context, at: 0 };
  const relations: Alternatives[] = [];
  take(cursor, SPACE);
  if (cursor.at === text.length) return relations;
  for (;;) {
    const anyOf = readRelation(cursor);
    if (anyOf.length > 0) relations.push(anyOf);
    if (cursor.at === text.length) return relations;
    if (text[cursor.at] !== ",") throw refuse(cursor, "expected a comma or the end");
    cursor.at++;
    take(cursor, SPACE);
  }
}
