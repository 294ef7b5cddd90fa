/**
 * The files that an image has in the end: their sizes, owners, modes, layers, and which contents are there twice.
 *
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { Store } from "../store/store.js";
import type { EntryType } from "../tar/entry.js";
import { escapePath } from "../tar/path.js";
import { type LayersReport, toLayersReport } from "./layers-report.js";
import { type ReportOptions, readRootfs } from "./read-rootfs.js";
import type { Tally } from "./rootfs.js";
import type { Inode, Node } from "./rootfs-node.js";

/** One name in the tree. Texts are as `/usr/bin/jq`; what cannot be seen, and bytes that are not UTF-8, are escaped. */
export interface FileReport {
  /** Absolute; the root is `/`. */
  readonly path: string;
  /** Of several names of one file, the first is a `file`, the others are `hardlink`. */
  readonly type: EntryType;
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content; 0 for hard links, whose content counts at their target. */
  readonly size: number;
  /** Of the content; of files and hard links. */
  readonly digest?: Digest | undefined;
  /** Of symlinks as they say, of hard links an absolute path. */
  readonly target?: string | undefined;
  /** `major:minor` of devices. */
  readonly device?: string | undefined;
  /** Extended attributes. */
  readonly xattrs?: Readonly<Record<string, string>> | undefined;
  /** Index in `layers` of the layer that it comes from; for a directory, of the last that set its attributes. */
  readonly layer: number;
}

/** One content under several paths, hard links not counted. */
export interface DuplicateReport {
  readonly digest: Digest;
  /** Bytes of one copy. */
  readonly size: number;
  /** Bytes of all copies but one. */
  readonly wasted: number;
  readonly paths: readonly string[];
}

/** The files of an image, and its layers. */
export interface FilesReport extends LayersReport {
  /** Folder by folder, names in the order of their bytes. */
  readonly files: readonly FileReport[];
  /** The largest files, largest first. */
  readonly largest: readonly FileReport[];
  /** Most wasteful first. */
  readonly duplicates: readonly DuplicateReport[];
  /** All files of type `file`. */
  readonly total: Tally;
  /** Files that are there again, and their bytes. */
  readonly duplicated: Tally;
}

/** How files are reported. */
export interface FilesReportOptions extends ReportOptions {
  /** How many of the largest files to list (20). */
  readonly largest?: number | undefined;
}

const LARGEST = 20;

/** Printable ASCII without a backslash, which most paths are: nothing in it has to be escaped. */
const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/;
const shown = (bytes: string) => (PLAIN.test(bytes) ? bytes : escapePath(bytes));
const absolute = (path: string) => `/${shown(path)}`;
const byBytes = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function escapeRecord(record: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [shown(name), shown(value)]));
}

function targetOf({ type, target }: Inode, first: string | undefined): string | undefined {
  if (first !== undefined) return absolute(first);
  if (target === undefined) return undefined;
  return type === "hardlink" ? absolute(target) : shown(target);
}

/**
 * Fields that have no value are left out, one by one, since spreads of millions take twice the memory.
 *
 * @param first The path of the file's first name, where this is another.
 */
function toFileReport(path: string, inode: Inode, first: string | undefined): FileReport {
  const { type, mode, uid, gid, size, digest, device, xattrs, layer } = inode;
  const isLink = first !== undefined;
  const report: { -readonly [K in keyof FileReport]: FileReport[K] } = {
    path: absolute(path),
    type: isLink ? "hardlink" : type,
    mode,
    uid,
    gid,
    size: isLink ? 0 : size,
    layer,
  };
  const target = targetOf(inode, first);
  if (digest !== undefined) report.digest = digest;
  if (target !== undefined) report.target = target;
  if (device !== undefined) report.device = device;
  if (xattrs !== undefined && Object.keys(xattrs).length > 0) report.xattrs = escapeRecord(xattrs);
  return report;
}

/** Everything in the tree, the root first. */
function listTree(root: Node): readonly FileReport[] {
  const files: FileReport[] = [];
  const firsts = new Map<Inode, string>();
  const pending: { readonly path: string; readonly node: Node }[] = [{ path: "", node: root }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path, node } = next;
    const { inode, children } = node;
    files.push(toFileReport(path, inode, firsts.get(inode)));
    if (inode.type === "file" && inode.links > 1 && !firsts.has(inode)) firsts.set(inode, path);
    const names = [...(children?.keys() ?? [])].sort(byBytes).reverse();
    for (const name of names) {
      const child = children?.get(name);
      if (child !== undefined) pending.push({ path: path === "" ? name : `${path}/${name}`, node: child });
    }
  }
  return files;
}

function findDuplicates(files: readonly FileReport[]): readonly DuplicateReport[] {
  const byDigest = new Map<Digest, FileReport[]>();
  for (const file of files) {
    if (file.type !== "file" || file.size === 0 || file.digest === undefined) continue;
    const same = byDigest.get(file.digest);
    if (same === undefined) byDigest.set(file.digest, [file]);
    else same.push(file);
  }
  const duplicates = [...byDigest].flatMap(([digest, same]): DuplicateReport[] => {
    const size = same[0]?.size ?? 0;
    const paths = same.map(({ path }) => path);
    return same.length < 2 ? [] : [{ digest, size, wasted: size * (same.length - 1), paths }];
  });
  return duplicates.sort((a, b) => b.wasted - a.wasted || byBytes(a.digest, b.digest));
}

/** The `count` largest files; of files as large, the first come first. */
function findLargest(files: readonly FileReport[], count: number): readonly FileReport[] {
  return files
    .filter(({ type }) => type === "file")
    .sort((a, b) => b.size - a.size)
    .slice(0, count);
}

/**
 * Reports the files that an image has once its layers lie on one another. Reads and checks as {@link reportLayers} does, and
 * throws as it does; memory grows with the count of paths, not with bytes.
 *
 * @param root An image's manifest, or an index.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { composeImage, createMemoryStore, reportFiles } from "lading";
 *
 * const store = createMemoryStore();
 * const settings = { environments: [], labels: {}, ports: [], volumes: [], annotations: {} };
 * const { descriptor } = await composeImage(store, { os: "linux", architecture: "amd64" }, [], settings);
 * assert.deepEqual((await reportFiles(store, descriptor)).total, { count: 0, bytes: 0 });
 * ```
 */
export async function reportFiles(
  store: Store,
  root: Descriptor,
  options: FilesReportOptions = {},
): Promise<FilesReport> {
  const read = await readRootfs(store, root, options);
  const files = read.rootfs.effects.length === 0 ? [] : listTree(read.rootfs.root);
  const duplicates = findDuplicates(files);
  const regular = files.filter(({ type }) => type === "file");
  return {
    ...toLayersReport(read),
    files,
    largest: findLargest(files, options.largest ?? LARGEST),
    duplicates,
    total: { count: regular.length, bytes: regular.reduce((sum, { size }) => sum + size, 0) },
    duplicated: {
      count: duplicates.reduce((sum, { paths }) => sum + paths.length - 1, 0),
      bytes: duplicates.reduce((sum, { wasted }) => sum + wasted, 0),
    },
  };
}
