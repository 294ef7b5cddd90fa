/**
 * Images as umoci, another implementation, unpacks them.
 *
 * @module
 */

import { lstat, mkdtemp, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { Found, Tree } from "../../src/image/tree.js";
import type { WriteEntry } from "../../src/tar/entry.js";
import { run } from "../support/programs.js";

/** Unpacks `layout:tag` below a folder and gives its root file system. Throws what umoci says. */
export async function unpack(layout: string, tag: string, folder: string): Promise<string> {
  const bundle = join(await mkdtemp(join(folder, "bundle-")), "b");
  const { code, stderr } = await run("umoci", ["unpack", "--rootless", "--image", `${layout}:${tag}`, bundle]);
  if (code !== 0) throw new Error(stderr);
  return join(bundle, "rootfs");
}

/** `kind path`, and ` -> target` for symlinks, of all that lies in a folder; sorted. Symlinks are not followed. */
export async function listKinds(folder: string, prefix = ""): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const name of await readdir(join(folder, prefix))) {
    const path = prefix === "" ? name : `${prefix}/${name}`;
    const stats = await lstat(join(folder, path));
    if (stats.isSymbolicLink()) lines.push(`symlink ${path} -> ${await readlink(join(folder, path))}`);
    else lines.push(`${stats.isDirectory() ? "directory" : "file"} ${path}`);
    if (stats.isDirectory()) lines.push(...(await listKinds(folder, path)));
  }
  return lines.sort();
}

/** Every path of a tree with what lies there, parents first. All names in it are among `names`. */
export function listTree(tree: Tree, names: ReadonlySet<string>, prefix = ""): readonly (readonly [string, Found])[] {
  return [...names].sort().flatMap((name) => {
    const path = prefix === "" ? name : `${prefix}/${name}`;
    const found = tree.lookup(path);
    if (found === undefined) return [];
    return [[path, found] as const, ...(found.type === "directory" ? listTree(tree, names, path) : [])];
  });
}

/** Every name that is in a path or a symlink's target. */
export function namesOf(entries: readonly Pick<WriteEntry, "path" | "linkpath">[]): ReadonlySet<string> {
  const names = entries.flatMap(({ path, linkpath = "" }) => [...path.split("/"), ...linkpath.split("/")]);
  return new Set(names.filter((name) => !["", ".", ".."].includes(name)));
}

/** The same as {@link listKinds} of a tree. */
export function listTreeKinds(tree: Tree, names: ReadonlySet<string>): readonly string[] {
  const lines = listTree(tree, names).map(([path, { type, target }]) =>
    type === "symlink" ? `symlink ${path} -> ${target}` : `${type} ${path}`,
  );
  return lines.sort();
}
