/**
 * From package files to packages in a store.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Store } from "../store/store.js";
import { mapConcurrent } from "../stream/pool.js";
import { listPackage, packageTag } from "./artifact.js";
import { describePackage, listPackages } from "./catalog.js";
import type { Package, PackageMetadata } from "./package.js";
import { withPool } from "./resource-pool.js";
import { storeSmallFile } from "./small-file.js";
import {
  inFile,
  isExportRefusal,
  openPackageSource,
  type StoredPackage,
  type StoreFileOptions,
  storePackageFile,
} from "./store-package.js";

/** What became of a file: `unchanged` when just this package was there, `skipped` and `replaced` as the options say. */
export type ImportStatus = "imported" | "unchanged" | "skipped" | "replaced";

/** What became of one file. */
export interface ImportedPackage {
  /** The file that it came from, as it was named. */
  readonly path: string;
  readonly package: Package;
  readonly status: ImportStatus;
  readonly warnings: readonly string[];
}

/** How package files are imported. */
export interface ImportOptions extends StoreFileOptions {
  /** Replace a package of the same name, version and architecture that holds something else (no). */
  readonly override?: boolean | undefined;
  /** Leave a package of the same name, version and architecture as it is, whatever the file holds (no). */
  readonly skipExisting?: boolean | undefined;
  /** Called as each file is done. */
  readonly onImport?: ((imported: ImportedPackage) => void) | undefined;
}

function existing(packages: readonly Package[], metadata: PackageMetadata): Package | undefined {
  const tag = packageTag(metadata);
  return packages.find((pkg) => packageTag(pkg) === tag);
}

/** What importing `now` over `before` is; throws `EXISTS` where no option allows it. */
export function checkReplace(before: Package | undefined, now: Package, { override }: ImportOptions): ImportStatus {
  if (before === undefined) return "imported";
  if (before.manifest.digest === now.manifest.digest) return "unchanged";
  if (override) return "replaced";
  const name = describePackage(now);
  const message = `Cannot import ${name}: a package of that name and version is there with other content; --override replaces it, --skip-existing keeps it`;
  throw new LadingError("EXISTS", message, { what: "package", name });
}

/** On a thread where that pays. */
async function storePackage(store: Store, path: string, options: ImportOptions): Promise<StoredPackage> {
  const stored = await storeSmallFile(store, path, { ...options, bare: false });
  return stored?.kind === "package" ? stored : await storePackageFile(store, path, options);
}

async function importOne(
  store: Store,
  path: string,
  known: readonly Package[],
  options: ImportOptions,
): Promise<ImportedPackage> {
  const stored = options.skipExisting ? undefined : await storePackage(store, path, options);
  const metadata = stored?.package ?? (await openPackageSource(path, options)).metadata;
  const before = existing(known, metadata);
  if (stored === undefined && before !== undefined) {
    return { path, package: before, status: "skipped", warnings: [] } satisfies ImportedPackage;
  }
  const { package: pkg, warnings } = stored ?? (await storePackage(store, path, options));
  return { path, package: pkg, status: checkReplace(before, pkg, options), warnings } satisfies ImportedPackage;
}

/** The packages of an export file, in its order. */
async function importExport(store: Store, path: string, known: readonly Package[], options: ImportOptions) {
  const { storeExport } = await import("./store-export.js");
  const skip = (metadata: PackageMetadata) => (options.skipExisting ? existing(known, metadata) : undefined);
  const stored = await storeExport(store, path, { ...options, skip });
  return stored.map(({ package: pkg, warnings, skipped }): ImportedPackage => {
    const status = skipped ? "skipped" : checkReplace(existing(known, pkg), pkg, options);
    return { path, package: pkg, status, warnings };
  });
}

/** A file's package, or its packages where it is an export file. */
async function importFile(store: Store, path: string, known: readonly Package[], options: ImportOptions) {
  try {
    return [await importOne(store, path, known, options)];
  } catch (error) {
    if (!isExportRefusal(error)) throw error;
    return await importExport(store, path, known, options);
  }
}

/** Two files that are the same package with other content cannot both be meant. */
function checkDistinct(imported: readonly ImportedPackage[]): void {
  const byTag = new Map<string, ImportedPackage>();
  for (const each of imported) {
    const tag = packageTag(each.package);
    const other = byTag.get(tag);
    byTag.set(tag, each);
    if (other === undefined || other.package.manifest.digest === each.package.manifest.digest) continue;
    const name = describePackage(each.package);
    const is = other.path === each.path ? "another package in it" : `"${other.path}"`;
    const message = `Cannot import "${each.path}": ${is} is ${name} too, with other content; name one of them`;
    throw new LadingError("EXISTS", message, { what: "package", name });
  }
}

/**
 * Imports package files: Debian packages, export files (`.cntmp`) with all that they hold, and tarballs with their JSON beside
 * them, told apart by content.
 *
 * Either all of them are in the store's list afterwards, or, when one is refused, none more than before.
 *
 * @param paths Paths of files.
 * @returns One result for each package, in the order of the paths; a path that is named twice counts once.
 * @throws {LadingError} `FORMAT` for a file that is no package; `CORRUPT`, `UNSAFE_ENTRY`, `TOO_LARGE` for what is wrong
 * inside; `DIGEST_MISMATCH` when a claim does not hold; `SYNTAX` for metadata; `EXISTS` when another package of that name
 * and version is there and no option says what to do; `CHANGED` when a file changes while it is read; `IO`.
 */
export async function importPackages(
  store: Store,
  paths: readonly string[],
  options: ImportOptions = {},
): Promise<readonly ImportedPackage[]> {
  const known = await listPackages(store, options);
  const importNamed = async (path: string, withThreads: ImportOptions): Promise<readonly ImportedPackage[]> => {
    try {
      const imported = await importFile(store, path, known, withThreads);
      for (const each of imported) options.onImport?.(each);
      return imported;
    } catch (error) {
      throw inFile(error, path);
    }
  };
  const imported = await withPool(paths, options, async (pool, sorted, atOnce) => {
    const importWith = (path: string) => importNamed(path, { ...options, pool });
    return (await mapConcurrent(sorted, atOnce, importWith, options.signal)).flat();
  });
  const order = new Map(paths.map((path, index) => [path, index]));
  imported.sort((a, b) => (order.get(a.path) ?? 0) - (order.get(b.path) ?? 0));
  checkDistinct(imported);
  const changed = imported.filter(({ status }) => status === "imported" || status === "replaced");
  const roots = changed.map(({ package: pkg }) => ({ name: packageTag(pkg), descriptor: listPackage(pkg) }));
  if (roots.length > 0) await store.tag(roots, { signal: options.signal });
  return imported;
}
