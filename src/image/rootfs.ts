/**
 * The root file system that layers make on one another, as container runtimes apply them, and what each layer did to it.
 *
 * Entries come in the order of the archive. A whiteout hides what lower layers have, never what its own layer brings,
 * whichever comes first. Anything but a directory on a directory takes the place of the whole; a directory on anything but a
 * directory does so too. Symlinks on the way to a path are followed.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#applying-changesets
 * @module
 */

import type { Digest } from "../oci/digest.js";
import type { Entry } from "../tar/entry.js";
import { type Whiteout, whiteoutOf } from "../tar/path.js";
import { findFolder, type Inode, impliedFolder, isSameInode, type Node, splitPath } from "./rootfs-node.js";

/** How many, and how many bytes of content they have. */
export interface Tally {
  readonly count: number;
  readonly bytes: number;
}

/** What a layer does to the tree of the layers below it. Each entry but whiteouts is one of the first four. */
export interface LayerEffect {
  /** Entries whose path was not there. */
  readonly adds: Tally;
  /** Entries whose path was there and is another thing now: another content, mode, owner, target … */
  readonly replaces: Tally;
  /** Entries, not directories, that put the very same thing there again: their bytes buy nothing. */
  readonly repeats: Tally;
  /** Directories that were there and stay as they are. */
  readonly keeps: Tally;
  /** What whiteouts took away, and what lay in a folder whose place something else took. Bytes are those set free. */
  readonly removes: Tally;
  /** Whiteouts of one path. */
  readonly whiteouts: number;
  /** Whiteouts of everything in a folder. */
  readonly opaques: number;
  /** Files of this layer that no name leads to in the end: replaced or removed by a later layer, or by this one. */
  readonly wasted: Tally;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends Tally ? { count: number; bytes: number } : T[K] };

/** A tree that layers are put on. Memory grows with the count of paths. */
export interface Rootfs {
  readonly root: Node;
  /** One for each layer begun, lowest first. */
  readonly effects: readonly LayerEffect[];
  /** What comes next is of the next layer. */
  beginLayer(): void;
  /**
   * Puts the next entry of the layer there.
   *
   * @param digest Of a file's content.
   * @param source What the entry's inode is to be known by, see `Inode.source`.
   * @throws {LadingError} `UNSAFE_ENTRY` for a whiteout that is none, and for symlinks in a circle.
   */
  apply(entry: Entry, digest?: Digest, source?: number): void;
}

interface State {
  readonly root: Node;
  readonly effects: Mutable<LayerEffect>[];
  layer: number;
}

const tally = () => ({ count: 0, bytes: 0 });

function newEffect(): Mutable<LayerEffect> {
  return {
    adds: tally(),
    replaces: tally(),
    repeats: tally(),
    keeps: tally(),
    removes: tally(),
    whiteouts: 0,
    opaques: 0,
    wasted: tally(),
  };
}

/** Takes a name off an inode. Returns the bytes that no name leads to any more. */
function unlink({ effects }: State, inode: Inode): number {
  inode.links--;
  const wasted = effects[inode.layer]?.wasted;
  if (inode.links > 0 || inode.type !== "file" || wasted === undefined) return 0;
  wasted.count++;
  wasted.bytes += inode.size;
  return inode.size;
}

/** Counts everything below a node as removed. */
function dropChildren(state: State, node: Node): void {
  for (const child of node.children?.values() ?? []) dropNode(state, child);
}

function dropNode(state: State, node: Node): void {
  const removes = state.effects[state.layer]?.removes;
  if (removes !== undefined) {
    removes.count++;
    removes.bytes += unlink(state, node.inode);
  }
  dropChildren(state, node);
}

/** Takes away what lower layers have at and below a name; what this layer put there stays. */
function hide(state: State, folder: Node, name: string): void {
  const node = folder.children?.get(name);
  if (node === undefined) return;
  if (node.touched === state.layer) {
    hideChildren(state, node);
    return;
  }
  folder.children?.delete(name);
  dropNode(state, node);
}

function hideChildren(state: State, folder: Node): void {
  for (const name of folder.children?.keys() ?? []) hide(state, folder, name);
}

