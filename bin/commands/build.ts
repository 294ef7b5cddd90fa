/**
 * `lading build [DIR|RECIPE|FILE…]`
 *
 * @module
 */

import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { BuildOptions, BuildResult, Delivered, Descriptor, Lock, Recipe } from "../../src/index.js";
import { type Cli, createVerb, formatCount, formatSize, gather, print, type Verb, warn } from "../cli.js";
import { planTable } from "../delivery-table.js";
import {
  addRegistryFlags,
  addTransformFlags,
  addWorkspaceFlags,
  COMPRESSIONS,
  openPlace,
  openStore,
  parseCompression,
  parseCount,
  parseEpoch,
  parseJobs,
  parsePairs,
  parsePlatformFlag,
  parsePosition,
  placesInWorkspace,
  type RegistryFlags,
  registryOptions,
  type TransformFlags,
  toTransform,
  type WorkspaceFlags,
} from "../flags.js";
import { addLimitFlags, type LimitFlags, toLimits } from "../limits.js";
import { lockPath } from "../lock-path.js";
import { readPolicies } from "../policy.js";
import { addProgressFlag, createProgress, isForPeople, type ProgressFlags } from "../progress.js";
import { UsageError } from "../usage.js";

interface Flags extends ProgressFlags, TransformFlags, LimitFlags, RegistryFlags, WorkspaceFlags {
  readonly tag?: readonly string[];
  readonly output?: readonly string[];
  readonly push?: boolean;
  readonly dryRun?: boolean;
  readonly lock?: string | true;
  readonly platform?: readonly string[];
  readonly policy?: readonly string[];
  readonly job?: string;
  readonly compression?: string;
  readonly singleId?: boolean;
  readonly squash?: boolean;
  readonly squashFrom?: number;
  readonly maxLayers?: number;
  readonly jobs?: number;
  readonly env?: readonly string[];
  readonly label?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly user?: string;
  readonly workdir?: string;
}

/** What is to be built: a recipe in its folder, or files. */
type Source = { readonly recipe: string; readonly folder: string } | { readonly files: readonly string[] };

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

async function findSource(paths: readonly string[]): Promise<Source> {
  const [first = ".", ...others] = paths;
  const isRecipe = /\.ya?ml$/i.test(first);
  const folder = !isRecipe && (await isFolder(first));
  if ((isRecipe || folder) && others.length > 0) {
    throw new UsageError(
      `"${first}" is a ${folder ? "folder" : "recipe"}, which stands alone; name one recipe, or only files`,
    );
  }
  if (folder) return { recipe: join(first, "lading.yaml"), folder: first };
  return isRecipe ? { recipe: first, folder: dirname(first) } : { files: paths };
}

async function readRecipe(path: string): Promise<Recipe> {
  const { ioError } = await import("../../src/errors.js");
  const text = await readFile(path, "utf8").catch((error) => {
    throw ioError(error, "read the recipe", path);
  });
  const { parseRecipe } = await import("../../src/recipe/parse.js");
  return parseRecipe(text, { path });
}

/** The lock file of a recipe, where one is to be used. */
async function readLockOf(source: Source, { lock }: Flags, cli: Cli): Promise<Lock | undefined> {
  if (lock === undefined) return undefined;
  if ("files" in source) throw new UsageError("--lock is for a recipe; name one, or a folder with a lading.yaml");
  const { readLock } = await import("../../src/lock-file.js");
  return await readLock(lockPath(lock, source.recipe), { signal: cli.signal });
}

async function buildRecipe(recipe: Recipe, options: BuildOptions): Promise<BuildResult> {
  const { build } = await import("../../src/build.js");
  return await build(recipe, options);
}

