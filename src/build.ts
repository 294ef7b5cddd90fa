/**
 * From a recipe, or from package files, to an image. The only module that knows every stage.
 *
 * @module
 */

import { openBase, selectManifest } from "./image/base.js";
import { type BuiltImage, buildCached } from "./image/build-cache.js";
import type { ImageSettings } from "./image/compose.js";
import type { Content, ImageContents } from "./image/content.js";
import { catalogOf, checkUsed, type Named, placeContents } from "./image/named-files.js";
import { type BuildWarning, isPlannedByOutlines } from "./image/plan-layers.js";
import { MAX_LAYERS, type SquashOptions } from "./image/stack-layers.js";
import type { Descriptor } from "./oci/descriptor.js";
import type { Digest } from "./oci/digest.js";
import { encodeIndex } from "./oci/manifest.js";
import { MEDIA_TYPE } from "./oci/media-type.js";
import type { Platform } from "./oci/platform.js";
import { listPackage, packageTag } from "./package/artifact.js";
import { listPackages } from "./package/catalog.js";
import { ECOSYSTEM_RULES } from "./package/ecosystem.js";
import { storeFile } from "./package/file-job.js";
import type { SourceIdentity } from "./package/import-cache.js";
import type { Outline } from "./package/outline.js";
import { readOutline } from "./package/outline-cache.js";
import type { Package, PackageLayer } from "./package/package.js";
import { type ResourcePool, withPool } from "./package/resource-pool.js";
import { storeSmallFile } from "./package/small-file.js";
import type { Recipe } from "./recipe/recipe.js";
import type { RegistryStoreOptions } from "./registry/client.js";
import type { Lock } from "./resolve/lock.js";
import type { Policy, Realm } from "./resolve/policy.js";
import type { Resolution, ResolveOptions } from "./resolve/resolution.js";
import { resolve } from "./resolve/resolve.js";
import { resolveRecipe } from "./resolve-recipe.js";
import { copy } from "./store/copy.js";
import type { LocalStore } from "./store/local.js";
import type { Store } from "./store/store.js";
import { loadBlockEncoder } from "./stream/block.js";
import { fromBytes, type IoOptions } from "./stream/bytes.js";
import type { DecompressLimits } from "./stream/codec.js";
import { mapConcurrent } from "./stream/pool.js";
import type { LayerFormat } from "./tar/layer-format.js";
import { isTransform, type Transform } from "./tar/transform.js";
import { openTransport } from "./transport.js";

/** What a build needs beside what is to be built. */
export interface BuildOptions extends IoOptions {
  /** Where packages come from and the image is built. */
  readonly local: LocalStore;
  /** The folder that a recipe's `files` are relative to (`.`). */
  readonly folder?: string | undefined;
  /** Whole seconds since 1970 for what lading itself creates (0). */
  readonly epoch?: number | undefined;
  /**
   * The format of every layer but a base image's. Without it a package's layer stays as it is stored, and one that has to be
   * made is gzip of level 6.
   */
  readonly compression?: LayerFormat | undefined;
  /** Give every file to 0:0 and make it readable for all, a base image's too; the image says so (no). */
  readonly singleId?: boolean | undefined;
  /** Make one layer of several, never of a base image's (no). */
  readonly squash?: SquashOptions | undefined;
  /** Layers that an image may have, those of a base image among them (127); packages beyond share some. */
  readonly maxLayers?: number | undefined;
  /** Of {@link buildFiles}: what becomes of the files that are named (nothing). */
  readonly transform?: Transform | undefined;
  /** How far files and layers that are read may grow when they are decompressed (500 times their size). */
  readonly limits?: DecompressLimits | undefined;
  /** Which packages may be chosen, and for which job or realm of jobs that is asked (all; `/`). */
  readonly policy?: Policy | undefined;
  readonly job?: Realm | undefined;
  /** Instead of what the recipe or the packages say. */
  readonly platforms?: readonly Platform[] | undefined;
  /** Of {@link build}: the packages that are taken, instead of the catalog's; it has to be of this recipe (none). */
  readonly lock?: Lock | undefined;
  /** Files at once (4). */
  readonly jobs?: number | undefined;
  /** For a base image in a registry. */
  readonly registry?: RegistryStoreOptions | undefined;
  readonly onWarning?: ((warning: BuildWarning) => void) | undefined;
  /**
   * Of {@link buildFiles}: called with each layer that was read and is in the store, before the image is made, which will
   * most likely hold it as it is.
   */
  readonly onLayer?: ((layer: Descriptor) => void) | undefined;
  /** Told in words what is being done, for progress. */
  readonly onStep?: ((step: string) => void) | undefined;
}

