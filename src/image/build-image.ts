/**
 * From what an image is to hold to the image: look for conflicts, assemble the layers, compose.
 *
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Platform } from "../oci/platform.js";
import { openFileList } from "../package/file-list.js";
import type { Package, PackageLayer } from "../package/package.js";
import type { RecipeFiles } from "../recipe/recipe.js";
import { readAhead } from "../store/read-ahead.js";
import type { Store } from "../store/store.js";
import type { IoOptions } from "../stream/bytes.js";
import type { WriteEntry } from "../tar/entry.js";
import { escapePath } from "../tar/path.js";
import { assembleEntries, assemblePackageLayer, flattenBaseLayer, packageHistory } from "./assemble.js";
import type { OpenBase } from "./base.js";
import { composeImage, type Image, type ImageSettings } from "./compose.js";
import { dpkgDatabase, type InstalledPackage, installedPackage } from "./dpkg.js";
import type { Layer, PathRewrites } from "./layer-plan.js";
import { readRecipeFiles } from "./recipe-files.js";
import { missingRootFiles, toListedFile } from "./root-files.js";
import type { AssembleOptions } from "./stored-layer.js";
import { type Applied, createTree, type OpenLayer, type Tree } from "./tree.js";
import type { Replacement } from "./tree-place.js";

/** What becomes one layer: a package, or a bare tarball under the name that it was given by. */
export type Content =
  | { readonly kind: "package"; readonly package: Package }
  | { readonly kind: "tarball"; readonly name: string; readonly layer: PackageLayer };

/** What an image is to hold. */
export interface ImageContents {
  readonly platform: Platform;
  readonly base?: OpenBase | undefined;
  /** In layer order, lowest first. */
  readonly contents: readonly Content[];
  readonly files: readonly RecipeFiles[];
  /** The folder that `files` are relative to. */
  readonly folder: string;
  readonly settings: ImageSettings;
}

/** Something that the user may want to know, and that stops nothing. */
export interface BuildWarning {
  readonly code: "REPLACED" | "IMPORT";
  readonly message: string;
}

/** Which layers become one. */
export interface SquashOptions {
  /** The first of them, counted from 1 without a base image's layers; all above it come with it (1). */
  readonly from?: number | undefined;
}

export interface BuildImageOptions extends AssembleOptions {
  /** Make one layer of several, never of a base image's (no). */
  readonly squash?: SquashOptions | undefined;
  /** Whole seconds since 1970 for what lading itself creates (0). */
  readonly epoch?: number | undefined;
  readonly onWarning?: ((warning: BuildWarning) => void) | undefined;
}

/** Layers that known runtimes can stack. */
export const MAX_LAYERS = 127;

interface Planned {
  readonly content: Content;
  readonly through: PathRewrites;
  /** Does it bring anything that is not there already? */
  readonly changed: boolean;
}

interface Plan {
  readonly planned: readonly Planned[];
  readonly debian: readonly InstalledPackage[];
}

function labelOf(content: Content): string {
  return content.kind === "package" ? content.package.name : content.name;
}

const layerOf = (content: Content) => (content.kind === "package" ? content.package.layer : content.layer);

/** One warning for each lower layer, with the first paths. */
function reportReplaced(labels: readonly string[], replaced: readonly Replacement[], options: BuildImageOptions): void {
  for (const { from, by, count, paths } of replaced) {
    const shown = paths.map((path) => `/${escapePath(path)}`);
    const more = count > paths.length ? ` and ${count - paths.length} more` : "";
    const message = `${labels[by]} replaces ${shown.join(", ")}${more} of ${labels[from]}`;
    options.onWarning?.({ code: "REPLACED", message });
  }
}

/** The same layer twice is refused by Charliecloud and moves no bytes: the last stays. */
function dropRepeated(contents: readonly Content[]): readonly Content[] {
  const last = new Map(contents.map((content, index) => [layerOf(content).descriptor.digest, index]));
  return contents.filter((content, index) => last.get(layerOf(content).descriptor.digest) === index);
}

/** Puts a layer into the tree; an error says which layer it is. */
async function applyContent(store: Store, content: Content, tree: Tree, { signal }: IoOptions): Promise<Applied> {
  try {
    return await applyList(store, layerOf(content).files, tree.begin(), { signal });
  } catch (error) {
    if (!isLadingError(error, "UNSAFE_ENTRY")) throw error;
    const message = `Cannot add ${labelOf(content)} to the image: ${error.message.replace(/^Cannot /, "cannot ")}`;
    throw new LadingError(error.code, message, error.detail, { cause: error });
  }
}

async function applyList(store: Store, list: Descriptor, layer: OpenLayer, options: IoOptions): Promise<Applied> {
  for await (const files of openFileList(store, list, options)) layer.add(files);
  return layer.end();
}

