/**
 * From a package file to a package in a store that does not list it.
 *
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Cache } from "../store/cache.js";
import type { Store } from "../store/store.js";
import type { ByteStream } from "../stream/bytes.js";
import { describeContent } from "../stream/detect.js";
import { putPackage } from "./artifact.js";
import { warnEnvironment } from "./environment-warnings.js";
import { checkIdentity, openPackageFile } from "./file.js";
import { formatOf } from "./formats/index.js";
import { isTarball } from "./formats/tarball.js";
import { formatFqn, parseFqn } from "./fqn.js";
import { type Made, rememberFile, type SourceIdentity } from "./import-cache.js";
import type { Outline } from "./outline.js";
import { keepOutline } from "./outline-cache.js";
import type { Package, PackageFile, PackageMetadata, PackageSource } from "./package.js";
import { type ResourceOptions, type StoredResource, storeResource } from "./resource.js";
import type { ResourcePool } from "./resource-pool.js";

/** How a file is stored. */
export interface StoreFileOptions extends ResourceOptions {
  /** Where a package stands whose document has a name alone, `/acme/pkg` (`/`). */
  readonly namespace?: string | undefined;
  /** Put every package into that namespace, whatever its document says (no). */
  readonly retarget?: boolean | undefined;
  /** Threads for a layer that has to be compressed (4). */
  readonly jobs?: number | undefined;
  /** Threads that store resources, where a caller has some (none). */
  readonly pool?: ResourcePool | undefined;
  /** Recognises files that were stored before, so that they are not read again. */
  readonly cache?: Cache | undefined;
  /** Called with the bytes of files that were read. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Identities of files a moment ago, by their paths, where they were asked for. */
  readonly sources?: ReadonlyMap<string, SourceIdentity> | undefined;
  /** Called with the identity of each file of which it is sure what it holds. */
  readonly onSource?: ((path: string, source: SourceIdentity) => void) | undefined;
  /** Called with the outline of each layer that was stored, and the list of files that it is of. */
  readonly onOutline?: ((list: Descriptor, outline: Outline) => void) | undefined;
}

function refuseUnknown(file: PackageFile): LadingError<"FORMAT"> {
  const found = describeContent(file.head);
  const wanted = "a Debian package, an export file, or a tarball with its JSON beside it";
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

/** Was a file refused because it is a zip file, as export files are? */
export function isExportRefusal(error: unknown): boolean {
  return isLadingError(error, "FORMAT") && /^an? (?:empty )?zip archive$/.test(error.detail.found);
}

/** A package file taken apart, and which state of the file that was. */
export interface OpenedSource extends PackageSource {
  readonly identity: string;
}

/** Takes a package file apart, whatever its format. Throws `FORMAT` when it is of none. */
export async function openPackageSource(path: string, options: StoreFileOptions = {}): Promise<OpenedSource> {
  const file = await openPackageFile(path, options);
  const format = await formatOf(file);
  if (format === undefined) throw refuseUnknown(file);
  const source = await format.open(file, options);
  return { ...source, metadata: placePackage(source.metadata, options), identity: file.identity };
}

/** The metadata with the namespace that the options say. */
export function placePackage(
  metadata: PackageMetadata,
  { namespace = "/", retarget = false }: Pick<StoreFileOptions, "namespace" | "retarget">,
): PackageMetadata {
  if (!retarget) return metadata;
  const { name } = metadata;
  return { ...metadata, fqn: formatFqn(parseFqn(`${namespace}::${name}`)) };
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
  options: StoreFileOptions = {},
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
  options: StoreFileOptions,
  make: () => Promise<T>,
) {
  const { cache, signal, compression, limits, transform, namespace, retarget, sources, onSource } = options;
  const place = namespace === undefined && retarget === undefined ? [] : [{ namespace, retarget }];
  const changed = transform === undefined ? [] : [transform];
  const variant = [...kind, compression ?? null, limits ?? null, ...changed, ...place];
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
  options: StoreFileOptions,
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
  options: StoreFileOptions,
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
