/**
 * Changes to packages that are in a store: of what they say, or of what they hold.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Store } from "../store/store.js";
import type { IoOptions } from "../stream/bytes.js";
import { detectCompression, HEAD_SIZE } from "../stream/detect.js";
import { peek } from "../stream/peek.js";
import { listPackage, packageTag, putPackage } from "./artifact.js";
import type { Capability } from "./capability.js";
import { describePackage, listPackages, showPackage } from "./catalog.js";
import { type CreateOptions, toResource } from "./create.js";
import { warnEnvironment } from "./environment-warnings.js";
import { formatFqn, parseFqn } from "./fqn.js";
import { decodeMetadata, encodeMetadata } from "./metadata.js";
import { writeNewFile } from "./new-file.js";
import type { Dependency, Package, PackageMetadata } from "./package.js";
import { parseCapability, parseRequirement } from "./requirement.js";
import { storeResource } from "./resource.js";
import { inFile } from "./store-package.js";

/** What is to change of what a package says. Lists hold what comes in addition, unless they stand in `remove`. */
export interface PackageChanges {
  /** The new local name; the namespace stays. */
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly description?: string | undefined;
  readonly provides?: readonly string[] | undefined;
  readonly depends?: readonly string[] | undefined;
  /** Variables that are set, or set anew. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** What is taken away. It has to be there. */
  readonly remove?: {
    readonly provides?: readonly string[] | undefined;
    readonly depends?: readonly string[] | undefined;
    /** Names of variables. */
    readonly environment?: readonly string[] | undefined;
  };
}

/** How a package is updated. */
export interface UpdateOptions extends IoOptions {
  /** The namespace whose packages a local name means first (none before any other). */
  readonly namespace?: string | undefined;
  /** Replace another package that has the new name (no). */
  readonly override?: boolean | undefined;
}

/** A package before and after a change. */
export interface UpdatedPackage {
  readonly status: "updated" | "unchanged";
  readonly before: Package;
  readonly package: Package;
  readonly warnings: readonly string[];
}

function refuse(pkg: Package, why: string, wanted: string): LadingError<"SYNTAX"> {
  const message = `Cannot update ${describePackage(pkg)}: ${why}, expected ${wanted}`;
  return new LadingError("SYNTAX", message, { kind: "package", input: pkg.fqn });
}

/** A list without some of its items, and with others at its end, each once. */
function changed<T>(
  pkg: Package,
  list: readonly T[],
  what: string,
  { add = [], remove = [] }: { readonly add?: readonly T[]; readonly remove?: readonly T[] },
): readonly T[] {
  const textOf = (item: T) => JSON.stringify(item);
  const there = new Map(list.map((item) => [textOf(item), item]));
  for (const item of remove) {
    if (!there.delete(textOf(item))) throw refuse(pkg, `it has no ${what} ${textOf(item)}`, "one that is there");
  }
  for (const item of add) there.set(textOf(item), item);
  return [...there.values()];
}

function environmentOf(pkg: Package, { environment = {}, remove = {} }: PackageChanges) {
  const variables = new Map(Object.entries({ ...pkg.environment, ...environment }));
  for (const name of remove.environment ?? []) {
    if (!variables.delete(name)) throw refuse(pkg, `it sets no variable ${JSON.stringify(name)}`, "one that is there");
  }
  return Object.fromEntries(variables);
}

function renamed(pkg: Package, name: string | undefined): Pick<PackageMetadata, "fqn" | "name"> {
  if (name === undefined) return pkg;
  if (name.includes("::")) {
    throw refuse(pkg, `${JSON.stringify(name)} names a namespace`, "a local name; export and import it to move it");
  }
  const { namespace } = parseFqn(pkg.fqn);
  const fqn = parseFqn(name, namespace);
  return { fqn: formatFqn(fqn), name: fqn.name };
}

/** The changed metadata, read anew so that one place decides what is valid. */
function changedMetadata(pkg: Package, changes: PackageChanges): PackageMetadata {
  const { version = pkg.version, description = pkg.description, provides = [], depends = [], remove = {} } = changes;
  const needs = (texts: readonly string[]) => texts.map((text): Dependency => ({ anyOf: [parseRequirement(text)] }));
  const gives = (texts: readonly string[]): readonly Capability[] => texts.map(parseCapability);
  const metadata = {
    ...pkg,
    ...renamed(pkg, changes.name),
    ...(version === undefined ? {} : { version }),
    ...(description === undefined ? {} : { description }),
    provides: changed(pkg, pkg.provides, "capability", {
      add: gives(provides),
      remove: gives(remove.provides ?? []),
    }),
    dependencies: changed(pkg, pkg.dependencies, "dependency", {
      add: needs(depends),
      remove: needs(remove.depends ?? []),
    }),
    environment: environmentOf(pkg, changes),
  };
  return decodeMetadata(encodeMetadata(metadata), { source: describePackage(pkg) }).metadata;
}

