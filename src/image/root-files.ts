/**
 * What every root file system needs and no package brought: the standard folders, and files that runtimes mount over.
 *
 * @module
 */

import type { ListedFile } from "../package/file-list.js";
import { fromBytes } from "../stream/bytes.js";
import type { WriteEntry } from "../tar/entry.js";
import { parentsOf } from "../tar/path.js";
import type { TreeView } from "./tree.js";

/** Folders with their modes. Charliecloud drops a lone top folder unless these stand beside it. */
const FOLDERS: readonly (readonly [path: string, mode: number])[] = [
  ["dev", 0o755],
  ["etc", 0o755],
  ["home", 0o755],
  ["mnt", 0o755],
  ["opt", 0o755],
  ["proc", 0o755],
  ["root", 0o700],
  ["run", 0o755],
  ["sys", 0o755],
  ["tmp", 0o1777],
  ["usr", 0o755],
  ["usr/bin", 0o755],
  ["var", 0o755],
  ["var/tmp", 0o1777],
];

/** Files with their content. Runtimes write users, hosts and name servers over them, and need them to be there. */
const FILES: readonly (readonly [path: string, content: string])[] = [
  ["etc/group", "root:x:0:\nnogroup:x:65534:\n"],
  ["etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost\n"],
  ["etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"],
  ["etc/resolv.conf", ""],
];

/** An entry for a folder that lading makes. */
export function folderEntry(path: string, mtime: number, mode = 0o755): WriteEntry {
  return { path, type: "directory", mode, uid: 0, gid: 0, mtime, size: 0 };
}

/** An entry for a file that lading makes. */
export function fileEntry(path: string, content: string | Uint8Array, mtime: number, mode = 0o644): WriteEntry {
  const bytes = Buffer.from(content);
  const open = () => fromBytes(bytes);
  return { path, type: "file", mode, uid: 0, gid: 0, mtime, size: bytes.byteLength, open };
}

/** The same as a line of a list of files; what is in it is not looked at. */
export function toListedFile({ path, type, mode, uid, gid, linkpath }: WriteEntry): ListedFile {
  return { path, type, mode, uid, gid, ...(linkpath === undefined ? {} : { target: linkpath }) };
}

/**
 * The entries at the real paths behind theirs, and before them the folders on the way that the tree lacks. What would lie
 * below something that is no folder is left out.
 */
export function settleEntries(tree: TreeView, entries: readonly WriteEntry[], mtime: number): readonly WriteEntry[] {
  const settled = new Map<string, WriteEntry>();
  for (const entry of entries) {
    const path = tree.realPath(entry.path);
    const parents = parentsOf(path).map((parent) => ({ parent, type: tree.lookup(parent)?.type }));
    if (parents.some(({ type }) => type !== undefined && type !== "directory")) continue;
    for (const { parent, type } of parents) {
      if (type === undefined && !settled.has(parent)) settled.set(parent, folderEntry(parent, mtime));
    }
    settled.set(path, { ...entry, path });
  }
  return [...settled.values()];
}

/** The entries that the tree lacks. A path that leads through a symlink is given as the path behind it. */
export function missingRootFiles(tree: TreeView, mtime: number): readonly WriteEntry[] {
  const isAbsent = ([path]: readonly [string, unknown]) => tree.lookup(path) === undefined;
  const folders = FOLDERS.filter(isAbsent).map(([path, mode]) => folderEntry(path, mtime, mode));
  const files = FILES.filter(isAbsent).map(([path, content]) => fileEntry(path, content, mtime));
  return settleEntries(tree, [...folders, ...files], mtime);
}
