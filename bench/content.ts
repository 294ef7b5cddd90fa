/**
 * What is in an image, read without lading, so that only outputs of the same content are compared.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Parser, type ReadEntry } from "tar";

/** The layers of an image, lowest first. */
export interface OpenImage {
  readonly layers: readonly OpenLayer[];
}

export interface OpenLayer {
  /** What the image says of the uncompressed layer; undefined where it says nothing. */
  readonly claimed: string | undefined;
  /** Bytes as stored. */
  readonly size: number;
  /** The bytes as stored, not yet looked at. */
  open(): AsyncIterable<Uint8Array>;
}

/** What every byte of an image says. */
export interface Content {
  /** sha256 of each uncompressed layer, lowest first. */
  readonly diffIds: readonly string[];
  /** Bytes of all layers as stored. */
  readonly size: number;
  /** What the whole shows, `path` to type and size or target; only where it was asked for. */
  readonly tree: ReadonlyMap<string, string> | undefined;
  /** The paths of the last layer, where that is as small as lading's own; only where the tree was asked for. */
  readonly top: ReadonlySet<string> | undefined;
}

/**
 * How two outputs have to agree.
 *
 * - `layers`: the same tars in the same order; ours may have one more on top, for what lading itself adds
 * - `tree`: the same paths of the same types, sizes and targets, however they are cut into layers
 * - `contains`: our layers hold all of theirs, in whatever place
 * - `nothing`: there is nothing to compare
 */
export type Sameness = "layers" | "tree" | "contains" | "nothing";

const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
const CHUNK = 256 * 1024;

const startsWith = (bytes: Uint8Array, magic: readonly number[]) => magic.every((byte, at) => bytes[at] === byte);

async function* withFirst(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

/** The uncompressed bytes of a layer, whatever it is compressed with. */
async function* uncompressed(layer: OpenLayer): AsyncGenerator<Uint8Array> {
  const stored = layer.open()[Symbol.asyncIterator]();
  const first = await stored.next();
  if (first.done) return;
  const all = withFirst(first.value, stored);
  if (startsWith(first.value, GZIP)) {
    const source = Readable.from(all, { objectMode: false });
    const gunzip = createGunzip({ chunkSize: CHUNK });
    source.on("error", (error) => gunzip.destroy(error));
    yield* source.pipe(gunzip) as AsyncIterable<Uint8Array>;
  } else if (startsWith(first.value, ZSTD)) {
    // Node has no zstd of its own before 22.15; the digests that follow tell whether the bytes are right.
    const { decompress } = await import("../src/stream/codec.js");
    yield* decompress(all, "zstd", { limits: { maxRatio: Number.POSITIVE_INFINITY } });
  } else {
    yield* all;
  }
}

function describe(entry: ReadEntry, tree: ReadonlyMap<string, string>): string {
  if (entry.type === "Directory") return "directory";
  if (entry.type === "SymbolicLink") return `symlink ${entry.linkpath}`;
  // A hard link is the file that it names: who unpacks and packs again may name the other one.
  if (entry.type === "Link") return tree.get(pathOf(entry.linkpath ?? "")) ?? "a hard link to nothing";
  return `file ${entry.size}`;
}

const pathOf = (name: string) => name.replace(/^(?:\.?\/)+/, "").replace(/\/+$/, "");

/** Folders that are only implied: who unpacks makes them. */
function addParents(path: string, tree: Map<string, string>): void {
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
    const parent = path.slice(0, at);
    if (tree.has(parent)) return;
    tree.set(parent, "directory");
  }
}

/** More entries than lading's own layer has. */
const TOP_LIMIT = 64;

/** Reads one layer; what it holds goes into `tree` and its paths into `paths`. Gives its diff_id. */
async function readLayer(layer: OpenLayer, tree: Map<string, string> | undefined, paths: Set<string>): Promise<string> {
  const hash = createHash("sha256");
  const parser =
    tree &&
    new Parser({
      strict: true,
      onReadEntry: (entry) => {
        const path = pathOf(entry.path);
        if (path !== "" && path !== ".") {
          addParents(path, tree);
          tree.set(path, describe(entry, tree));
        }
        paths.add(path);
        entry.resume();
      },
    });
  const parsed = parser && once(parser, "end");
  for await (const chunk of uncompressed(layer)) {
    hash.update(chunk);
    // The parser keeps what it is given; the bytes may be of a buffer that is used again.
    parser?.write(Buffer.from(chunk));
  }
  parser?.end();
  await parsed;
  return `sha256:${hash.digest("hex")}`;
}

/** Reads every byte of an image. Throws where a layer is not what the image says it is. */
export async function readContent(image: OpenImage, options: { readonly tree?: boolean } = {}): Promise<Content> {
  const tree = options.tree ? new Map<string, string>() : undefined;
  const diffIds: string[] = [];
  let paths = new Set<string>();
  for (const layer of image.layers) {
    paths = new Set();
    const diffId = await readLayer(layer, tree, paths);
    if (layer.claimed !== undefined && layer.claimed !== diffId) {
      throw new Error(`layer ${diffIds.length + 1} is said to be ${layer.claimed}, and is ${diffId}`);
    }
    diffIds.push(diffId);
  }
  return { diffIds, size: sizeOf(image), tree, top: tree && paths.size <= TOP_LIMIT ? paths : undefined };
}

/** Bytes of all layers as stored. */
export function sizeOf({ layers }: OpenImage): number {
  return layers.reduce((sum, { size }) => sum + size, 0);
}

/** What an image says of itself, for runs after the first: that they say the same is enough. */
export function claimsOf(image: OpenImage): string {
  return image.layers.map(({ claimed, size }) => `${claimed} ${size}`).join("\n");
}

/** How `theirs` differs from `ours`; undefined where it does not. */
export function differenceOf(ours: Content, theirs: Content, sameness: Sameness): string | undefined {
  if (sameness === "nothing") return undefined;
  if (sameness === "tree") return treeDifference(ours, theirs);
  if (sameness === "contains") {
    const lost = theirs.diffIds.find((diffId) => !ours.diffIds.includes(diffId));
    return lost === undefined ? undefined : `layer ${lost} is only in theirs`;
  }
  const more = ours.diffIds.length - theirs.diffIds.length;
  if (more !== 0 && more !== 1) return `ours has ${ours.diffIds.length} layers, theirs ${theirs.diffIds.length}`;
  const at = theirs.diffIds.findIndex((diffId, index) => diffId !== ours.diffIds[index]);
  return at < 0 ? undefined : `layer ${at + 1} is ${ours.diffIds[at]} in ours, ${theirs.diffIds[at]} in theirs`;
}

function treeDifference({ tree: ours, top }: Content, { tree: theirs }: Content): string | undefined {
  if (ours === undefined || theirs === undefined) throw new TypeError("The trees of both sides are needed");
  for (const [path, found] of theirs) {
    const own = ours.get(path);
    if (own !== found) return `"${path}" is ${own ?? "absent"} in ours, ${found} in theirs`;
  }
  // lading's own layer, the last, adds standard folders and a few small files where they are absent.
  const extra = [...ours.keys()].filter((path) => !theirs.has(path) && !top?.has(path));
  return extra.length === 0 ? undefined : `"${extra[0]}" and ${extra.length - 1} more are only in ours`;
}
