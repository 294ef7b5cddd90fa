/**
 * From what an image is to hold to the image: look for conflicts, assemble the layers, compose.
 *
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import type { Platform } from "../oci/platform.js";
import { readPackage } from "../package/artifact.js";
import { type ListedFile, readFileList } from "../package/file-list.js";
import type { Package, PackageLayer } from "../package/package.js";
import type { RecipeFiles } from "../recipe/recipe.js";
import type { Store } from "../store/store.js";
import { escapePath } from "../tar/path.js";
import { type AssembleOptions, assembleEntries, assemblePackageLayer, packageHistory } from "./assemble.js";
import type { OpenBase } from "./base.js";
import { composeImage, type Image, type ImageSettings } from "./compose.js";
import { dpkgDatabase, type InstalledPackage } from "./dpkg.js";
import type { Layer, PathRewrites } from "./layer-plan.js";
import { readRecipeFiles } from "./recipe-files.js";
import { missingRootFiles, toListedFile } from "./root-files.js";
import { type Applied, createTree, type Replacement, type Tree } from "./tree.js";

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

export interface BuildImageOptions extends AssembleOptions {
  /** Whole seconds since 1970 for what lading itself creates (0). */
  readonly epoch?: number | undefined;
  readonly onWarning?: ((warning: BuildWarning) => void) | undefined;
}

/** Layers that known runtimes can stack. */
export const MAX_LAYERS = 127;
const SHOWN = 3;

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

/** One warning for each pair of layers, with the first paths. */
function reportReplaced(labels: readonly string[], replaced: readonly Replacement[], options: BuildImageOptions): void {
  const pairs = new Map<string, Replacement[]>();
  for (const each of replaced) {
    const key = `${each.from} ${each.by}`;
    pairs.set(key, [...(pairs.get(key) ?? []), each]);
  }
  for (const [first, ...others] of pairs.values()) {
    if (first === undefined) continue;
    const all = [first, ...others];
    const paths = all.slice(0, SHOWN).map(({ path }) => `/${escapePath(path)}`);
    const more = all.length > SHOWN ? ` and ${all.length - SHOWN} more` : "";
    const message = `${labels[first.by]} replaces ${paths.join(", ")}${more} of ${labels[first.from]}`;
    options.onWarning?.({ code: "REPLACED", message });
  }
}

/** The same layer twice is refused by Charliecloud and moves no bytes: the last stays. */
function dropRepeated(contents: readonly Content[]): readonly Content[] {
  const last = new Map(contents.map((content, index) => [layerOf(content).descriptor.digest, index]));
  return contents.filter((content, index) => last.get(layerOf(content).descriptor.digest) === index);
}

/** Puts a layer into the tree; an error says which layer it is. */
function applyLayer(tree: Tree, label: string, files: readonly ListedFile[]): Applied {
  try {
    return tree.apply(files);
  } catch (error) {
    if (!isLadingError(error)) throw error;
    const message = `Cannot add ${label} to the image: ${error.message.replace(/^Cannot /, "cannot ")}`;
    throw new LadingError(error.code, message, error.detail, { cause: error });
  }
}

/** Puts every layer into the tree, lowest first, and notes what has to be written elsewhere. */
async function planLayers(store: Store, input: ImageContents, tree: Tree, options: BuildImageOptions): Promise<Plan> {
  const { base, contents } = input;
  const labels = [...(base?.layers.map(() => `base image ${base.name}`) ?? [])];
  for (const files of base?.files ?? []) tree.apply(files, { asIs: true });
  const repeated = new Set(contents);
  for (const content of dropRepeated(contents)) repeated.delete(content);
  const planned: Planned[] = [];
  const debian: InstalledPackage[] = [];
  for (const content of contents) {
    const files = await readFileList(store, layerOf(content).files, { signal: options.signal });
    const installed = await installedPackage(store, content, files, options);
    if (installed !== undefined) debian.push(installed);
    if (repeated.has(content)) continue;
    labels.push(labelOf(content));
    const { replaced, through, changed } = applyLayer(tree, labelOf(content), files);
    reportReplaced(labels, replaced, options);
    planned.push({ content, through, changed });
  }
  return { planned, debian };
}

/** A Debian package with its control paragraph, which a catalog leaves out. */
async function installedPackage(
  store: Store,
  content: Content,
  files: readonly ListedFile[],
  options: AssembleOptions,
) {
  if (content.kind !== "package" || content.package.ecosystem !== "debian") return undefined;
  const { manifest, control } = content.package;
  const whole =
    control === undefined ? await readPackage(store, manifest, { signal: options.signal }) : content.package;
  return { package: whole, files } satisfies InstalledPackage;
}

/** The layers of packages and tarballs. One that the base image has, and that would change nothing, is not put on it again. */
async function assembleContents(
  store: Store,
  planned: readonly Planned[],
  base: OpenBase | undefined,
  options: BuildImageOptions,
): Promise<Layer[]> {
  const inBase = new Set(base?.layers.map(({ descriptor }) => descriptor.digest));
  const layers: Layer[] = [];
  for (const { content, through, changed } of planned) {
    const createdBy = content.kind === "package" ? packageHistory(content.package) : `lading: ${content.name}`;
    const layer = await assemblePackageLayer(store, layerOf(content), through, createdBy, options);
    if (changed || !inBase.has(layer.descriptor.digest)) layers.push(layer);
  }
  return layers;
}

function checkLayerCount(count: number): void {
  if (count <= MAX_LAYERS) return;
  const message = `Cannot build an image of ${count} layers: container runtimes take at most ${MAX_LAYERS}; ask for fewer packages, or split the image in two`;
  throw new LadingError("TOO_LARGE", message, { what: "count of layers", limit: MAX_LAYERS, actual: count });
}

/**
 * Builds one image into the store: one layer for each package, then the recipe's files, then what a root file system
 * needs and nothing brought.
 *
 * A path that several packages ship is the later one's, and reported. A path that leads through a lower layer's symlink
 * (`bin` → `usr/bin`) is written where it leads. The same contents give the same image.
 *
 * @throws {LadingError} `TOO_LARGE` above 127 layers; what reading and writing throws.
 */
export async function buildImage(store: Store, input: ImageContents, options: BuildImageOptions = {}): Promise<Image> {
  const { base, platform, settings, files, folder } = input;
  const { epoch = 0, signal } = options;
  const tree = createTree();
  const { planned, debian } = await planLayers(store, input, tree, options);
  const layers = [...(base?.layers ?? []), ...(await assembleContents(store, planned, base, options))];
  const own = await readRecipeFiles(tree, files, { folder, mtime: epoch, signal });
  if (own.length > 0) layers.push(await assembleEntries(store, own, "lading: files of the recipe", options));
  const root = [...missingRootFiles(tree, epoch)];
  tree.apply(root.map(toListedFile));
  root.push(...dpkgDatabase(tree, debian, epoch));
  if (root.length > 0) layers.push(await assembleEntries(store, root, "lading: root file system", options));
  checkLayerCount(layers.length);
  return await composeImage(store, platform, layers, settings, { base, epoch, signal });
}