/** Gives a recipe what the flags say instead. */
function createOverride(flags: Flags): (recipe: Recipe) => Recipe {
  const { entrypoint, cmd, user, workdir } = flags;
  const environment = parsePairs("--env", flags.env);
  const labels = parsePairs("--label", flags.label);
  return (recipe) => ({
    ...recipe,
    environment: { ...recipe.environment, ...environment },
    labels: { ...recipe.labels, ...labels },
    ...(entrypoint === undefined ? {} : { entrypoint }),
    ...(cmd === undefined ? {} : { cmd }),
    ...(user === undefined ? {} : { user }),
    ...(workdir === undefined ? {} : { workdir }),
  });
}

/** A name for an image that was given none: that of the recipe's folder, or of the first file. */
function defaultName(source: Source): string {
  const from = "files" in source ? basename(source.files[0] ?? "image") : basename(resolve(source.folder));
  const name = from
    .toLowerCase()
    .replace(/\.(tar(\.\w+)?|t[a-z]*z2?|deb)$/, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return `store:${name || "image"}`;
}

/** Where the image is to go. */
function placesOf(source: Source, { tag = [], output = [], push }: Flags): readonly string[] {
  if (push && tag.length === 0) throw new UsageError("--push needs a name: add -t HOST/NAME:TAG");
  const named = tag.map((name) => (push ? `docker://${name.replace(/^docker:\/\//, "")}` : `store:${name}`));
  const places = [...named, ...output];
  return places.length === 0 ? [defaultName(source)] : places;
}

/** What is to become one layer. */
function squashOf({ squash, squashFrom }: Flags) {
  return squash || squashFrom !== undefined ? { from: squashFrom } : undefined;
}

/** One for each key: two tags of one repository need the same layers once. */
function firstOfEach<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const keys = items.map(keyOf);
  return items.filter((_, index) => keys.indexOf(keys[index] ?? "") === index);
}

async function run(paths: readonly string[], flags: Flags, cli: Cli): Promise<void> {
  const source = await findSource(paths);
  const places = await placesInWorkspace(placesOf(source, flags), flags, cli);
  const override = createOverride(flags);
  const epoch = parseEpoch(cli.env);
  const transform = toTransform(flags, { epoch });
  if (transform !== undefined && !("files" in source)) {
    throw new UsageError("--at, --include and --exclude are for tarballs and packages; name such files");
  }
  const lock = await readLockOf(source, flags, cli);
  const { buildFiles, EMPTY_RECIPE } = await import("../../src/build-files.js");
  const { planDelivery, startDelivery } = await import("../../src/deliver.js");
  const { defaultJobs } = await import("../../src/stream/pool.js");
  const local = await openStore(cli, flags);
  const registry = await registryOptions(cli, flags);
  const opened = await Promise.all(places.map((place) => openPlace(place, { local, registry })));
  const platforms = flags.platform && (await Promise.all(flags.platform.map(parsePlatformFlag)));
  const jobs = flags.jobs ?? defaultJobs(cli.env);
  const options = {
    local,
    registry,
    jobs,
    folder: "files" in source ? "." : source.folder,
    epoch,
    compression: parseCompression(flags.compression),
    singleId: flags.singleId,
    squash: squashOf(flags),
    maxLayers: flags.maxLayers,
    transform,
    limits: toLimits(flags),
    platforms,
    lock,
    ...(await readPolicies(flags)),
    signal: cli.signal,
    onStep: (step: string) => progress.step(step),
    onLayer: (layer: Descriptor) => {
      if (!flags.dryRun) for (const { delivery } of ahead) delivery.sendAhead(layer);
    },
  };
  const progress = createProgress(cli, flags);
  const deliveries = opened.map((place) => {
    const io = { signal: cli.signal, jobs: flags.jobs, ...progress.transfer(place.label) };
    return { place, delivery: startDelivery(local.store, place, io) };
  });
  const ahead = firstOfEach(deliveries, ({ place }) => place.store.label);
  try {
    const result =
      "files" in source
        ? await buildFiles(source.files, options, override(EMPTY_RECIPE))
        : await buildRecipe(override(await readRecipe(source.recipe)), options);
    const delivered: Delivered[] = [];
    for (const { place, delivery } of deliveries) {
      progress.step(`writing ${place.label}`);
      const from = result.store ?? local.store;
      const plan = () => planDelivery(result.root, from, place, { signal: cli.signal, jobs: flags.jobs });
      delivered.push(await (flags.dryRun ? plan() : delivery.finish(result.root, from)));
    }
    progress.end();
    report(cli, flags, result, delivered);
  } finally {
    await Promise.all(deliveries.map(({ delivery }) => delivery.stop()));
    progress.end();
  }
}

