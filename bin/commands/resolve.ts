/**
 * `lading resolve [RECIPE]`
 *
 * @module
 */

import { readFile, writeFile } from "node:fs/promises";
import type { Lock, LockChange, LockedPackage, Recipe, Resolution, ResolutionGraph } from "../../src/index.js";
import { type Cli, type CommonFlags, createVerb, formatCount, gather, print, type Verb } from "../cli.js";
import { addRegistryFlags, openStore, parsePlatformFlag, type RegistryFlags, registryOptions } from "../flags.js";
import { lockPath, recipePath } from "../lock-path.js";
import { readPolicies } from "../policy.js";
import { UsageError } from "../usage.js";

interface Flags extends CommonFlags, RegistryFlags {
  readonly why?: readonly string[];
  readonly platform?: readonly string[];
  readonly lock?: string | true;
  readonly graph?: string | true;
  readonly update?: readonly string[] | true;
  readonly policy?: readonly string[];
  readonly job?: string;
}

async function readRecipe(file: string): Promise<Recipe> {
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

/** One platform, where only one can be shown. */
function onlyPlatform({ platforms }: Recipe, { platform: flag = [] }: Flags): string | undefined {
  if (flag.length > 1) throw new UsageError("Only --lock takes several platforms; give --platform once");
  if (flag.length === 0 && platforms.length > 1) {
    throw new UsageError("The recipe is for several platforms; name one of them with --platform");
  }
  return flag[0];
}

/** Mermaid text on stdout, or a picture or text in a file. */
async function draw(graph: ResolutionGraph, file: string | true, flags: Flags, cli: Cli): Promise<void> {
  const { formatMermaid } = await import("../../src/resolve/graph.js");
  if (file === true) {
    if (flags.json) print(cli, flags, graph, () => []);
    else cli.stdout.write(formatMermaid(graph));
    return;
  }
  const { renderGraph } = await import("../../src/resolve/graph-svg.js");
  const text = file.endsWith(".svg") ? renderGraph(graph) : formatMermaid(graph);
  const { ioError } = await import("../../src/errors.js");
  await writeFile(file, text, { signal: cli.signal }).catch((error) => {
    throw ioError(error, "write the graph", file);
  });
}

/** What there is to choose from. */
async function readCatalogs({ catalogs = [] }: Recipe, flags: Flags, cli: Cli) {
  const { openCatalogs } = await import("../../src/catalogs.js");
  const places = { local: await openStore(cli, flags), registry: await registryOptions(cli, flags) };
  return await openCatalogs(catalogs, { ...places, signal: cli.signal });
}

async function show(recipe: Recipe, flags: Flags, cli: Cli): Promise<void> {
  const named = onlyPlatform(recipe, flags);
  const platform = named === undefined ? recipe.platforms[0] : await parsePlatformFlag(named);
  const { resolve } = await import("../../src/resolve/resolve.js");
  const { ECOSYSTEM_RULES } = await import("../../src/package/ecosystem.js");
  const { packages: catalog } = await readCatalogs(recipe, flags, cli);
  const policy = await readPolicies(flags);
  const rules = { ...ECOSYSTEM_RULES, ...(platform === undefined ? {} : { platform }), ...policy };
  const resolution = resolve(recipe.packages, catalog, rules);
  if (flags.graph !== undefined) {
    const { graphResolution } = await import("../../src/resolve/graph.js");
    await draw(graphResolution(recipe.packages, resolution, rules), flags.graph, flags, cli);
    return;
  }
  if (flags.why === undefined) {
    print(cli, flags, resolution, () => toLines(resolution));
    return;
  }
  const { explain } = await import("../../src/resolve/explain.js");
  const reasons = flags.why.map((capability) => ({ capability, why: explain(resolution, catalog, capability, rules) }));
  print(cli, flags, reasons, () => reasons.flatMap(({ why }) => why.split("\n")));
}

const nameOf = ({ fqn, version }: LockedPackage) => `${fqn}${version === undefined ? "" : ` ${version}`}`;

/** `~ package::/ns::name 1 → 2`, `+` for what is new, `-` for what is gone; then the platform, and why it could not stay. */
function toChangeLine({ platform, from, to, why }: LockChange): string {
  const reason = why === undefined ? "" : `: ${why}`;
  if (from === undefined || to === undefined) {
    return `${from ? "-" : "+"} ${nameOf(from ?? (to as LockedPackage))}  (${platform})${reason}`;
  }
  const change = from.version === to.version ? `, made anew` : ` → ${to.version ?? "no version"}`;
  return `~ ${nameOf(from)}${change}  (${platform})${reason}`;
}

/** The lock that is there, where one is to be kept. */
async function readBefore(file: string, cli: Cli): Promise<Lock | undefined> {
  const { isLadingError } = await import("../../src/errors.js");
  const { readLock } = await import("../../src/lock-file.js");
  return await readLock(file, { signal: cli.signal }).catch((error) => {
    if (isLadingError(error, "IO") && error.detail.errno === "ENOENT") return undefined;
    throw error;
  });
}

async function lock(recipe: Recipe, file: string, flags: Flags, cli: Cli): Promise<void> {
  const { lockRecipe, writeLock } = await import("../../src/lock-file.js");
  const { packages: catalog, store } = await readCatalogs(recipe, flags, cli);
  const platforms = flags.platform && (await Promise.all(flags.platform.map(parsePlatformFlag)));
  const before = file === "-" ? undefined : await readBefore(file, cli);
  const policy = await readPolicies(flags);
  const update = flags.update === true ? "all" : flags.update;
  const made = await lockRecipe(recipe, store, { catalog, before, update, platforms, ...policy, signal: cli.signal });
  if (file === "-") {
    const { encodeLock } = await import("../../src/resolve/lock.js");
    cli.stdout.write(encodeLock(made.lock));
    return;
  }
  await writeLock(file, made.lock);
  print(cli, flags, { file, ...made }, () => made.changes.map(toChangeLine));
  if (flags.quiet || flags.json) return;
  const counts = made.lock.platforms.map(
    ({ platform, packages }) => `${formatCount(packages.length, "package")} for ${platform}`,
  );
  cli.stderr.write(`${file}: ${counts.join(", ")}; ${formatCount(made.changes.length, "change")}\n`);
}

async function run(argument: string, flags: Flags, cli: Cli): Promise<void> {
  const path = await recipePath(argument);
  if (typeof flags.graph === "string" && !/\.(svg|mmd)$/.test(flags.graph)) {
    throw new UsageError(`--graph "${flags.graph}" is no FILE.svg and no FILE.mmd; a recipe goes before the flag`);
  }
  const isLocking = flags.lock !== undefined || flags.update !== undefined;
  if ([isLocking, flags.why !== undefined, flags.graph !== undefined].filter(Boolean).length > 1) {
    throw new UsageError("--lock, --why and --graph exclude each other; give one of them");
  }
  const recipe = await readRecipe(path);
  if (!isLocking) return await show(recipe, flags, cli);
  const file = lockPath(flags.lock ?? true, path);
  if (file === "-" && flags.update !== undefined) throw new UsageError("--update needs a lock file; --lock - has none");
  await lock(recipe, file, flags, cli);
}

export const verb: Verb = (cli) =>
  addRegistryFlags(
    createVerb(cli, "resolve", "Shows the packages that a recipe leads to, in the order of their layers."),
  )
    .argument("[recipe]", "a recipe, or a folder with a lading.yaml", ".")
    .option("--why <capability>", "explain what was chosen for it: runtime=node, jq; repeatable", gather)
    .option("--platform <os/arch>", "resolve for this platform; with --lock repeatable", gather)
    .option("--graph [file]", "draw who needs whom: Mermaid text, or into FILE.svg or FILE.mmd")
    .option(
      "--lock [file]",
      "write what was chosen to a lock file (lading.lock.json beside the recipe; - prints it), and keep what one there pins",
    )
    .option("--update [name...]", "choose these packages of the lock file anew, or all of them; the others stay")
    .option("--policy <file>", "a policy (.pol) that says which packages may be used; repeatable", gather)
    .option("--job <fqn>", "the job or realm that the policy is asked for: job::/prod/web::api (job::/)")
    .action(async (path: string, flags: Flags) => await run(path, flags, cli));
