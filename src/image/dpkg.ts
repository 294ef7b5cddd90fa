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
import { fileEntry, settleEntries } from "./root-files.js";
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

function architectureOf({ control = "" }: Package): string {
  return /^Architecture:\s*(\S+)/im.exec(control)?.[1] ?? "all";
}

/** dpkg names the lists of packages that may be installed for several architectures with the architecture. */
function infoName(pkg: Package): string {
  const isShared = /^Multi-Arch:\s*same\s*$/im.test(pkg.control ?? "");
  return isShared ? `${pkg.name}:${architectureOf(pkg)}` : pkg.name;
}

function fileList(files: readonly ListedFile[]): string {
  return files.map(({ path }) => (path === "" ? "/.\n" : `/${path}\n`)).join("");
}

/** The lists of files, in the form that knows architectures. Paths are bytes, and so are the lists. */
function infoEntries(installed: readonly InstalledPackage[], mtime: number): readonly WriteEntry[] {
  const lists = installed.map(({ package: pkg, files }) =>
    fileEntry(`${DATABASE}/info/${infoName(pkg)}.list`, Buffer.from(fileList(files), "latin1"), mtime),
  );
  return [fileEntry(`${DATABASE}/info/format`, "1\n", mtime), ...lists];
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function byName({ package: a }: InstalledPackage, { package: b }: InstalledPackage): number {
  return compare(a.name, b.name) || compare(architectureOf(a), architectureOf(b));
}

/**
 * The entries of the database; none where no package is Debian's.
 *
 * @param installed Packages with `control`, and their files; in any order.
 */
export function dpkgDatabase(tree: Tree, installed: readonly InstalledPackage[], mtime: number): readonly WriteEntry[] {
  const sorted = [...installed].sort(byName);
  if (sorted.length === 0) return [];
  const paragraphs = sorted.map((each) => ({ name: each.package.name, text: statusParagraph(each.package) }));
  const hasDatabase = ["status", "status.d"].some((name) => tree.lookup(`${DATABASE}/${name}`) !== undefined);
  const files = hasDatabase
    ? paragraphs.map(({ name, text }) => fileEntry(`${DATABASE}/status.d/${name}`, text, mtime))
    : [
        fileEntry(`${DATABASE}/status`, paragraphs.map(({ text }) => text).join("\n"), mtime),
        fileEntry(`${DATABASE}/available`, "", mtime),
        ...infoEntries(sorted, mtime),
      ];
  return settleEntries(tree, files, mtime);
}