/** Puts every layer into the tree, lowest first, and notes what has to be written elsewhere. */
async function planLayers(store: Store, input: ImageContents, tree: Tree, options: BuildImageOptions): Promise<Plan> {
  const { base, contents } = input;
  const { signal } = options;
  const labels = [...(base?.layers.map(() => `base image ${base.name}`) ?? [])];
  for (const list of base?.files ?? []) await applyList(store, list, tree.begin({ asIs: true }), { signal });
  const repeated = new Set(contents);
  for (const content of dropRepeated(contents)) repeated.delete(content);
  const lists = contents.flatMap((content) => (repeated.has(content) ? [] : layerOf(content).files));
  const ahead = readAhead(store, lists, { signal });
  const planned: Planned[] = [];
  const debian: InstalledPackage[] = [];
  for (const content of contents) {
    const installed =
      content.kind === "package" ? await installedPackage(store, content.package, { signal }) : undefined;
    if (installed !== undefined) debian.push(installed);
    if (repeated.has(content)) continue;
    labels.push(labelOf(content));
    const { replaced, through, changed } = await applyContent(ahead, content, tree, { signal });
    reportReplaced(labels, replaced, options);
    planned.push({ content, through, changed });
  }
  return { planned, debian };
}

/** Says of an image that its owners and permissions tell nothing: it may be unpacked by anybody as anybody. */
export const IDS_ANNOTATION = { "io.lading.ids": "flattened" } as const;

/** The layers of packages and tarballs. One that the base image has, and that would change nothing, is not put on it again. */
async function assembleContents(
  store: Store,
  planned: readonly Planned[],
  base: OpenBase | undefined,
  options: BuildImageOptions,
): Promise<Layer[]> {
  // By the tar: the layer that is there may be compressed otherwise.
  const inBase = new Set(base?.layers.map(({ diffId }) => diffId));
  const kept = keptCount(options);
  const layers: Layer[] = [];
  for (const { content, through, changed } of planned) {
    if (!changed && inBase.has(layerOf(content).diffId)) continue;
    const createdBy = content.kind === "package" ? packageHistory(content.package) : `lading: ${content.name}`;
    // What is to be squashed gets its format then.
    const how = layers.length < kept ? options : { ...options, compression: undefined };
    const layer = await assemblePackageLayer(store, layerOf(content), through, createdBy, how);
    if (changed || !inBase.has(layer.diffId)) layers.push(layer);
  }
  return layers;
}

function checkLayerCount(count: number): void {
  if (count <= MAX_LAYERS) return;
  const message = `Cannot build an image of ${count} layers: container runtimes take at most ${MAX_LAYERS}; ask for fewer packages, or split the image in two`;
  throw new LadingError("TOO_LARGE", message, { what: "count of layers", limit: MAX_LAYERS, actual: count });
}

/** How many of the own layers stay as they are. */
function keptCount({ squash }: BuildImageOptions): number {
  return squash === undefined ? Number.POSITIVE_INFINITY : (squash.from ?? 1) - 1;
}

/** Makes one layer of those that are to be squashed. */
async function squashOwn(store: Store, below: readonly Layer[], own: readonly Layer[], options: BuildImageOptions) {
  const kept = own.slice(0, keptCount(options));
  const rest = own.slice(kept.length);
  if (rest.length === 0) return [...below, ...kept];
  const hasBelow = below.length + kept.length > 0;
  const { squashLayers } = await import("./squash.js");
  return [...below, ...kept, await squashLayers(store, rest, { ...options, hasBelow })];
}

async function baseLayers(store: Store, base: OpenBase | undefined, options: BuildImageOptions) {
  const layers: Layer[] = [];
  for (const layer of base?.layers ?? []) {
    layers.push(options.singleId ? await flattenBaseLayer(store, layer, options) : layer);
  }
  return layers;
}

/**
 * Builds one image into the store: one layer for each package, then the recipe's files, then what a root file system
 * needs and nothing brought.
 *
 * A path that several packages ship is the later one's, and reported. A path that leads through a lower layer's symlink
 * (`bin` → `usr/bin`) is written where it leads. The same contents give the same image.
 *
 * @param options `compression` that is named is that of all own layers; without it, layers of packages stay as they are.
 * @throws {LadingError} `TOO_LARGE` above 127 layers; what reading and writing throws.
 */
export async function buildImage(store: Store, input: ImageContents, options: BuildImageOptions = {}): Promise<Image> {
  const { base, platform, settings, files, folder } = input;
  const { epoch = 0, signal } = options;
  const tree = createTree();
  const { planned, debian } = await planLayers(store, input, tree, options);
  const own = await assembleContents(store, planned, base, options);
  const made = async (entries: readonly WriteEntry[], what: string) => {
    const how = own.length < keptCount(options) ? options : { ...options, compression: undefined };
    if (entries.length > 0) own.push(await assembleEntries(store, entries, `lading: ${what}`, how));
  };
  await made(await readRecipeFiles(tree, files, { folder, mtime: epoch, signal }), "files of the recipe");
  const root = [...missingRootFiles(tree, epoch)];
  tree.apply(root.map(toListedFile));
  root.push(...dpkgDatabase(tree, debian, epoch));
  await made(root, "root file system");
  const layers = await squashOwn(store, await baseLayers(store, base, options), own, options);
  checkLayerCount(layers.length);
  const annotations = { ...settings.annotations, ...(options.singleId ? IDS_ANNOTATION : {}) };
  return await composeImage(store, platform, layers, { ...settings, annotations }, { base, epoch, signal });
}
