/**
 * A package from a bare tarball or a folder.
 *
 * @module
 */

import { stat } from "node:fs/promises";
import { ioError } from "../errors.js";
import { encodeJson } from "../oci/json.js";
import type { Store } from "../store/store.js";
import type { ByteStream } from "../stream/bytes.js";
import { createFilter } from "../tar/filter.js";
import { readFolder } from "../tar/folder.js";
import { writeTar } from "../tar/write.js";
import { listPackage, packageTag, putPackage } from "./artifact.js";
import { listPackages } from "./catalog.js";
import { openPackageFile } from "./file.js";
import { checkReplace, type ImportedPackage, type ImportOptions } from "./import.js";
import { decodeMetadata } from "./metadata.js";
import type { PackageMetadata } from "./package.js";
import { type Resource, storeResource } from "./resource.js";
import { inFile } from "./store-package.js";

/** What a new package is to say of itself. Requirements are written as people write them: `runtime=node`, `jq (>= 1.6)`. */
export interface NewPackage {
  /** `package::/ns::name`, `/ns::name` or `name`. */
  readonly name: string;
  /** A tarball of any compression, or a folder. */
  readonly from: string;
  readonly version?: string | undefined;
  readonly architecture?: string | undefined;
  readonly os?: string | undefined;
  readonly description?: string | undefined;
  readonly provides?: readonly string[] | undefined;
  readonly depends?: readonly string[] | undefined;
  readonly conflicts?: readonly string[] | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
}

/** How a package is made: as it is imported, and the time of a folder's entries. */
export interface CreateOptions extends ImportOptions {
  /** Whole seconds that a folder's entries get (0). */
  readonly epoch?: number | undefined;
}

/** The document that says the same, so that one place decides what is valid. */
function toMetadata(pkg: NewPackage, namespace: string | undefined): PackageMetadata {
  const { name, version, architecture, os, description, provides, depends, conflicts, environment } = pkg;
  const names = name.includes("::") ? { fqn: name.startsWith("package::") ? name : `package::${name}` } : { name };
  const document = {
    ...names,
    version,
    architecture,
    os,
    description,
    provides: provides ?? [],
    dependencies: depends ?? [],
    conflicts: conflicts ?? [],
    environment: environment ?? {},
  };
  return decodeMetadata(encodeJson(document), { source: `package "${name}"`, namespace }).metadata;
}

async function* folderTar(folder: string, options: CreateOptions): ByteStream {
  const { signal, epoch, transform: { include, exclude } = {} } = options;
  const filter = createFilter({ include, ignore: exclude });
  const entries = await readFolder(folder, { signal, mtime: epoch, isLeftOut: (path) => !filter.accepts(path) });
  yield* writeTar(entries);
}

/** The tarball of a package: a file as it is, or made of a folder. */
export async function toResource(from: string, options: CreateOptions): Promise<Resource> {
  const stats = await stat(from).catch((error) => {
    throw ioError(error, "read", from);
  });
  const what = `"${from}"`;
  if (stats.isDirectory()) return { what, claims: {}, open: () => folderTar(from, options) };
  const file = await openPackageFile(from, options);
  return { what, claims: {}, open: () => file.read({ signal: options.signal }) };
}

/**
 * Makes a package of a tarball or a folder, and lists it in the store.
 *
 * A folder's entries get owner 0:0, modes 0644, 0755 and one time, so that the same files give the same package on every
 * machine; a tarball keeps what it says.
 *
 * @throws {LadingError} `SYNTAX` for metadata that is not valid; `EXISTS` when another package of that name and version is
 * there; else as {@link importPackages}.
 */
export async function createPackage(
  store: Store,
  pkg: NewPackage,
  options: CreateOptions = {},
): Promise<ImportedPackage> {
  const metadata = toMetadata(pkg, options.namespace);
  const known = await listPackages(store, options);
  const before = known.find((each) => packageTag(each) === packageTag(metadata));
  if (before !== undefined && options.skipExisting) {
    return { path: pkg.from, package: before, status: "skipped", warnings: [] };
  }
  try {
    const { layer, warnings } = await storeResource(store, await toResource(pkg.from, options), options);
    const created = await putPackage(store, metadata, layer, { signal: options.signal });
    const status = checkReplace(before, created, options);
    if (status !== "unchanged") {
      await store.tag([{ name: packageTag(created), descriptor: listPackage(created) }], { signal: options.signal });
    }
    return { path: pkg.from, package: created, status, warnings };
  } catch (error) {
    throw inFile(error, pkg.from, "make a package of");
  }
}
