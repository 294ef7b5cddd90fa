/**
 * What lies where once layers are put on one another: only paths and kinds, never content.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#applying-changesets
 * @module
 */

import type { ListedFile } from "../package/file-list.js";
import { escapePath, whiteoutOf } from "../tar/path.js";
import type { PathRewrites } from "./layer-plan.js";
import { cannotPlace, follow, type Node, newDirectory, splitPath } from "./tree-node.js";

/** A path that a later layer gave another content. */
export interface Replacement {
  readonly path: string;
  /** Numbers of the layers. */
  readonly from: number;
  readonly by: number;
}

/** What a layer did to the tree. */
export interface Applied {
  /** Paths that lower layers had with another content or kind. Folders over folders are not among them. */
  readonly replaced: readonly Replacement[];
  /** Which of the layer's paths lead through symlinks of lower layers. */
  readonly through: PathRewrites;
  /** False where all of the layer was there already, with the same content. */
  readonly changed: boolean;
}

export interface ApplyOptions {
  /**
   * The layer is used as it stands, as those of a base image are (no). Then a directory takes the place of a symlink, and
   * whiteouts hide what is below. Else a directory goes through the symlink of a lower layer, and its content with it.
   */
  readonly asIs?: boolean;
}

/** The root file system that a stack of layers gives. Paths are as in `Entry.path`. */
export interface Tree {
  /**
   * Puts a layer on top.
   *
   * @throws {LadingError} `UNSAFE_ENTRY` for a path that leads through a circle of symlinks, and for one below something of
   * a lower layer that is no folder.
   */
  apply(files: readonly ListedFile[], options?: ApplyOptions): Applied;
  /** The real path of `path`: symlinks on the way to its last component followed inside the root. */
  realPath(path: string): string;
  /** The same with the last component followed too, if it is a symlink. */
  realFolder(path: string): string;
  /** What lies at a path, symlinks on the way followed; undefined where nothing does. */
  lookup(path: string): Pick<Node, "type" | "mode" | "target" | "layer"> | undefined;
  /** Every path with what lies there, parents first, names in the order of their bytes. */
  list(): IterableIterator<readonly [path: string, node: Pick<Node, "type" | "mode" | "target" | "layer">]>;
}

/** One layer on its way into the tree. */
interface Layering {
  readonly root: Node;
  readonly layer: number;
  readonly asIs: boolean;
  /** Of the layer, by path: what its hard links name. Made when the first is met. */
  readonly files: () => ReadonlyMap<string, ListedFile>;
  readonly replaced: Replacement[];
  readonly through: Map<string, PathRewrites[number]>;
  /** Folders whose symlinks are noted in `through`. */
  readonly noted: Set<string>;
  changed: boolean;
  /** The folder of the path before. */
  last: { readonly parent: string; readonly parts: readonly string[]; readonly folder: Node } | undefined;
}

/** The folder at `parts`, made with its parents where it is missing. */
function folderAt(work: Layering, parts: readonly string[], path: string): Node {
  let node = work.root;
  for (const [at, part] of parts.entries()) {
    let child = node.children?.get(part);
    if (child !== undefined && child.children === undefined && !work.asIs) {
      const file = `"${escapePath(parts.slice(0, at + 1).join("/"))}" is a ${child.type} of a lower layer`;
      throw cannotPlace(path, `${file}, expected a folder; leave one of the two out`, "below what is no folder");
    }
    if (child?.children === undefined) {
      child = newDirectory(work.layer);
      node.children?.set(part, child);
      work.changed = true;
    }
    node = child;
  }
  return node;
}

function isSame(a: Node, b: Node): boolean {
  if (a.type !== b.type) return false;
  if (a.type === "symlink") return a.target === b.target;
  return a.type === "directory" || (a.digest !== undefined && a.digest === b.digest && a.mode === b.mode);
}

/** The file that a hard link names: one of its own layer, else what lies there. */
function linkedFile({ root, files }: Layering, target: string): Pick<Node, "mode" | "digest"> | undefined {
  const seen = new Set<string>();
  let file = files().get(target);
  while (file?.type === "hardlink" && !seen.has(file.path)) {
    seen.add(file.path);
    file = files().get(file.target ?? "");
  }
  return file ?? follow(root, target).node;
}

function toNode(work: Layering, file: ListedFile, lower: Node | undefined): Node {
  const { type, mode, digest, target } = file;
  const { layer } = work;
  if (type === "directory") return newDirectory(layer, mode, lower?.children);
  if (type !== "hardlink") return { type, mode, digest, target, layer };
  const linked = linkedFile(work, target ?? "");
  return { type: "file", mode: linked?.mode ?? mode, digest: linked?.digest, layer };
}

/** Notes each symlink among the parents of a path, and where it leads. No archive has entries below a symlink of its own. */
function noteSymlinks({ root, through, noted }: Layering, folder: string): void {
  if (noted.has(folder)) return;
  noted.add(folder);
  const parts = folder.split("/");
  for (let depth = 1; depth <= parts.length; depth++) {
    const symlink = parts.slice(0, depth).join("/");
    if (through.has(symlink)) continue;
    const { parent, name } = splitPath(symlink);
    const node = follow(root, parent).node?.children?.get(name);
    if (node?.type !== "symlink") continue;
    through.set(symlink, { symlink, folder: follow(root, symlink).parts.join("/") });
  }
}

