/**
 * From package files to packages in a store.
 *
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Cache } from "../store/cache.js";
import type { Store } from "../store/store.js";
import type { ByteStream } from "../stream/bytes.js";
import { describeContent } from "../stream/detect.js";
import { mapConcurrent } from "../stream/pool.js";
import { listPackage, packageTag, putPackage } from "./artifact.js";
import { describePackage, listPackages } from "./catalog.js";
import { warnEnvironment } from "./environment-warnings.js";
import { checkIdentity, openPackageFile } from "./file.js";
import { formatOf } from "./formats/index.js";
import { isTarball } from "./formats/tarball.js";
import { type Made, rememberFile, type SourceIdentity } from "./import-cache.js";
import type { Outline } from "./outline.js";
import { keepOutline } from "./outline-cache.js";
import type { Package, PackageFile, PackageMetadata, PackageSource } from "./package.js";
import { type ResourceOptions, type StoredResource, storeResource } from "./resource.js";
import { type ResourcePool, withPool } from "./resource-pool.js";

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
export interface ImportOptions extends ResourceOptions {
  /** Replace a package of the same name, version and architecture that holds something else (no). */
  readonly override?: boolean | undefined;
  /** Leave a package of the same name, version and architecture as it is, whatever the file holds (no). */
  readonly skipExisting?: boolean | undefined;
  /** Threads: for several files at once, each on one of its own, or for one that has to be compressed (4). */
  readonly jobs?: number | undefined;
  /** The threads, where a caller has some already (as many as `jobs`, if there is much to read). */
  readonly pool?: ResourcePool | undefined;
  /** Recognises files that were imported before, so that they are not read again. */
  readonly cache?: Cache | undefined;
  /** Called with the bytes of package files that were read. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Identities of files a moment ago, by their paths, where they were asked for. */
  readonly sources?: ReadonlyMap<string, SourceIdentity> | undefined;
  /** Called with the identity of each file of which it is sure what it holds. */
  readonly onSource?: ((path: string, source: SourceIdentity) => void) | undefined;
  /** Called with the outline of each layer that was stored, and the list of files that it is of. */
  readonly onOutline?: ((list: Descriptor, outline: Outline) => void) | undefined;
  /** Called as each file is done. */
  readonly onImport?: ((imported: ImportedPackage) => void) | undefined;
}

function refuseUnknown(file: PackageFile): LadingError<"FORMAT"> {
  const found = describeContent(file.head);
  const wanted = "a Debian package, or a tarball with its JSON beside it";
  const hint = isTarball(file) ? "; `lading package create` makes a package of a bare tarball" : "";
  const message = `Cannot import "${file.path}": it is ${found}, wanted ${wanted}${hint}`;
  return new LadingError("FORMAT", message, { wanted, found, path: file.path });
}

/** Says of which file an error speaks, where it does not say so itself. */
export function inFile(error: unknown, path: string, action = "import"): unknown {
  if (!isLadingError(error) || error.message.includes(`"${path}"`)) return error;
  const { message } = error;
  const rest = message.startsWith(`Cannot ${action} `)
    ? message.slice(`Cannot ${action} `.length)
    : message.replace(/^Cannot /, "cannot ");
  return new LadingError(error.code, `Cannot ${action} "${path}": ${rest}`, error.detail, { cause: error });
}

/** A package file taken apart, and which state of the file that was. */
export interface OpenedSource extends PackageSource {
  readonly identity: string;
}

