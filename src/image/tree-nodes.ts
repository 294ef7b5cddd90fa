/**
 * The nodes of a {@link Tree} in little memory: 16 bytes for each, and 22 to 43 in a table of names.
 *
 * A node is a number; 0 stands for none. A name is found by the keyed hash of its folder's number and itself, so names are
 * not kept. What takes the place of a folder gets a new number, and so nothing of what was in it is found any more.
 *
 * @module
 */

import {
  closeTable,
  createPathTable,
  hashPath,
  pathNumber,
  randomKey,
  releaseMemory,
  setPathNumber,
} from "../tar/path-table.js";
import { createTextHeap } from "./text-heap.js";
import type { Walk } from "./tree-path.js";

/** Hard links are the files that they name. */
export type NodeType = "directory" | "file" | "symlink" | "char" | "block" | "fifo";

/** What a node is. */
export interface NodeFacts {
  readonly type: NodeType;
  readonly mode: number;
  /** Of a file, where it is known: 64 bits of a keyed hash of its content's digest. */
  readonly content?: readonly [number, number] | undefined;
  /** Of a symlink. */
  readonly target?: string | undefined;
}

export interface Nodes {
  /** The root folder. */
  readonly root: number;
  /** What a folder has under a name. */
  child(folder: number, name: string): number;
  /** Puts something under a name; a folder over a folder keeps its number and all that is in it. */
  put(folder: number, name: string, facts: NodeFacts, layer: number): number;
  remove(node: number): void;
  /** All that was put into a folder and is still there. */
  children(folder: number): Generator<number>;
  factsOf(node: number): NodeFacts;
  typeOf(node: number): NodeType;
  /** Number of the layer that put it there, -1 to 65534. */
  layerOf(node: number): number;
  /** Gives the memory back at once. Nothing is there any more. */
  close(): void;
}

const TYPES: readonly NodeType[] = ["directory", "file", "symlink", "char", "block", "fifo"];
const DIRECTORY = 0;
/** Words of a record: its kind, the next node in the same folder, and two of a file's content or a symlink's target. */
const [KIND, NEXT, A, B] = [0, 1, 2, 3];
const WORDS = 4;
/** The first node in a folder. */
const FIRST = A;
/** A kind, from the lowest bit: 3 bits of type, whether it is there, 12 of mode, 16 of layer. */
const TYPE_BITS = 7;
const PRESENT = 8;
const [MODE_SHIFT, MODE_BITS, LAYER_SHIFT] = [4, 0o7777, 16];
const MAX_LAYER = 0xffff - 1;
const NODES_PER_CHUNK = 2048;

/** No nodes but a root. Adding throws {@link LadingError} `TOO_LARGE` beyond twelve million. */
export function createNodes(): Nodes {
  const table = createPathTable();
  const targets = createTextHeap();
  const chunks: Uint32Array<ArrayBuffer>[] = [];
  let count = 0;

  const chunkOf = (node: number) => chunks[Math.floor(node / NODES_PER_CHUNK)] as Uint32Array;
  const read = (node: number, field: number) => chunkOf(node)[(node % NODES_PER_CHUNK) * WORDS + field] as number;
  const write = (node: number, field: number, value: number): void => {
    chunkOf(node)[(node % NODES_PER_CHUNK) * WORDS + field] = value;
  };
  const isThere = (node: number) => node !== 0 && (read(node, KIND) & PRESENT) !== 0;
  const isFolder = (node: number) => (read(node, KIND) & TYPE_BITS) === DIRECTORY;
  const add = (): number => {
    const node = ++count;
    if (chunks.length * NODES_PER_CHUNK <= node) chunks.push(new Uint32Array(NODES_PER_CHUNK * WORDS));
    return node;
  };
  const describe = (node: number, { type, mode, content, target }: NodeFacts, layer: number): void => {
    if (layer > MAX_LAYER) throw new RangeError(`Not a layer of a tree: ${layer}, expected ${MAX_LAYER} at most`);
    const kind = TYPES.indexOf(type) | PRESENT | ((mode & MODE_BITS) << MODE_SHIFT);
    write(node, KIND, kind | ((layer + 1) << LAYER_SHIFT));
    if (content !== undefined) {
      write(node, A, content[0]);
      write(node, B, content[1]);
    } else if (target !== undefined) {
      write(node, A, targets.add(target));
      write(node, B, target.length);
    }
  };
  const child = (folder: number, name: string): number => {
    const node = pathNumber(table, `${folder}/${name}`);
    return isThere(node) ? node : 0;
  };
  const root = add();
  describe(root, { type: "directory", mode: 0o755 }, -1);

  return {
    root,
    child,
    put(folder, name, facts, layer) {
      const before = child(folder, name);
      if (before !== 0 && facts.type === "directory" && isFolder(before)) {
        describe(before, facts, layer);
        return before;
      }
      if (before !== 0) write(before, KIND, 0);
      const node = add();
      describe(node, facts, layer);
      write(node, NEXT, read(folder, FIRST));
      write(folder, FIRST, node);
      setPathNumber(table, `${folder}/${name}`, node);
      return node;
    },
    remove: (node) => write(node, KIND, 0),
    *children(folder) {
      for (let node = read(folder, FIRST); node !== 0; node = read(node, NEXT)) if (isThere(node)) yield node;
    },
    factsOf(node) {
      const kind = read(node, KIND);
      const facts = { type: TYPES[kind & TYPE_BITS] as NodeType, mode: (kind >>> MODE_SHIFT) & MODE_BITS };
      const [a, b] = [read(node, A), read(node, B)];
      if (facts.type === "symlink") return { ...facts, target: targets.get(a, b) };
      return facts.type === "file" && (a !== 0 || b !== 0) ? { ...facts, content: [a, b] } : facts;
    },
    typeOf: (node) => TYPES[read(node, KIND) & TYPE_BITS] as NodeType,
    layerOf: (node) => (read(node, KIND) >>> LAYER_SHIFT) - 1,
    close() {
      closeTable(table.numbers);
      releaseMemory(chunks.splice(0).map(({ buffer }) => buffer));
    },
  };
}

/** The way through nodes. */
export function walkNodes(nodes: Nodes): Walk<number> {
  const isOf = (node: number, type: NodeType) => nodes.typeOf(node) === type;
  return {
    root: nodes.root,
    child: (folder, name) => (isOf(folder, "directory") && nodes.child(folder, name)) || undefined,
    targetOf: (node) => (isOf(node, "symlink") ? nodes.factsOf(node).target : undefined),
  };
}

const CONTENT_KEY = randomKey();
const hash = new Int32Array(3);

/** What stands for a digest in a node. Two digests have the same one with odds of 1 in 2^64, and nobody can prepare two. */
export function contentOf(digest: string): readonly [number, number] {
  hashPath(digest, CONTENT_KEY, hash);
  const [a = 0, b = 0] = hash;
  return a === 0 && b === 0 ? [1, 0] : [a >>> 0, b >>> 0];
}
