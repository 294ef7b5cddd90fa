/**
 * From what an image is to hold to the image: look for conflicts, assemble the layers, compose.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Digest } from "../oci/digest.js";
import type { Outline } from "../package/outline.js";
import type { Store } from "../store/store.js";
import type { IoOptions } from "../stream/bytes.js";
import type { WriteEntry } from "../tar/entry.js";
import { assembleEntries, assemblePackageLayer, flattenBaseLayer, packageHistory } from "./assemble.js";
import type { OpenBase } from "./base.js";
import { composeImage, type Image } from "./compose.js";
import { type Content, type ImageContents, layerOf } from "./content.js";
import { dpkgDatabase } from "./dpkg.js";
import type { Layer } from "./layer-plan.js";
import { type BuildWarning, type Planned, planLayers } from "./plan-layers.js";
import { readRecipeFiles } from "./recipe-files.js";
import { missingRootFiles, toListedFile } from "./root-files.js";
import { keptCount, type OwnLayer, type StackOptions, stackLayers } from "./stack-layers.js";

export interface BuildImageOptions extends StackOptions {
  /** Whole seconds since 1970 for what lading itself creates (0). */
  readonly epoch?: number | undefined;
  /** Outlines of layers that are known already, by the digest of the list of files. */
  readonly outlines?: ReadonlyMap<Digest, Outline> | undefined;
  readonly onWarning?: ((warning: BuildWarning) => void) | undefined;
}

/** Says of an image that its owners and permissions tell nothing: it may be unpacked by anybody as anybody. */
export const IDS_ANNOTATION = { "io.lading.ids": "flattened" } as const;

const nameOf = (content: Content) => (content.kind === "package" ? content.package.fqn : content.name);

/** The layers of packages and tarballs. One that the base image has, and that would change nothing, is not put on it again. */
async function assembleContents(
  store: Store,
  planned: readonly Planned[],
  base: OpenBase | undefined,
  options: BuildImageOptions,
): Promise<readonly OwnLayer[]> {
  // By the tar: the layer that is there may be compressed otherwise.
  const inBase = new Set(base?.layers.map(({ diffId }) => diffId));
  const kept = keptCount(options);
  const layers: OwnLayer[] = [];
  for (const { content, through, changed } of planned) {
    if (!changed && inBase.has(layerOf(content).diffId)) continue;
    const createdBy = content.kind === "package" ? packageHistory(content.package) : `lading: ${content.name}`;
    // What is to be squashed gets its format then.
    const how = layers.length < kept ? options : { ...options, compression: undefined };
    const layer = await assemblePackageLayer(store, layerOf(content), through, createdBy, how);
    if (changed || !inBase.has(layer.diffId)) layers.push({ name: nameOf(content), layer });
  }
  return layers;
}

/** A store may have lost what its list of packages names; nobody would see that before the image is run. */
async function checkThere(store: Store, layers: readonly Layer[], { signal }: IoOptions): Promise<void> {
  const isThere = await Promise.all(layers.map(({ descriptor }) => store.has(descriptor, { signal })));
  const lost = layers[isThere.indexOf(false)];
  if (lost === undefined) return;
  const { digest } = lost.descriptor;
  const message = `Cannot build with "${lost.createdBy}": its layer ${digest} is not in ${store.label} any more; import it again`;
  throw new LadingError("NOT_FOUND", message, { what: "blob", name: digest });
}

async function baseLayers(store: Store, base: OpenBase | undefined, options: BuildImageOptions) {
  const layers: Layer[] = [];
  for (const layer of base?.layers ?? []) {
    layers.push(options.singleId ? await flattenBaseLayer(store, layer, options) : layer);
  }
  return layers;
}

/**
 * What every layer is to hold. What lies where is known only in here, for it takes as much memory as all else of an image of
 * many files.
 */
async function planAll(store: Store, input: ImageContents, options: BuildImageOptions) {
  const { files, folder } = input;
  const { epoch = 0, signal } = options;
  const { view, tree, planned, debian } = await planLayers(store, input, options);
  try {
    const own = tree && (await readRecipeFiles(tree, files, { folder, mtime: epoch, signal }));
    const root = [...missingRootFiles(view, epoch)];
    view.put(root.map(toListedFile));
    root.push(...dpkgDatabase(view, debian, epoch));
    return { planned, own: own ?? [], root };
  } finally {
    view.close();
  }
}

/**
 * Builds one image into the store: one layer for each package, then the recipe's files, then what a root file system
 * needs and nothing brought.
 *
 * A path that several packages ship is the later one's, and reported. A path that leads through a lower layer's symlink
 * (`bin` → `usr/bin`) is written where it leads. The same contents give the same image.
 *
 * @param options `compression` that is named is that of all own layers; without it, layers of packages stay as they are.
 * @throws {LadingError} `NOT_FOUND` for a layer that the store has lost; `TOO_LARGE` where the base image leaves no room for a layer of packages; what reading and writing
 * throws.
 */
export async function buildImage(store: Store, input: ImageContents, options: BuildImageOptions = {}): Promise<Image> {
  const { base, platform, settings } = input;
  const { epoch = 0, signal } = options;
  const { planned, own, root } = await planAll(store, input, options);
  const contents = await assembleContents(store, planned, base, options);
  const made: Layer[] = [];
  const make = async (entries: readonly WriteEntry[], what: string) => {
    const how = contents.length + made.length < keptCount(options) ? options : { ...options, compression: undefined };
    if (entries.length > 0) made.push(await assembleEntries(store, entries, `lading: ${what}`, how));
  };
  await make(own, "files of the recipe");
  await make(root, "root file system");
  const below = await baseLayers(store, base, options);
  const layers = await stackLayers(store, below, contents, made, options);
  await checkThere(store, layers, { signal });
  const annotations = { ...settings.annotations, ...(options.singleId ? IDS_ANNOTATION : {}) };
  return await composeImage(store, platform, layers, { ...settings, annotations }, { base, epoch, signal });
}