/** Takes a package file apart, whatever its format. Throws `FORMAT` when it is of none. */
export async function openPackageSource(path: string, options: ImportOptions = {}): Promise<OpenedSource> {
  const file = await openPackageFile(path, options);
  const format = await formatOf(file);
  if (format === undefined) throw refuseUnknown(file);
  return { ...(await format.open(file, options)), identity: file.identity };
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

/** A package file's package, whole and in the store, but not in its list. */
export interface StoredPackage {
  readonly package: Package;
  readonly warnings: readonly string[];
  /** Was the file recognised, so that it was not read? */
  readonly known: boolean;
}

/** Puts a package file's package into the store without listing it. */
export async function storePackageFile(
  store: Store,
  path: string,
  options: ImportOptions = {},
): Promise<StoredPackage> {
  const { signal } = options;
  const make = async () => {
    const { metadata, ...source } = await openPackageSource(path, options);
    const { layer, warnings } = await storeSource(store, path, source, options);
    const told = [...warnEnvironment(metadata.environment), ...warnings];
    return { layer, package: await putPackage(store, metadata, layer, { signal }), warnings: told };
  };
  const { value, known } = await rememberSource(store, path, ["package"], options, make);
  return { package: value.package, warnings: value.warnings, known };
}

/** What `make` gives for a file as a thing of that kind, with these options; from the cache where that is known. */
export async function rememberSource<T extends Made | undefined>(
  store: Store,
  path: string,
  kind: readonly string[],
  options: ImportOptions,
  make: () => Promise<T>,
) {
  const { cache, signal, compression, limits, transform, sources, onSource } = options;
  const variant = [...kind, compression ?? null, limits ?? null, ...(transform === undefined ? [] : [transform])];
  const source = sources?.get(path);
  const tell = onSource && ((sure: SourceIdentity) => onSource(path, sure));
  return await rememberFile(store, path, { cache, variant, signal, source, onSource: tell }, make);
}

/** A resource that is to be stored: a range of a file for a thread, or a stream for this one. */
type ResourceSource = Pick<PackageSource, "claims" | "fileChecksums" | "range" | "open"> & {
  readonly identity: string;
  readonly bare?: boolean;
};

/**
 * Stores the resource of a file, by the pool where there is one and the store is a folder, and keeps its outline. Of a file that changes meanwhile it
 * says just that: whatever is wrong with it may be due to that.
 */
export async function storeSource(
  store: Store,
  path: string,
  source: ResourceSource,
  options: ImportOptions,
): Promise<StoredResource> {
  try {
    const stored = await storeResourceOf(store, path, source, options);
    const { layer, outline } = stored;
    if (outline !== undefined) options.onOutline?.(layer.files, outline);
    await keepOutline(options.cache, layer.files, outline);
    return stored;
  } catch (error) {
    if (isLadingError(error)) await checkIdentity(path, source.identity);
    throw error;
  }
}

async function storeResourceOf(
  store: Store,
  path: string,
  source: ResourceSource,
  options: ImportOptions,
): Promise<StoredResource> {
  const { signal, compression, transform, limits, onBytes, pool, jobs = 4 } = options;
  const { claims, fileChecksums, bare, range, identity, open } = source;
  const folder = store.layoutFolder;
  const common = { claims, fileChecksums, bare };
  if (pool !== undefined && folder !== undefined && range !== undefined) {
    const job = { ...common, folder, label: store.label, path, identity, range, compression, transform, limits };
    return await pool.run(job, { signal, onBytes });
  }
  const resource = { ...common, what: `"${path}"`, open: () => counted(open({ signal }), onBytes) };
  return await storeResource(store, resource, { signal, compression, jobs, transform, limits });
}

async function* counted(stream: ByteStream, onBytes: ((bytes: number) => void) | undefined): ByteStream {
  for await (const chunk of stream) {
    onBytes?.(chunk.byteLength);
    yield chunk;
  }
}

async function importOne(store: Store, path: string, known: readonly Package[], options: ImportOptions) {
  const stored = options.skipExisting ? undefined : await storePackageFile(store, path, options);
  const metadata = stored?.package ?? (await openPackageSource(path, options)).metadata;
  const before = existing(known, metadata);
  if (stored === undefined && before !== undefined) {
    return { path, package: before, status: "skipped", warnings: [] } satisfies ImportedPackage;
  }
  const { package: pkg, warnings } = stored ?? (await storePackageFile(store, path, options));
  return { path, package: pkg, status: checkReplace(before, pkg, options), warnings } satisfies ImportedPackage;
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
    const message = `Cannot import "${each.path}": "${other.path}" is ${name} too, with other content; name one of them`;
    throw new LadingError("EXISTS", message, { what: "package", name });
  }
}

/**
 * Imports package files: Debian packages, and tarballs with their JSON beside them, told apart by content.
 *
 * Either all of them are in the store's list afterwards, or, when one is refused, none more than before.
 *
 * @param paths Paths of files.
 * @returns One result for each path, in their order; a path that is named twice counts once.
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
  const importFile = async (path: string, withThreads: ImportOptions): Promise<ImportedPackage> => {
    try {
      const imported = await importOne(store, path, known, withThreads);
      options.onImport?.(imported);
      return imported;
    } catch (error) {
      throw inFile(error, path);
    }
  };
  const imported = await withPool(paths, options, async (pool, sorted, atOnce) => {
    const importWith = (path: string) => importFile(path, { ...options, pool });
    return await mapConcurrent(sorted, atOnce, importWith, options.signal);
  });
  const order = new Map(paths.map((path, index) => [path, index]));
  imported.sort((a, b) => (order.get(a.path) ?? 0) - (order.get(b.path) ?? 0));
  checkDistinct(imported);
  const changed = imported.filter(({ status }) => status === "imported" || status === "replaced");
  const roots = changed.map(({ package: pkg }) => ({ name: packageTag(pkg), descriptor: listPackage(pkg) }));
  if (roots.length > 0) await store.tag(roots, { signal: options.signal });
  return imported;
}