/** Lists a package in place of another: the new name is there before the old one goes. */
async function relist(store: Store, before: Package, now: Package, { signal, override }: UpdateOptions): Promise<void> {
  const [old, tag] = [packageTag(before), packageTag(now)];
  if (old !== tag && !override) {
    const known = await listPackages(store, { signal });
    const other = known.find((each) => packageTag(each) === tag);
    if (other !== undefined && other.manifest.digest !== now.manifest.digest) {
      const name = describePackage(now);
      const message = `Cannot rename ${describePackage(before)}: ${name} is there already; --override replaces it`;
      throw new LadingError("EXISTS", message, { what: "package", name });
    }
  }
  await store.tag([{ name: tag, descriptor: listPackage(now) }], { signal });
  if (old !== tag) await store.untag([old], { signal });
}

/**
 * Changes what a package says: its name, version, description, capabilities, dependencies, environment. Its layer stays, and
 * images that were built of it stay whole.
 *
 * @param name As `showPackage()` takes it.
 * @throws {LadingError} `NOT_FOUND`, `AMBIGUOUS` as `showPackage()`; `SYNTAX` for what is no capability, name or variable, and for
 * something to remove that is not there; `EXISTS` when another package has the new name.
 */
export async function updatePackage(
  store: Store,
  name: string,
  changes: PackageChanges,
  options: UpdateOptions = {},
): Promise<UpdatedPackage> {
  const { signal } = options;
  const before = await showPackage(store, name, options);
  const now = await putPackage(store, changedMetadata(before, changes), before.layer, { signal });
  const status = now.manifest.digest === before.manifest.digest ? "unchanged" : "updated";
  if (status === "updated") await relist(store, before, now, options);
  return { status, before, package: now, warnings: warnEnvironment(now.environment) };
}

/**
 * Changes what a package holds: a tarball or a folder takes the place of its layer. All that it says stays.
 *
 * @param name As `showPackage()` takes it.
 * @throws {LadingError} `NOT_FOUND`, `AMBIGUOUS` as `showPackage()`; else as `createPackage()`.
 */
export async function replacePackage(
  store: Store,
  name: string,
  from: string,
  options: CreateOptions = {},
): Promise<UpdatedPackage> {
  const { signal } = options;
  const before = await showPackage(store, name, options);
  const { manifest: _manifest, layer: _layer, ...metadata } = before;
  try {
    const { layer, warnings } = await storeResource(store, await toResource(from, options), options);
    const now = await putPackage(store, metadata, layer, { signal });
    const status = now.manifest.digest === before.manifest.digest ? "unchanged" : "updated";
    if (status === "updated") await relist(store, before, now, options);
    return { status, before, package: now, warnings };
  } catch (error) {
    throw inFile(error, from, "make a package of");
  }
}

/** A package's tarball in a file: bytes of it. */
export interface DownloadedPackage {
  readonly path: string;
  readonly size: number;
  readonly package: Package;
}

const SUFFIX = { gzip: ".tar.gz", zstd: ".tar.zst", none: ".tar", xz: ".tar.xz", bzip2: ".tar.bz2" } as const;

/** `jq-1.6.tar.gz`: what is no plain character in the name becomes `-`. */
async function fileName(store: Store, { name, version, layer }: Package, options: IoOptions): Promise<string> {
  const { head, close } = await peek(store.open(layer.descriptor, options), HEAD_SIZE);
  await close();
  const base = [name, version].filter((part) => part !== undefined).join("-");
  const plain = base.replace(/[^A-Za-z0-9._+~-]+/g, "-").replace(/^[-.]+/, "");
  return `${plain || "package"}${SUFFIX[detectCompression(head)]}`;
}

/**
 * Writes a package's tarball, as the store has it, into a file; whole or not at all. A file that is there is replaced.
 *
 * @param name As `showPackage()` takes it.
 * @param path The file (`NAME-VERSION.tar.gz`, or as it is compressed, in the current folder).
 * @throws {LadingError} `NOT_FOUND`, `AMBIGUOUS` as `showPackage()`; `FORMAT` where something other than a file is there; `IO`.
 */
export async function downloadPackage(
  store: Store,
  name: string,
  path: string | undefined,
  options: UpdateOptions = {},
): Promise<DownloadedPackage> {
  const { signal } = options;
  const pkg = await showPackage(store, name, options);
  const to = path ?? (await fileName(store, pkg, { signal }));
  const size = await writeNewFile(to, () => store.open(pkg.layer.descriptor, { signal }), { signal });
  return { path: to, size, package: pkg };
}
