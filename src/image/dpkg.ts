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

import type { Descriptor } from "../oci/descriptor.js";
import { readPackage } from "../package/artifact.js";
import { openFileList } from "../package/file-list.js";
import type { Package } from "../package/package.js";
import type { Store } from "../store/store.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import type { WriteEntry } from "../tar/entry.js";
import { fileEntry, settleEntries } from "./root-files.js";
import type { Tree } from "./tree.js";

/** A package of Debian's with its control paragraph, and the list of its files. */
export interface InstalledPackage {
  readonly package: Package;
  /** As `NAME.list` has it: bytes, and how many. */
  readonly list: { readonly size: number; readonly open: () => ByteStream };
}

/** What the database is to say of a package; undefined where it is not Debian's. A catalog leaves the paragraph out. */
export async function installedPackage(
  store: Store,
  pkg: Package,
  options: IoOptions,
): Promise<InstalledPackage | undefined> {
  const { ecosystem, manifest, control, layer } = pkg;
  if (ecosystem !== "debian") return undefined;
  const whole = control === undefined ? await readPackage(store, manifest, options) : pkg;
  const open = () => listPaths(store, layer.files, options);
  let size = 0;
  for await (const bytes of open()) size += bytes.byteLength;
  return { package: whole, list: { size, open } };
}

/** Every path of a list of files in a line of its own. Paths are bytes. */
async function* listPaths(store: Store, list: Descriptor, options: IoOptions): ByteStream {
  for await (const files of openFileList(store, list, options)) {
    yield Buffer.from(files.map(({ path }) => (path === "" ? "/.\n" : `/${path}\n`)).join(""), "latin1");
  }
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

/** The lists of files, in the form that knows architectures. */
function infoEntries(installed: readonly InstalledPackage[], mtime: number): readonly WriteEntry[] {
  const lists = installed.map(({ package: pkg, list }) => ({
    ...fileEntry(`${DATABASE}/info/${infoName(pkg)}.list`, "", mtime),
    ...list,
  }));
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
