/**
 * From an export file to packages in a store that does not list them.
 *
 * @module
 */

import type { Store } from "../store/store.js";
import { mapConcurrent } from "../stream/pool.js";
import { putPackage } from "./artifact.js";
import type { ExportedPackage } from "./cntmp/read.js";
import { warnEnvironment } from "./environment-warnings.js";
import { openPackageFile } from "./file.js";
import type { Package, PackageMetadata } from "./package.js";
import { withPool } from "./resource-pool.js";
import {
  placePackage,
  rememberSource,
  type StoredPackage,
  type StoreFileOptions,
  storeSource,
} from "./store-package.js";

/** How an export file is stored. */
export interface StoreExportOptions extends StoreFileOptions {
  /** The package that stays instead of one of the file; undefined to store that one. */
  readonly skip: (metadata: PackageMetadata) => Package | undefined;
}

/** One package of the file; `skipped` where another stayed in its place. */
export interface StoredExport extends StoredPackage {
  readonly skipped: boolean;
}

/** Resources of one file that are under way at once. */
const AT_ONCE = 8;

async function storeMember(
  store: Store,
  path: string,
  identity: string,
  exported: ExportedPackage,
  options: StoreExportOptions,
): Promise<StoredExport> {
  const metadata = placePackage(exported.metadata, options);
  const before = options.skip(metadata);
  if (before !== undefined) return { package: before, warnings: [], known: false, skipped: true };
  const { layer: own } = exported;
  const compression = options.compression ?? (own && { type: own.compression });
  const withFormat = { ...options, compression };
  const make = async () => {
    const { layer: stored, warnings } = await storeSource(store, path, { ...exported, identity }, withFormat);
    const isKept = stored.normalized.length === 0 && own !== undefined;
    const layer = isKept ? { ...stored, normalized: own.normalized } : stored;
    const told = [...exported.warnings, ...warnEnvironment(metadata.environment), ...warnings];
    const { signal } = options;
    return { layer, package: await putPackage(store, metadata, layer, { signal }), warnings: told };
  };
  const kind = ["export", exported.member, metadata.fqn];
  const { value, known } = await rememberSource(store, path, kind, withFormat, make);
  return { package: value.package, warnings: value.warnings, known, skipped: false };
}

/**
 * Puts every package of an export file into the store without listing it.
 *
 * @returns One result for each package, in the order of the file.
 * @throws {LadingError} As `openExport()`, and as `storeSource()` for each resource.
 */
export async function storeExport(
  store: Store,
  path: string,
  options: StoreExportOptions,
): Promise<readonly StoredExport[]> {
  const { openExport } = await import("./cntmp/read.js");
  const file = await openPackageFile(path, options);
  const { packages, close } = await openExport(file, options);
  try {
    const sizes = new Map(packages.map(({ member, size }) => [member, size]));
    const work = withPool([...sizes.keys()], { ...options, sizes }, async (pool, _sorted, atOnce) => {
      const storeOne = (each: ExportedPackage) => storeMember(store, path, file.identity, each, { ...options, pool });
      return await mapConcurrent(packages, Math.min(atOnce, AT_ONCE), storeOne, options.signal);
    });
    return await work;
  } finally {
    close();
  }
}