function report(cli: Cli, flags: Flags, result: BuildResult, delivered: readonly Delivered[]): void {
  for (const { message } of result.warnings) warn(cli, flags, message);
  const { root, images, packageBytesRead, warnings } = result;
  const layers = images.flatMap((image) => image.layers);
  const size = layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
  if (isForPeople(flags)) {
    const known = packageBytesRead === 0 ? "nothing read again" : `${formatSize(packageBytesRead)} of packages read`;
    cli.stderr.write(`${formatCount(layers.length, "layer")}, ${formatSize(size)}; ${known}\n`);
  }
  const places = delivered.map(({ label, bytes, blobs }) => ({ label, bytes, blobs }));
  const dryRun = flags.dryRun ? { dryRun: true } : {};
  const value = { digest: root.digest, root, images, places, packageBytesRead, warnings, ...dryRun };
  const toText = (each: Delivered) => (flags.dryRun ? planTable(each) : [`${root.digest} ${each.label}`]);
  print(cli, flags, value, () => delivered.flatMap(toText));
}

export const verb: Verb = (cli) =>
  addWorkspaceFlags(
    addLimitFlags(
      addTransformFlags(
        addProgressFlag(
          addRegistryFlags(
            createVerb(cli, "build", "Makes an image from a recipe (lading.yaml), or straight from package files."),
          ),
        ),
      ),
    ),
  )
    .argument("[paths...]", "a folder with a lading.yaml, a recipe, or .deb files and tarballs (.)")
    .option("-t, --tag <name>", "name it in the local store, or with --push in a registry; repeatable", gather)
    .option(
      "-o, --output <place>",
      "write it there: oci:DIR:TAG, oci-archive:FILE, docker-archive:FILE:NAME, docker://HOST/NAME:TAG; repeatable",
      gather,
    )
    .option("--push", "push it under its -t names")
    .option("--lock [file]", "take the packages that the lock file pins (lading.lock.json beside the recipe)")
    .option("--dry-run", "build it in the local store, name and push nothing, and tell what would move")
    .option("--platform <os/arch>", "build for this platform; repeatable", gather)
    .option("--policy <file>", "a policy (.pol) that says which packages may be used; repeatable", gather)
    .option("--job <fqn>", "the job or realm that the policy is asked for: job::/prod/web::api (job::/)")
    .option("--compression <type>", `of every own layer: ${COMPRESSIONS} (as it is, else gzip:6)`)
    .option("--single-id", "flatten owners and permissions: everything is root's and readable for all")
    .option("--squash", "make one layer of all, a base image's left alone")
    .option("--squash-from <n>", "the same, from the nth layer above the base image's on", parsePosition)
    .option("--max-layers <n>", "layers that the image may have; packages beyond share some (127)", parseCount)
    .option("--jobs <n>", "work on that many files and blobs at once", parseJobs)
    .option("-e, --env <name=value>", "set a variable; repeatable", gather)
    .option("--label <name=value>", "set a label; repeatable", gather)
    .option("--entrypoint <word...>", "what the image runs")
    .option("--cmd <word...>", "its default arguments")
    .option("--user <user>", "who runs it")
    .option("--workdir <folder>", "where it runs")
    .action(async (paths: readonly string[], flags: Flags) => await run(paths, flags, cli));
