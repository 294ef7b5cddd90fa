/**
 * What an image's layers come to, looked at before they are assembled: what replaces what, and what has to be written elsewhere.
 *
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { openFileList } from "../package/file-list.js";
import type { Outline } from "../package/outline.js";
import { readOutline } from "../package/outline-cache.js";
import type { Cache } from "../store/cache.js";
import { readAhead } from "../store/read-ahead.js";
import type { Store } from "../store/store.js";
import type { IoOptions } from "../stream/bytes.js";
import { mapConcurrent } from "../stream/pool.js";
import { escapePath } from "../tar/path.js";
import { type Content, type ImageContents, labelOf, layerOf } from "./content.js";
import { type InstalledPackage, installedPackage } from "./dpkg.js";
import type { PathRewrites } from "./layer-plan.js";
import { stackOutlines } from "./outline-tree.js";
import { type Applied, createTree, type OpenLayer, type Tree, type TreeView } from "./tree.js";
import type { Replacement } from "./tree-place.js";

export interface PlanOptions extends IoOptions {
  readonly cache?: Cache | undefined;
  /** Outlines that are known already, by the digest of the list of files. */
  readonly outlines?: ReadonlyMap<Digest, Outline> | undefined;
  readonly onWarning?: ((warning: BuildWarning) => void) | undefined;
}

/** Outlines that are read at once. */
const AT_ONCE = 8;

/** Something that the user may want to know, and that stops nothing. */
export interface BuildWarning {
  readonly code: "REPLACED" | "IMPORT";
  readonly message: string;
}

/** A layer with what has to be known to assemble it. */
export interface Planned {
  readonly content: Content;
  readonly through: PathRewrites;
  /** Does it bring anything that is not there already? */
  readonly changed: boolean;
}

/** What has to be known of an image before its layers are assembled. */
export interface Plan {
  readonly view: TreeView;
  /** The same in full; there only where it was needed, as it is for files of a recipe. */
  readonly tree: Tree | undefined;
  readonly planned: readonly Planned[];
  readonly debian: readonly InstalledPackage[];
}

/** One warning for each lower layer, with the first paths. */
function reportReplaced(labels: readonly string[], replaced: readonly Replacement[], options: PlanOptions): void {
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

async function listInstalled(store: Store, contents: readonly Content[], { signal }: IoOptions) {
  const installed: InstalledPackage[] = [];
  for (const content of contents) {
    if (content.kind !== "package") continue;
    const found = await installedPackage(store, content.package, { signal });
    if (found !== undefined) installed.push(found);
  }
  return installed;
}

/** Puts every layer into the tree, lowest first, and notes what has to be written elsewhere. */
async function planInFull(store: Store, input: ImageContents, options: PlanOptions): Promise<Plan> {
  const { base, contents } = input;
  const { signal } = options;
  const tree = createTree();
  const labels = [...(base?.layers.map(() => `base image ${base.name}`) ?? [])];
  for (const list of base?.files ?? []) await applyList(store, list, tree.begin({ asIs: true }), { signal });
  const once = dropRepeated(contents);
  const lists = once.map((content) => layerOf(content).files).filter(({ data }) => data === undefined);
  const ahead = readAhead(store, lists, { signal });
  const planned: Planned[] = [];
  for (const content of once) {
    labels.push(labelOf(content));
    const { replaced, through, changed } = await applyContent(ahead, content, tree, { signal });
    reportReplaced(labels, replaced, options);
    planned.push({ content, through, changed });
  }
  return { view: tree, tree, planned, debian: await listInstalled(store, contents, { signal }) };
}

/** Can layers be planned by outlines alone? Not on a base image, nor below files of a recipe, where more is asked. */
export function isPlannedByOutlines({ base, files }: { readonly base?: unknown; readonly files: readonly unknown[] }) {
  return base === undefined && files.length === 0;
}

/** The plan of layers that have nothing to do with each other; undefined where they may have, or more than that is asked. */
async function planByOutlines(store: Store, input: ImageContents, options: PlanOptions): Promise<Plan | undefined> {
  if (!isPlannedByOutlines(input)) return undefined;
  const once = dropRepeated(input.contents);
  const read = (content: Content) => {
    const { files: list, entries } = layerOf(content);
    return options.outlines?.get(list.digest) ?? readOutline(store, list, entries, options);
  };
  const outlines = await mapConcurrent(once, AT_ONCE, read, options.signal);
  const known = outlines.flatMap((outline) => outline ?? []);
  const view = known.length < once.length ? undefined : stackOutlines(known);
  if (view === undefined) return undefined;
  const planned = once.map((content): Planned => ({ content, through: [], changed: true }));
  return { view, tree: undefined, planned, debian: await listInstalled(store, input.contents, options) };
}

/**
 * Looks at what every layer holds, lowest first, and notes what has to be written elsewhere.
 *
 * @throws {LadingError} `UNSAFE_ENTRY` for a path that cannot be where it should; what reading throws.
 */
export async function planLayers(store: Store, input: ImageContents, options: PlanOptions): Promise<Plan> {
  return (await planByOutlines(store, input, options)) ?? (await planInFull(store, input, options));
}
