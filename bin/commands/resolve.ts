/**
 * `lading resolve [RECIPE]`
 *
 * @module
 */

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Resolution } from "../../src/index.js";
import { type Cli, type CommonFlags, createVerb, gather, print, type Verb } from "../cli.js";
import { addRegistryFlags, openStore, parsePlatformFlag, type RegistryFlags, registryOptions } from "../flags.js";
import { readPolicies } from "../policy.js";
import { UsageError } from "../usage.js";

interface Flags extends CommonFlags, RegistryFlags {
  readonly why?: readonly string[];
  readonly platform?: string;
  readonly policy?: readonly string[];
  readonly job?: string;
}

async function readRecipe(path: string) {
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() === true;
  const file = isFolder ? join(path, "lading.yaml") : path;
  const { ioError } = await import("../../src/errors.js");
  const text = await readFile(file, "utf8").catch((error) => {
    throw ioError(error, "read the recipe", file);
  });
  const { parseRecipe } = await import("../../src/recipe/parse.js");
  return parseRecipe(text, { path: file });
}

/** One line for each package, lowest layer first: name and version, and what asked for it. */
function toLines({ packages }: Resolution): readonly string[] {
  return packages.map(({ package: { fqn, version }, because }) => {
    const asked = because.length > 2 ? because.at(-2) : "recipe";
    return `${fqn}${version === undefined ? "" : ` ${version}`}  (${asked})`;
  });
}

async function run(path: string, flags: Flags, cli: Cli): Promise<void> {
  const recipe = await readRecipe(path);
  const { resolve } = await import("../../src/resolve/resolve.js");
  const { ECOSYSTEM_RULES } = await import("../../src/package/ecosystem.js");
  const { openCatalogs } = await import("../../src/catalogs.js");
  if (flags.platform === undefined && recipe.platforms.length > 1)
    throw new UsageError("The recipe is for several platforms; name one of them with --platform");
  const platform = flags.platform === undefined ? recipe.platforms[0] : await parsePlatformFlag(flags.platform);
  const places = { local: await openStore(cli, flags), registry: await registryOptions(cli, flags) };
  const { packages: catalog } = await openCatalogs(recipe.catalogs ?? [], { ...places, signal: cli.signal });
  const policy = await readPolicies(flags);
  const rules = { ...ECOSYSTEM_RULES, ...(platform === undefined ? {} : { platform }), ...policy };
  const resolution = resolve(recipe.packages, catalog, rules);
  if (flags.why === undefined) {
    print(cli, flags, resolution, () => toLines(resolution));
    return;
  }
  const { explain } = await import("../../src/resolve/explain.js");
  const reasons = flags.why.map((capability) => ({ capability, why: explain(resolution, catalog, capability, rules) }));
  print(cli, flags, reasons, () => reasons.flatMap(({ why }) => why.split("\n")));
}

export const verb: Verb = (cli) =>
  addRegistryFlags(
    createVerb(cli, "resolve", "Shows the packages that a recipe leads to, in the order of their layers."),
  )
    .argument("[recipe]", "a recipe, or a folder with a lading.yaml", ".")
    .option("--why <capability>", "explain what was chosen for it: runtime=node, jq; repeatable", gather)
    .option("--platform <os/arch>", "resolve for this platform")
    .option("--policy <file>", "a policy (.pol) that says which packages may be used; repeatable", gather)
    .option("--job <fqn>", "the job or realm that the policy is asked for: job::/prod/web::api (job::/)")
    .action(async (path: string, flags: Flags) => await run(path, flags, cli));