/** What was built; it rests in the local store, without a name. */
export interface BuildResult {
  /** The image, or the index where there are several platforms. */
  readonly root: Descriptor;
  readonly images: readonly BuiltImage[];
  readonly warnings: readonly BuildWarning[];
  /** Bytes of packages that were read: 0 where all was known. */
  readonly packageBytesRead: number;
  /** The store to deliver from, where not every layer is in the local one: the recipe's catalogs have them. */
  readonly store?: Store;
}

/** What every stage of one build shares. */
interface Run extends BuildOptions {
  readonly warnings: BuildWarning[];
  readonly count: { packageBytes: number };
  /** Of layers that were stored, by the digest of their list of files. */
  readonly outlines: Map<Digest, Outline>;
  /** Will the layers be planned by them? */
  readonly wantsOutlines: boolean;
  /** Identities of files, by their paths: before they were read, and of which it is sure what they hold. */
  readonly sources: ReadonlyMap<string, SourceIdentity>;
  readonly sure: Map<string, SourceIdentity>;
}

function startRun(options: BuildOptions, sources: ReadonlyMap<string, SourceIdentity> = new Map()): Run {
  const warnings: BuildWarning[] = [];
  const onWarning = (warning: BuildWarning) => {
    warnings.push(warning);
    options.onWarning?.(warning);
  };
  const found = { warnings, count: { packageBytes: 0 }, outlines: new Map(), sure: new Map() };
  return { ...options, ...found, onWarning, wantsOutlines: false, sources };
}

function rulesOf({ policy, job }: Run, platform: Platform | undefined): ResolveOptions {
  return { ...ECOSYSTEM_RULES, policy, job, ...(platform === undefined ? {} : { platform }) };
}

function settingsOf(recipe: Recipe, packages: readonly Package[]): ImageSettings {
  const { environment, entrypoint, cmd, user, workdir, labels, ports, volumes, annotations } = recipe;
  const environments = [...packages.map((pkg) => pkg.environment), environment];
  return { environments, entrypoint, cmd, user, workdir, labels, ports, volumes, annotations };
}

async function fetchBase(recipe: Recipe, platform: Platform, run: Run) {
  if (recipe.base === undefined) return undefined;
  const { local, registry, signal, jobs, limits } = run;
  run.onStep?.(`reading base image ${recipe.base}`);
  const place = await openTransport(recipe.base, { local, registry });
  const root = await selectManifest(place.store, await place.store.resolve(place.name, { signal }), platform, {
    signal,
  });
  await copy(root, place.store, local.store, { signal, jobs });
  return await openBase(local.store, recipe.base, root, platform, { cache: local.cache, limits, signal });
}

async function buildPlatform(recipe: Recipe, resolution: Resolution, contents: readonly Content[], run: Run) {
  const { platform } = resolution;
  const packages = resolution.packages.map((each) => each.package);
  const base = await fetchBase(recipe, platform, run);
  const settings = settingsOf(recipe, packages);
  const input: ImageContents = { platform, base, contents, files: recipe.files, folder: run.folder ?? ".", settings };
  run.onStep?.(`assembling ${contents.length} layers`);
  const { local, epoch, compression, singleId, squash, maxLayers, limits, signal, jobs, outlines, onWarning } = run;
  const onPackageBytes = (bytes: number) => {
    run.count.packageBytes += bytes;
  };
  const shape = { epoch, compression, singleId, squash, maxLayers };
  const how = { ...shape, limits, signal, jobs, outlines, onWarning, onPackageBytes };
  return await buildCached(local.store, local.cache, input, how);
}

