/**
 * From the text of `lading.yaml` to a {@link Recipe}.
 *
 * @module
 */

import { posix } from "node:path";
import { formatPlatform, type Platform, parsePlatform } from "../oci/platform.js";
import { CAPABILITY_TYPES } from "../package/capability.js";
import { readDocument } from "./read-document.js";
import type { PackageRequest, Recipe, RecipeFiles } from "./recipe.js";
import { knownKeys, RECIPE_SCHEMA, type RecipeDocument, requirementOf } from "./schema.js";
import type { YamlDocument } from "./yaml.js";

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
  const { data, document } = readDocument(text, { path, kind: "recipe", schema: RECIPE_SCHEMA, knownKeys });
  return toRecipe(data, document);
}

function toRecipe(data: RecipeDocument, document: YamlDocument): Recipe {
  const { entrypoint, cmd, user, workdir, base } = data;
  const environment = Object.entries(data.environment ?? {});
  const written = document.writtenIn(["environment"]);
  return {
    ...(data.catalogs && { catalogs: data.catalogs }),
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
