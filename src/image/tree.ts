/**
 * What lies where once layers are put on one another: only paths and kinds, never content.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#applying-changesets
 * @module
 */

import type { ListedFile } from "../package/file-list.js";
import type { PathRewrites } from "./layer-plan.js";
import { createNodes, type NodeFacts, walkNodes } from "./tree-nodes.js";
import { findNode, follow, realPath } from "./tree-path.js";
import { type Layering, place, type Replacement } from "./tree-place.js";
import { hide } from "./tree-whiteout.js";

/** What a layer did to the tree. */
export interface Applied {
  /** What lower layers had with another content or kind, layer by layer. Folders over folders are not among it. */
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

/** A layer that is being put on top. */
export interface OpenLayer {
  /**
   * Puts files of the layer into the tree, in the order of its archive, in which a hard link comes after its file.
   *
   * @throws {LadingError} `UNSAFE_ENTRY` for a path that leads through a circle of symlinks, and for one below something of
   * a lower layer that is no folder.
   */
  add(files: readonly ListedFile[]): void;
  end(): Applied;
}

/** What lies at a path. */
export interface Found extends Pick<NodeFacts, "type" | "mode" | "target"> {
  /** Number of the layer that put it there. */
  readonly layer: number;
}

/** What lies where in a root file system. Paths are as in `Entry.path`. */
export interface TreeView {
  /** The real path of `path`: symlinks on the way to its last component followed inside the root. */
  realPath(path: string): string;
  /** What lies at a path, symlinks on the way followed; undefined where nothing does. */
  lookup(path: string): Pick<Found, "type" | "target"> | undefined;
  /** Puts files on top whose paths are real. */
  put(files: readonly ListedFile[]): void;
  /** Gives the memory back at once; nothing more may be asked. */
  close(): void;
}

/** The root file system that a stack of layers gives. */
export interface Tree extends TreeView {
  /** Begins a layer on top of all others. */
  begin(options?: ApplyOptions): OpenLayer;
  /** Puts a whole layer on top. Throws as {@link OpenLayer}. */
  apply(files: readonly ListedFile[], options?: ApplyOptions): Applied;
  /** The same with the last component followed too, if it is a symlink. */
  realFolder(path: string): string;
  /** What lies at a path, symlinks on the way followed; undefined where nothing does. */
  lookup(path: string): Found | undefined;
}

function endLayer({ replaced, through, changed }: Layering): Applied {
  return {
    replaced: [...replaced.values()],
    through: [...through.values()].sort((a, b) => (a.symlink < b.symlink ? -1 : 1)),
    changed,
  };
}

/** An empty tree. Memory grows with the count of paths, see `tree-nodes.ts`. */
export function createTree(): Tree {
  const nodes = createNodes();
  const walk = walkNodes(nodes);
  let layers = 0;
  const begin = ({ asIs = false }: ApplyOptions = {}): OpenLayer => {
    const layer = layers++;
    const made = { replaced: new Map(), through: new Map(), noted: new Set<string>(), last: undefined };
    const work: Layering = { nodes, walk, layer, asIs, changed: asIs, ...made };
    const isHidden = (path: string) => asIs && hide(work, path);
    return {
      add(files) {
        for (const file of files) if (file.path !== "" && !isHidden(file.path)) place(work, file);
      },
      end: () => endLayer(work),
    };
  };
  return {
    begin,
    apply(files, options) {
      const layer = begin(options);
      layer.add(files);
      return layer.end();
    },
    put(files) {
      begin().add(files);
    },
    close: nodes.close,
    realPath: (path) => realPath(walk, path),
    realFolder: (path) => follow(walk, path).parts.join("/"),
    lookup(path) {
      const node = findNode(walk, path);
      if (node === undefined) return undefined;
      const { content: _content, ...facts } = nodes.factsOf(node);
      return { ...facts, layer: nodes.layerOf(node) };
    },
  };
}
