/**
 * Documents that people write: YAML, or JSON, checked by a schema, with errors that say where and what was meant.
 *
 * @module
 */

import type * as z from "zod";
import type { LadingError } from "../errors.js";
import { formatPath } from "../oci/json-parser.js";
import { nearest } from "../package/nearest.js";
import { type Position, parseYaml, refuseYaml, type YamlDocument } from "./yaml.js";

/** The keys that a document may have at a path of it. */
export type KnownKeys = (path: readonly PropertyKey[]) => readonly string[];

/** What a text has to be. */
export interface Wanted<T> {
  /** Names the document in messages. */
  readonly path: string;
  /** What it is to people: `recipe`. */
  readonly kind: string;
  readonly schema: z.ZodType<T>;
  readonly knownKeys: KnownKeys;
}

/**
 * Reads a document.
 *
 * @throws {LadingError} `TOO_LARGE` above 1 MiB.
 * @throws {LadingError} `SYNTAX`, with path, line and column, when it is no YAML or not of the schema. The message tells
 * the first problem in the text, and how many more there are.
 */
export function readDocument<T>(
  text: string,
  { schema, ...wanted }: Wanted<T>,
): { readonly data: T; readonly document: YamlDocument } {
  const document = parseYaml(text, wanted);
  const { data, error } = schema.safeParse(document.value, { reportInput: true });
  if (error !== undefined) throw refuse(wanted, document, error.issues);
  return { data, document };
}

/** Problems that are looked at; enough for any text that is meant to be a recipe. */
const MAX_PROBLEMS = 100;

type Issue = z.core.$ZodIssue;

interface Problem extends Position {
  readonly message: string;
  /** Lower comes first. */
  readonly rank: number;
}

function refuse(
  { path, kind, knownKeys }: Omit<Wanted<unknown>, "schema">,
  document: YamlDocument,
  issues: readonly Issue[],
): LadingError<"SYNTAX"> {
  const problems = issues.slice(0, MAX_PROBLEMS).flatMap((issue) => problemsOf(issue, [], document, knownKeys));
  // What is missing has no place of its own, and mostly stands there misspelt.
  problems.sort((left, right) => left.rank - right.rank || left.line - right.line || left.column - right.column);
  const [first = { line: 1, column: 1, rank: 0, message: `it is no ${kind}` }, ...others] = problems;
  return refuseYaml(
    { path, kind },
    first,
    `${first.message}${others.length > 0 ? ` (and ${others.length} more)` : ""}`,
  );
}

/** What an issue says to a person; `prefix` is the path of the union that it comes from. */
function problemsOf(
  issue: Issue,
  prefix: readonly PropertyKey[],
  document: YamlDocument,
  knownKeys: KnownKeys,
): Problem[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.slice(0, MAX_PROBLEMS).map((key) => ({
      ...document.locate([...path, key], "key"),
      rank: 0,
      message: `${showPath(path)}unknown key ${show(key)}; ${remedy(key, knownKeys(path))}`,
    }));
  }
  if (issue.code === "invalid_union") {
    const meant = issue.errors.find((branch) =>
      branch.some(({ code, path: within }) => code !== "invalid_type" || within.length > 0),
    );
    if (meant !== undefined) return meant.flatMap((each) => problemsOf(each, path, document, knownKeys));
  }
  const isKey = issue.code === "invalid_key";
  const message = isKey ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  const found = isKey ? `key ${show(issue.input)}, ` : showFound(issue.input, message);
  return [
    {
      ...document.locate(path, isKey ? "key" : "value"),
      rank: issue.input === undefined ? 1 : 0,
      message: `${showPath(isKey ? path.slice(0, -1) : path)}${found}${message}`,
    },
  ];
}

function remedy(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return near === undefined ? `expected one of ${known.join(", ")}` : `did you mean ${show(near)}?`;
}

function showPath(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "";
  return `${formatPath(path.map((step) => (typeof step === "number" ? step : String(step))))}: `;
}

/** The value that was found, unless the message tells it already. */
function showFound(value: unknown, message: string): string {
  if (!message.startsWith("expected")) return "";
  if (value === undefined) return "missing, ";
  if (value === null) return "found nothing, ";
  if (Array.isArray(value)) return "found a list, ";
  if (typeof value === "object") return "found keys with values, ";
  return `found ${show(value)}, `;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
