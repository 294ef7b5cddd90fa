/**
 * The package database that Debian's `dpkg` would have written, which scanners read to know what an image holds.
 *
 * Where no layer below has a database it is `var/lib/dpkg/status` and the lists in `var/lib/dpkg/info/`, which `dpkg -l`
 * and `dpkg -L` read too. On a base image that has one, the new packages are added as `var/lib/dpkg/status.d/NAME`, so that
 * its own stays as it is.
 *
 * @see https://manpages.debian.org/bookworm/dpkg/dpkg.1.en.html
 * @module
 */

import type { ListedFile } from "../package/file-list.js";
import type { Package } from "../package/package.js";
import type { WriteEntry } from "../tar/entry.js";
import { fileEntry, folderEntry } from "./root-files.js";
import type { Tree } from "./tree.js";

/** A package of Debian's with the list of its files. */
export interface InstalledPackage {
  readonly package: Package;
  readonly files: readonly ListedFile[];
}

const DATABASE = "var/lib/dpkg";

/** The control paragraph with the line that says that the package is installed, after its name as dpkg writes it. */
function statusParagraph({ control = "" }: Package): string {
  const [first = "", ...lines] = control.trimEnd().split("\n");
  return [first, "Status: install ok installed", ...lines, ""].join("\n");
}

/** dpkg names the lists of packages that may be installed for several architectures with the architecture. */
function infoName({ name, control = "" }: Package): string {
  const architecture = /^Architecture:\s*(\S+)/im.exec(control)?.[1] ?? "all";
  return /^Multi-Arch:\s*same\s*$/im.test(control) ? `${name}:${architecture}` : name;
}

function fileList(files: readonly ListedFile[]): string {
  const paths = files.map(({ path }) => (path === "" ? "/." : `/${path}`));
  return paths.length === 0 ? "" : `${paths.join("\n")}\n`;
}

function infoEntries(installed: readonly InstalledPackage[], mtime: number): WriteEntry[] {
  return installed.map(({ package: pkg, files }) => {
    const list = Buffer.from(fileList(files), "latin1").toString("latin1");
    const entry = fileEntry(`${DATABASE}/info/${infoName(pkg)}.list`, "", mtime);
    const bytes = Buffer.from(list, "latin1");
    return {
      ...entry,
      size: bytes.byteLength,
      open: async function* () {
        if (bytes.length > 0) yield bytes;
      },
    };
  });
}

/** Folders on the way to `paths` that the tree lacks, parents first. */
function missingParents(tree: Tree, paths: readonly string[], mtime: number): WriteEntry[] {
  const folders = new Set<string>();
  for (const path of paths) {
    const parts = path.split("/").slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth++) folders.add(parts.slice(0, depth).join("/"));
  }
  const missing = [...folders].filter((folder) => tree.lookup(folder) === undefined);
  return missing.map((folder) => folderEntry(tree.realPath(folder), mtime));
}

/**
 * The entries of the database, for packages in the order of their layers; none where no package is Debian's.
 *
 * @param installed Packages with `control`, and their files.
 */
export function dpkgDatabase(tree: Tree, installed: readonly InstalledPackage[], mtime: number): readonly WriteEntry[] {
  const sorted = [...installed].sort((a, b) => (a.package.name < b.package.name ? -1 : 1));
  if (sorted.length === 0) return [];
  const paragraphs = sorted.map((each) => ({ name: each.package.name, text: statusParagraph(each.package) }));
  const hasDatabase = tree.lookup(`${DATABASE}/status`) !== undefined;
  const files = hasDatabase
    ? paragraphs.map(({ name, text }) => fileEntry(`${DATABASE}/status.d/${name}`, text, mtime))
    : [
        fileEntry(`${DATABASE}/status`, `${paragraphs.map(({ text }) => text).join("\n")}`, mtime),
        fileEntry(`${DATABASE}/available`, "", mtime),
        ...infoEntries(sorted, mtime),
      ];
  const parents = missingParents(
    tree,
    files.map(({ path }) => path),
    mtime,
  );
  return [...parents, ...files.map((file) => ({ ...file, path: tree.realPath(file.path) }))];
}