async function finish(images: readonly BuiltImage[], run: Run): Promise<BuildResult> {
  const [only, ...others] = images;
  if (only === undefined) throw new RangeError("A build has at least one platform");
  const { warnings, count, local, signal } = run;
  const facts = { images, warnings, packageBytesRead: count.packageBytes };
  if (others.length === 0) return { root: only.descriptor, ...facts };
  const manifests = images.map(({ descriptor, platform }) => ({ ...descriptor, platform }));
  const bytes = encodeIndex({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests });
  return { root: await local.store.put(MEDIA_TYPE.index, fromBytes(bytes), { signal }), ...facts };
}

/**
 * Builds what a recipe asks for from the packages of its catalogs, else of the local store.
 *
 * Resolve, assemble, compose; one layer for each package, none read again that is known. The same recipe and packages give
 * the same digest on every machine.
 *
 * Of packages in registries only their lists of files are read; layers are left where they are.
 *
 * @returns The image in the local store, or in the one that is given with it: {@link deliver} gives it names and brings it
 * elsewhere.
 * @throws {LadingError} `MISSING`, `AMBIGUOUS`, `CONFLICT`, `CYCLE` from resolving; `TOO_LARGE` above 127 layers; `NOT_FOUND`
 * for a base image; `SYNTAX`, `IO` and `UNSAFE_ENTRY` for the recipe's files. With a lock none of those of resolving, but
 * `OUTDATED` when it does not fit the recipe, and `NOT_FOUND` for a package that the store lacks.
 */
export async function build(recipe: Recipe, options: BuildOptions): Promise<BuildResult> {
  const { resolutions, store } = await resolveRecipe(recipe, options);
  const run = startRun({ ...options, local: { ...options.local, store } });
  const images: BuiltImage[] = [];
  for (const resolution of resolutions) {
    const contents = resolution.packages.map((each): Content => ({ kind: "package", package: each.package }));
    images.push(await buildPlatform(recipe, resolution, contents, run));
  }
  const result = await finish(images, run);
  return store === options.local.store ? result : { ...result, store };
}

/** Stores files, several at once, and gives them back in their order. */
async function storeFiles(paths: readonly string[], run: Run): Promise<readonly Named[]> {
  const { jobs = 4, signal, sources } = run;
  const sizes = new Map([...sources].map(([path, { size }]) => [path, size]));
  const stored = await withPool(paths, { jobs, sizes, signal }, async (pool, sorted, atOnce) => {
    return await mapConcurrent(sorted, atOnce, (path) => storeNamed(path, paths.length, pool, run), signal);
  });
  const byPath = new Map(stored.map((each) => [each.path, each]));
  return paths.flatMap((path) => byPath.get(path) ?? []);
}

/** Layers that a build from files adds at most: what a root file system needs. */
const OWN_LAYERS = 1;

/** Will layers be in the image as they are stored? Of very many, some may come to share one. */
function keepsLayers({ squash, singleId, maxLayers = MAX_LAYERS }: Run, files: number): boolean {
  return squash === undefined && singleId !== true && files + OWN_LAYERS <= maxLayers;
}

/** Of a layer that was known: while other files are read, there is time for it. */
async function readKnownOutline({ files, entries }: PackageLayer, run: Run): Promise<void> {
  const { local, signal, outlines, wantsOutlines } = run;
  if (!wantsOutlines || outlines.has(files.digest)) return;
  const outline = await readOutline(local.store, files, entries, { cache: local.cache, signal });
  if (outline !== undefined) outlines.set(files.digest, outline);
}

