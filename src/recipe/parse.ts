/**
 * From the text of `lading.yaml` to a {@link Recipe}.
 *
 * @module
 */

import { posix } from "node:path";
import type * as z from "zod";
import type { LadingError } from "../errors.js";
import { formatPath } from "../oci/json-parser.js";
import { formatPlatform, type Platform, parsePlatform } from "../oci/platform.js";
import { CAPABILITY_TYPES } from "../package/capability.js";
import { nearest } from "../package/nearest.js";
import type { PackageRequest, Recipe, RecipeFiles } from "./recipe.js";
import { knownKeys, RECIPE_SCHEMA, type RecipeDocument, requirementOf } from "./schema.js";
import { type Position, parseYaml, refuseYaml, type YamlDocument } from "./yaml.js";

export interface ParseRecipeOptions {
  /** Names the document in messages (`lading.yaml`). */
  readonly path?: string | undefined;
}

/**
 * Reads a recipe.
 *
 * @throws {LadingError} `TOO_LARGE` above 1 MiB.
 * @throws {LadingError} `SYNTAX`, with path, line and column, when it is no YAML or not of the schema. The message tells
 * the first problem in the text, and how many more there are.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRecipe } from "lading";
 *
 * const recipe = parseRecipe("packages: [{runtime: node}]\nentrypoint: [node, /srv/app.js]\n");
 * assert.deepEqual(recipe.entrypoint, ["node", "/srv/app.js"]);
 * ```
 */
export function parseRecipe(text: string, { path = "lading.yaml" }: ParseRecipeOptions = {}): Recipe {
  const document = parseYaml(text, path);
  const { data, error } = RECIPE_SCHEMA.safeParse(document.value, { reportInput: true });
  if (error !== undefined) throw refuse(path, document, error.issues);
  return toRecipe(data, document);
}

function toRecipe(data: RecipeDocument, document: YamlDocument): Recipe {
  const { entrypoint, cmd, user, workdir, base } = data;
  const environment = Object.entries(data.environment ?? {});
  const written = document.writtenIn(["environment"]);
  return {
    packages: (data.packages ?? []).map(toRequest),
    files: (data.files ?? []).map(toFiles),
    environment: Object.fromEntries(
      environment.map(([name, value]) => [
        name,
        typeof value === "string" ? value : (written.get(name) ?? String(value)),
      ]),
    ),
    ...(entrypoint && { entrypoint }),
    ...(cmd && { cmd }),
    ...(user !== undefined && { user: String(user) }),
    ...(workdir !== undefined && { workdir: directoryPath(workdir) }),
    labels: data.labels ?? {},
    ports: [...new Set((data.ports ?? []).map(String))],
    volumes: [...new Set((data.volumes ?? []).map(directoryPath))],
    annotations: data.annotations ?? {},
    platforms: uniquePlatforms(data.platforms ?? []),
    ...(base !== undefined && { base }),
  };
}

function toRequest(item: NonNullable<RecipeDocument["packages"]>[number]): PackageRequest {
  if (typeof item === "string") return { kind: "name", name: item };
  const type = CAPABILITY_TYPES.find((each) => item[each] !== undefined) ?? "package";
  return { kind: "capability", requirement: requirementOf(type, item[type] ?? "") };
}

function toFiles({ from, to, ignore }: NonNullable<RecipeDocument["files"]>[number]): RecipeFiles {
  const place = { from, to: posix.normalize(to) };
  if (typeof ignore === "string") return { ...place, ignore: [], ignoreFile: ignore };
  return { ...place, ignore: ignore ?? [] };
}

/** Without doubled slashes and `.`, and without a slash at the end. */
function directoryPath(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/$/, "");
}

function uniquePlatforms(texts: readonly string[]): readonly Platform[] {
  return [...new Map(texts.map(parsePlatform).map((platform) => [formatPlatform(platform), platform])).values()];
}

/** Problems that are looked at; enough for any text that is meant to be a recipe. */
const MAX_PROBLEMS = 100;

type Issue = z.core.$ZodIssue;

interface Problem extends Position {
  readonly message: string;
  /** Lower comes first. */
  readonly rank: number;
}

function refuse(path: string, document: YamlDocument, issues: readonly Issue[]): LadingError<"SYNTAX"> {
  const problems = issues.slice(0, MAX_PROBLEMS).flatMap((issue) => problemsOf(issue, [], document));
  // What is missing has no place of its own, and mostly stands there misspelt.
  problems.sort((left, right) => left.rank - right.rank || left.line - right.line || left.column - right.column);
  const [first = { line: 1, column: 1, rank: 0, message: "it is no recipe" }, ...others] = problems;
  return refuseYaml(path, first, `${first.message}${others.length > 0 ? ` (and ${others.length} more)` : ""}`);
}

/** What an issue says to a person; `prefix` is the path of the union that it comes from. */
function problemsOf(issue: Issue, prefix: readonly PropertyKey[], document: YamlDocument): Problem[] {
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
    if (meant !== undefined) return meant.flatMap((each) => problemsOf(each, path, document));
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