/** The folder at `path`, made with its parents where it is missing; all of them belong to this layer's way from now on. */
function fillFolder(state: State, path: string): Node {
  const fill = (folder: Node, name: string) => {
    const lower = folder.children?.get(name);
    if (lower !== undefined) dropNode(state, lower);
    const made = impliedFolder(state.layer, lower !== undefined);
    folder.children?.set(name, made);
    return made;
  };
  const way = findFolder(state.root, path, fill) ?? [];
  for (const node of way) node.touched = state.layer;
  return way.at(-1) ?? state.root;
}

/** What whoever applies an entry knows of it. */
interface Known {
  readonly digest?: Digest | undefined;
  readonly source?: number | undefined;
}

/** One plain literal: there may be millions, and spreads take twice the memory. */
function toInode(entry: Entry, layer: number, { digest, source }: Known): Inode {
  const { type, mode, uid, gid, size, linkpath, xattrs, devmajor = 0, devminor = 0 } = entry;
  const device = type === "char" || type === "block" ? `${devmajor}:${devminor}` : undefined;
  return {
    type,
    mode,
    uid,
    gid,
    size,
    digest,
    target: linkpath,
    device,
    xattrs,
    layer,
    isImplied: false,
    links: 1,
    source,
  };
}

/** What a hard link shares; undefined where its target is nowhere or a directory. */
function linkedInode(root: Node, target: string): Inode | undefined {
  const { folder, name } = splitPath(target);
  const node = findFolder(root, folder)?.at(-1)?.children?.get(name);
  return node?.children === undefined ? node?.inode : undefined;
}

function count(state: State, kind: "adds" | "replaces" | "repeats" | "keeps", { type, size }: Entry): void {
  const counted = state.effects[state.layer]?.[kind];
  if (counted === undefined) return;
  counted.count++;
  counted.bytes += type === "file" ? size : 0;
}

/** A directory on a directory: only its attributes change. */
function placeDirectory(state: State, node: Node, entry: Entry, known: Known): void {
  const { layer } = state;
  const { inode } = node;
  const next = toInode(entry, layer, known);
  const isNew = inode.isImplied && inode.layer === layer;
  const isSame = isSameInode(inode, next);
  count(state, isNew ? "adds" : isSame ? "keeps" : "replaces", entry);
  if (!isSame || isNew) node.inode = next;
  node.inode.source = known.source;
  node.touched = layer;
}

function place(state: State, entry: Entry, known: Known): void {
  const { root, layer } = state;
  const { folder: parent, name } = splitPath(entry.path);
  const folder = fillFolder(state, parent);
  const lower = entry.path === "" ? root : folder.children?.get(name);
  if (entry.type === "directory" && lower?.children !== undefined) {
    placeDirectory(state, lower, entry, known);
    return;
  }
  const linked = entry.type === "hardlink" ? linkedInode(root, entry.linkpath ?? "") : undefined;
  if (linked !== undefined) linked.links++;
  const inode = linked ?? toInode(entry, layer, known);
  const isRepeat = lower !== undefined && isSameInode(lower.inode, inode);
  count(state, lower === undefined ? "adds" : isRepeat ? "repeats" : "replaces", entry);
  if (lower !== undefined) {
    unlink(state, lower.inode);
    dropChildren(state, lower);
  }
  const children = entry.type === "directory" ? new Map<string, Node>() : undefined;
  folder.children?.set(name, { inode, children, touched: layer, hides: children !== undefined && lower !== undefined });
}

function applyEntry(state: State, entry: Entry, known: Known): void {
  const whiteout = whiteoutOf(entry.path, entry.type === "file" && entry.size === 0);
  if (whiteout === undefined) place(state, entry, known);
  else applyWhiteout(state, whiteout);
}

function applyWhiteout(state: State, { kind, path }: Whiteout): void {
  const effect = state.effects[state.layer];
  if (effect !== undefined) effect[kind === "opaque" ? "opaques" : "whiteouts"]++;
  const { folder, name } = kind === "opaque" ? { folder: path, name: undefined } : splitPath(path);
  const parent = findFolder(state.root, folder)?.at(-1);
  if (parent === undefined) return;
  if (name === undefined) hideChildren(state, parent);
  else hide(state, parent, name);
}

/** An empty root file system, no layer begun. */
export function createRootfs(): Rootfs {
  const state: State = { root: impliedFolder(0), effects: [], layer: -1 };
  return {
    root: state.root,
    effects: state.effects,
    beginLayer() {
      state.layer = state.effects.push(newEffect()) - 1;
    },
    apply: (entry, digest, source) => applyEntry(state, entry, { digest, source }),
  };
}