/** Lets a directory go through the symlink in its place. False where that leads to a file: then it takes the place. */
function goThrough(work: Layering, { path, mode }: ListedFile): boolean {
  const { parts, node } = follow(work.root, path);
  if (node !== undefined && node.children === undefined) return false;
  const folder = parts.join("/");
  if (node !== undefined) {
    work.through.set(path, { symlink: path, folder });
    return true;
  }
  const { parent, name } = splitPath(folder);
  const made = newDirectory(work.layer, mode);
  folderAt(work, parts.slice(0, -1), parent).children?.set(name, made);
  work.through.set(path, { symlink: path, folder, create: true });
  work.changed = true;
  return true;
}

/** The real folder in which a path lies. Lists are sorted, so that it mostly is the one of the path before. */
function parentOf(work: Layering, parent: string, path: string): NonNullable<Layering["last"]> {
  if (work.last?.parent === parent) return work.last;
  const { parts, followed } = follow(work.root, parent);
  if (followed > 0) noteSymlinks(work, parent);
  work.last = { parent, parts, folder: folderAt(work, parts, path) };
  return work.last;
}

function place(work: Layering, file: ListedFile): void {
  const { layer, asIs, replaced } = work;
  const { parent, name } = splitPath(file.path);
  const { parts, folder } = parentOf(work, parent, file.path);
  const lower = folder.children?.get(name);
  const isOlder = lower !== undefined && lower.layer < layer;
  if (!asIs && file.type === "directory" && lower?.type === "symlink" && isOlder && goThrough(work, file)) return;
  const node = toNode(work, file, lower);
  folder.children?.set(name, node);
  if (lower === undefined || !isSame(lower, node) || lower.mode !== node.mode) work.changed = true;
  if (isOlder && !isSame(lower, node))
    replaced.push({ path: [...parts, name].join("/"), from: lower.layer, by: layer });
}

/** What AUFS, which wrote the layers of old images, kept for itself. */
const AUFS = /(?:^|\/)\.wh\.\.wh\.(?!\.opq$)/;

/** Takes away what lower layers have in a folder. Is anything left? */
function dropLower({ children = new Map() }: Node, layer: number): boolean {
  for (const [name, child] of children) {
    const isLeft = dropLower(child, layer);
    if (child.layer < layer && !isLeft) children.delete(name);
  }
  return children.size > 0;
}

/** Takes away what the entry at `path` hides, if it is a whiteout. Whatever its own layer has stays. */
function hide(work: Layering, path: string): boolean {
  const { root, layer } = work;
  work.last = undefined;
  if (AUFS.test(path)) return true;
  const whiteout = whiteoutOf(path, true);
  if (whiteout === undefined) return false;
  const { parent, name } = splitPath(whiteout.path);
  const isOpaque = whiteout.kind === "opaque";
  const folder = follow(root, isOpaque ? whiteout.path : parent).node;
  const node = isOpaque ? folder : folder?.children?.get(name);
  const isLeft = node !== undefined && dropLower(node, layer);
  if (!isOpaque && node !== undefined && node.layer < layer && !isLeft) folder?.children?.delete(name);
  return true;
}

function* listNodes(node: Node, path: string): IterableIterator<readonly [string, Node]> {
  for (const [name, child] of [...(node.children ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const at = path === "" ? name : `${path}/${name}`;
    yield [at, child];
    yield* listNodes(child, at);
  }
}

/** An empty tree. Memory grows with the count of paths. */
export function createTree(): Tree {
  const root = newDirectory(-1);
  let layers = 0;
  return {
    apply(files, { asIs = false } = {}) {
      const layer = layers++;
      let byPath: ReadonlyMap<string, ListedFile> | undefined;
      const filesByPath = () => (byPath ??= new Map(files.map((file) => [file.path, file])));
      const through = new Map<string, PathRewrites[number]>();
      const common = { root, layer, asIs, files: filesByPath, through };
      const work: Layering = { ...common, replaced: [], noted: new Set(), changed: asIs, last: undefined };
      for (const file of files) if (file.path !== "" && !(asIs && hide(work, file.path))) place(work, file);
      const sorted = [...through.values()].sort((a, b) => (a.symlink < b.symlink ? -1 : 1));
      return { replaced: work.replaced, through: sorted, changed: work.changed };
    },
    realPath(path) {
      const { parent, name } = splitPath(path);
      return [...follow(root, parent).parts, name].join("/");
    },
    realFolder: (path) => follow(root, path).parts.join("/"),
    lookup(path) {
      const { parent, name } = splitPath(path);
      const { node } = follow(root, parent);
      return name === "" ? node : node?.children?.get(name);
    },
    list: () => listNodes(root, ""),
  };
}
