/**
 * From package files to an image: the one that was built of them before, where nothing changed since.
 *
 * A build of which everything is known should cost little more than asking whether that is so. Its record names the result
 * and is kept under all that the result depends on; files count by their identity, so nothing of them is read.
 *
 * @module
 */

import type { BuildOptions, BuildResult } from "./build.js";
import { IMAGE_RULES } from "./image/rules.js";
import type { Descriptor } from "./oci/descriptor.js";
import { digestOf, isDigest } from "./oci/digest.js";
import { identifySource, type SourceIdentity } from "./package/import-cache.js";
import { isPackageDescriptor } from "./package/listed.js";
import type { Recipe } from "./recipe/recipe.js";
import { listContent } from "./store/copy.js";
import type { Store } from "./store/store.js";
import type { IoOptions } from "./stream/bytes.js";

/** A recipe that asks for nothing. */
export const EMPTY_RECIPE: Recipe = {
  packages: [],
  files: [],
  environment: {},
  labels: {},
  ports: [],
  volumes: [],
  annotations: {},
  platforms: [],
};

interface KnownBuild {
  readonly result: BuildResult;
  /** All that the result is made of. */
  readonly needed: readonly Descriptor[];
  /** What the packages were that the store listed, where that counts. */
  readonly catalog?: string;
}

interface Key {
  readonly text: string;
  /** What the files are, by their paths. */
  readonly sources: ReadonlyMap<string, SourceIdentity>;
}

/** What the result depends on; undefined where not all of that can be told without building. */
async function keyOf(paths: readonly string[], options: BuildOptions, recipe: Recipe): Promise<Key | undefined> {
  if (recipe.base !== undefined || recipe.files.length > 0) return undefined;
  const { epoch, compression, singleId, squash, maxLayers, transform, limits, platforms, policy, job } = options;
  const sources = new Map<string, SourceIdentity>();
  const identify = async (path: string) => {
    const source = await identifySource(path).catch(() => undefined);
    if (source !== undefined) sources.set(path, source);
  };
  await Promise.all(paths.map(identify));
  if (!paths.every((path) => sources.has(path))) return undefined;
  const how = { epoch, compression, singleId, squash, maxLayers, transform, limits, platforms, policy, job };
  const parts = [IMAGE_RULES, paths, paths.map((path) => sources.get(path)?.key), recipe, how];
  const text = `files ${digestOf(JSON.stringify(parts))}`;
  return { text, sources };
}

/** What tells one list of packages from another. */
async function catalogDigest(store: Store, options: IoOptions): Promise<string> {
  const listed = (await store.tags(options)).filter(({ descriptor }) => isPackageDescriptor(descriptor));
  return digestOf(JSON.stringify(listed));
}

/** Has a record what one has, and does it name all of its result? */
function isWhole(result: unknown, needed: unknown): needed is readonly Descriptor[] {
  const { root, images, warnings } = (result ?? {}) as Partial<BuildResult>;
  if (![needed, images, warnings].every(Array.isArray)) return false;
  const roots = [root, ...(images ?? []).map((image) => image?.descriptor)];
  const isNeeded = (each: Descriptor | undefined) =>
    (needed as (Descriptor | null)[]).some((one) => one?.digest === each?.digest && one?.size === each?.size);
  return roots.every((each) => isDigest(each?.digest) && isNeeded(each));
}

/** Does the record hold still? A cache may hold anything, and a store lose anything. */
async function holds(store: Store, record: Partial<KnownBuild> | undefined, options: IoOptions): Promise<boolean> {
  const { result, needed, catalog } = record ?? {};
  if (!isWhole(result, needed)) return false;
  const there = needed.map(async (each) => isDigest(each?.digest) && (await store.has(each, options)));
  if ((await Promise.all(there)).includes(false)) return false;
  return catalog === undefined || catalog === (await catalogDigest(store, options));
}

function told({ result }: KnownBuild, { onWarning }: BuildOptions): BuildResult {
  for (const warning of result.warnings) onWarning?.(warning);
  const images = result.images.map((image) => ({ ...image, known: true }));
  return { ...result, images, packageBytesRead: 0 };
}

/**
 * Builds an image straight from files: imports, resolves and builds in one go.
 *
 * A Debian package, or a tarball with its JSON beside it, is resolved, its dependencies coming from the other files and the
 * local store; a bare tarball is a layer in the place where it was named. Where nothing changed since the same was built
 * before, that image is the result, and no file is read.
 *
 * @param paths Files, in the order in which bare tarballs are to lie on one another.
 * @param recipe What else the image is to have: environment, entrypoint and the like (nothing).
 * @throws {LadingError} `FORMAT` for a file that is neither, saying what it is; `CONFLICT` when two versions of one package
 * are named, or one for a platform that is not built; else as `importPackages` and `build`.
 */
export async function buildFiles(
  paths: readonly string[],
  options: BuildOptions,
  recipe: Recipe = EMPTY_RECIPE,
): Promise<BuildResult> {
  const { local, signal } = options;
  const { store, cache } = local;
  const key = await keyOf(paths, options, recipe);
  const known = key && ((await cache.get(key.text)) as KnownBuild | undefined);
  if (known && (await holds(store, known, { signal }))) {
    await store.tidy?.();
    return told(known, options);
  }
  const before = key && (await catalogDigest(store, { signal }));
  const { buildFilesAnew } = await import("./build.js");
  const { result, usesCatalog, sources } = await buildFilesAnew(paths, options, recipe, key?.sources ?? new Map());
  if (key === undefined || before === undefined) return result;
  if (!paths.every((path) => sources.get(path)?.key === key.sources.get(path)?.key)) return result;
  if (usesCatalog && before !== (await catalogDigest(store, { signal }))) return result;
  const needed = (await listContent(result.root, store, { signal })).map(({ descriptor }) => descriptor);
  await cache.set(key.text, { result, needed, ...(usesCatalog ? { catalog: before } : {}) } satisfies KnownBuild);
  return result;
}