async function storeNamed(path: string, files: number, pool: ResourcePool | undefined, run: Run): Promise<Named> {
  const { local, signal, compression, transform, limits, jobs, outlines, sources, sure, onWarning, count } = run;
  let bytesRead = 0;
  const onBytes = (bytes: number) => {
    bytesRead += bytes;
    count.packageBytes += bytes;
  };
  const onOutline = ({ digest }: Descriptor, outline: Outline) => outlines.set(digest, outline);
  const onSource = (of: string, source: SourceIdentity) => sure.set(of, source);
  const how = { signal, compression, transform, limits, sources, pool, jobs, bare: true };
  const options = { ...how, cache: local.cache, onBytes, onOutline, onSource };
  run.onStep?.(`reading ${path}`);
  const small = await storeSmallFile(local.store, path, options);
  const stored = small ?? (await storeFile(local.store, path, options));
  for (const warning of stored.warnings) onWarning?.({ code: "IMPORT", message: `${path}: ${warning}` });
  const { layer } = stored.kind === "package" ? stored.package : stored;
  await readKnownOutline(layer, run);
  // A layer that was known is most likely where the image goes already.
  if (bytesRead > 0 && keepsLayers(run, files)) run.onLayer?.(layer.descriptor);
  if (stored.kind === "package") return { path, kind: "package", package: stored.package };
  return { path, kind: "tarball", tarball: stored };
}

/** Lists packages in the store that are not there under any content, so that later builds find them. */
async function listNew(packages: readonly Package[], stored: readonly Package[], run: Run): Promise<void> {
  const known = new Set(stored.map(packageTag));
  const added = packages.filter((pkg) => !known.has(packageTag(pkg)));
  const roots = added.map((pkg) => ({ name: packageTag(pkg), descriptor: listPackage(pkg) }));
  if (roots.length > 0) await run.local.store.tag(roots, { signal: run.signal });
}

/** What {@link buildFilesAnew} came to. */
export interface FilesBuild {
  readonly result: BuildResult;
  /** Did it depend on the packages that the store lists? */
  readonly usesCatalog: boolean;
  /** Identities of the files of which it is sure that the result is of them, by their paths. */
  readonly sources: ReadonlyMap<string, SourceIdentity>;
}

/** Builds an image of files of which not all is known. What it does and throws is told at `buildFiles`. */
export async function buildFilesAnew(
  paths: readonly string[],
  options: BuildOptions,
  recipe: Recipe,
  sources: ReadonlyMap<string, SourceIdentity>,
): Promise<FilesBuild> {
  const run = { ...startRun(options, sources), wantsOutlines: isPlannedByOutlines(recipe) };
  const { local, signal } = run;
  // The image's last layer is lading's own. What compresses it loads while files are read; it says itself where it cannot.
  loadBlockEncoder("gzip").catch(() => {});
  const named = await storeFiles(paths, run);
  const stored = await listPackages(local.store, { signal });
  const packages = named.flatMap((each) => (each.kind === "package" ? [each.package] : []));
  const requests = packages.map(({ fqn }) => ({ kind: "name", name: fqn }) as const);
  const catalog = catalogOf(named, stored);
  const asked = run.platforms ?? recipe.platforms;
  const platforms: readonly (Platform | undefined)[] = asked.length === 0 ? [undefined] : asked;
  const asks = [...recipe.packages, ...requests];
  const resolutions = platforms.map((platform) => resolve(asks, catalog, rulesOf(run, platform)));
  checkUsed(named, resolutions);
  const images: BuiltImage[] = [];
  for (const resolution of resolutions) {
    images.push(await buildPlatform(recipe, resolution, placeContents(named, resolution), run));
  }
  // A part of a package is not what later builds mean by its name.
  if (!isTransform(run.transform)) await listNew(packages, stored, run);
  const usesCatalog = recipe.packages.length + requests.length > 0;
  return { result: await finish(images, run), usesCatalog, sources: run.sure };
}
