/**
 * What several layers come to as one: which entries win, and what has to stay hidden of layers below.
 *
 * @module
 */

import type { Entry } from "../tar/entry.js";
import { WHITEOUT, type Whiteout, whiteoutOf } from "../tar/path.js";
import { createRootfs } from "./rootfs.js";
import { type Node, splitPath } from "./rootfs-node.js";

/** What becomes of the entries of all layers, which are counted from 0 in their order. */
export interface SquashPlan {
  /** Everything but files and their hard links, parents first; whiteouts are among it. */
  readonly first: readonly Entry[];
  /** The names that a file of that number has in the end; none where it is replaced or removed. */
  namesOf(number: number): readonly string[];
}

export interface SquashPlanner {
  /** What comes next is of the next layer, lowest first. */
  beginLayer(): void;
  /** The next entry. Throws `UNSAFE_ENTRY` for a whiteout that is none, and for symlinks in a circle. */
  add(entry: Entry): void;
  /** All have come. */
  plan(): SquashPlan;
}

const OPAQUE = ".wh..wh..opq";
const NONE: readonly string[] = [];

const join = (folder: string, name: string) => (folder === "" ? name : `${folder}/${name}`);

/** The path behind the symlinks on the way to `path`, what is not there taken as it is written. */
function realFolder(root: Node, path: string): string {
  const names: string[] = [];
  let nodes: (Node | undefined)[] = [root];
  const pending = path.split("/").reverse();
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (names.pop() !== undefined) nodes.pop();
      continue;
    }
    const next = nodes.at(-1)?.children?.get(name);
    if (next?.inode.type !== "symlink") {
      names.push(name);
      nodes.push(next);
      continue;
    }
    const target = next.inode.target ?? "";
    if (target.startsWith("/")) {
      names.length = 0;
      nodes = [root];
    }
    pending.push(...target.split("/").reverse());
  }
  return names.join("/");
}

/** The same whiteout where its folder really is. */
function realWhiteout(root: Node, { kind, path }: Whiteout): Whiteout {
  if (kind === "opaque") return { kind, path: realFolder(root, path) };
  const { folder, name } = splitPath(path);
  return { kind, path: join(realFolder(root, folder), name) };
}

/** What lies at a path, nothing followed: `blocked` where something on the way is no folder. */
function find(root: Node, path: string): Node | "blocked" | undefined {
  let node: Node | undefined = root;
  for (const name of path === "" ? [] : path.split("/")) {
    if (node.children === undefined) return "blocked";
    node = node.children.get(name);
    if (node === undefined) return undefined;
  }
  return node;
}

function emptyFile(path: string): Entry {
  return { path, type: "file", mode: 0o644, uid: 0, gid: 0, mtime: 0, size: 0 };
}

function isBelowAny(path: string, covered: ReadonlySet<string>): boolean {
  if (covered.size === 0 || path === "") return false;
  for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
    if (covered.has(path.slice(0, slash))) return true;
  }
  return covered.has("");
}

/**
 * The whiteouts that one layer needs in place of all that there were: of what is hidden once, everything below is. Where
 * something else takes the place, it hides by itself; a folder needs to be opaque.
 */
function whiteoutEntries(root: Node, whiteouts: readonly Whiteout[], hiding: readonly string[]): readonly Entry[] {
  const all: Whiteout[] = [...whiteouts, ...hiding.map((path) => ({ kind: "opaque" as const, path }))];
  const covered = new Set(all.map(({ path }) => path));
  const entries = new Map<string, Entry>();
  for (const { kind, path } of all) {
    const node = find(root, path);
    if (isBelowAny(path, covered) || node === "blocked") continue;
    if (node !== undefined && node.children === undefined) continue;
    const { folder, name } = splitPath(path);
    const isRemoved = kind === "remove" && node === undefined;
    const whiteout = isRemoved ? join(folder, WHITEOUT + name) : join(path, OPAQUE);
    entries.set(whiteout, emptyFile(whiteout));
  }
  // Removed as a whole counts more than emptied.
  for (const { kind, path } of all) {
    if (kind === "remove" && find(root, path) === undefined) entries.delete(join(path, OPAQUE));
  }
  return [...entries.values()];
}

/** What the final tree says, gathered in one walk. */
interface Found {
  readonly first: Entry[];
  readonly names: Map<number, string[]>;
  /** Folders in which nothing of a lower one may show. */
  readonly hiding: string[];
}

function visit(node: Node, path: string, others: ReadonlyMap<number, Entry>, found: Found): void {
  const { source, mode } = node.inode;
  const other = source === undefined ? undefined : others.get(source);
  if (other !== undefined) found.first.push({ ...other, path });
  else if (source !== undefined) {
    const names = found.names.get(source);
    if (names === undefined) found.names.set(source, [path]);
    else names.push(path);
  } else if (node.hides) {
    found.first.push({ path, type: "directory", mode, uid: 0, gid: 0, mtime: 0, size: 0 });
  }
  if (node.hides) found.hiding.push(path);
  for (const name of [...(node.children?.keys() ?? [])].sort()) {
    const child = node.children?.get(name);
    if (child !== undefined) visit(child, join(path, name), others, found);
  }
}

const byPath = (a: Entry, b: Entry) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

/**
 * Creates a planner. Its memory grows with the count of entries.
 *
 * @param hasBelow Are there layers below, of which something may have to stay hidden?
 */
export function createSquashPlanner(hasBelow: boolean): SquashPlanner {
  const rootfs = createRootfs();
  const others = new Map<number, Entry>();
  const whiteouts: Whiteout[] = [];
  let number = 0;
  return {
    beginLayer: rootfs.beginLayer,
    add(entry) {
      const { path, type, size } = entry;
      const whiteout = whiteoutOf(path, type === "file" && size === 0);
      if (whiteout !== undefined) whiteouts.push(realWhiteout(rootfs.root, whiteout));
      else if (type !== "file") others.set(number, entry);
      rootfs.apply(entry, undefined, number++);
    },
    plan() {
      const found: Found = { first: [], names: new Map(), hiding: [] };
      visit(rootfs.root, "", others, found);
      const hidden = hasBelow ? whiteoutEntries(rootfs.root, whiteouts, found.hiding) : [];
      const first = [...found.first, ...hidden].sort(byPath);
      return { first, namesOf: (of) => found.names.get(of) ?? NONE };
    },
  };
}
