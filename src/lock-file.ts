/**
 * Lock files: a recipe's packages written down, and read back for a build that needs no catalog.
 *
 * @module
 */

import { readFile, stat } from "node:fs/promises";
import { dirname, resolve as resolvePath } from "node:path";
import { ioError, isLadingError, LadingError } from "./errors.js";
import { MEDIA_TYPE } from "./oci/media-type.js";
import { formatPlatform, type Platform, parsePlatform } from "./oci/platform.js";
import { readPackage } from "./package/artifact.js";
import { describePackage, listPackages } from "./package/catalog.js";
import { ECOSYSTEM_RULES } from "./package/ecosystem.js";
import type { Package } from "./package/package.js";
import type { Recipe } from "./recipe/recipe.js";
import { createLock, encodeLock, type Lock, type LockedPackage } from "./resolve/lock.js";
import { compareLocks, type LockChange } from "./resolve/lock-changes.js";
import { checkComplete, selectLocked } from "./resolve/lock-fit.js";
import { decodeLock } from "./resolve/lock-read.js";
import { type ReleasedPin, resolvePinned } from "./resolve/pinned.js";
import type { Resolution, ResolveOptions } from "./resolve/resolution.js";
import { resolve } from "./resolve/resolve.js";
import type { Store } from "./store/store.js";
import { writeFileAtomic } from "./store/write-file.js";
import type { IoOptions } from "./stream/bytes.js";
import { mapConcurrent } from "./stream/pool.js";

/** Packages that are read at once; each is two small blobs. */
const AT_ONCE = 16;

/**
 * Reads a lock file.
 *
 * @throws {LadingError} `IO` where it cannot be read, and what `decodeLock` throws.
 */
export async function readLock(file: string, { signal }: IoOptions = {}): Promise<Lock> {
  const bytes = await readFile(file, { signal }).catch((error) => {
    throw ioError(error, "read the lock file", file);
  });
  return decodeLock(bytes, { path: file });
}

/**
 * Writes a lock file, whole or not at all. One that is there is replaced, unless it says the same already.
 *
 * @throws {LadingError} `FORMAT` where something other than a file is there; `IO` where the operating system says no.
 */
export async function writeLock(file: string, lock: Lock): Promise<void> {
  const there = await stat(file).catch(() => undefined);
  if (there !== undefined && !there.isFile()) {
    const found = there.isDirectory() ? "a folder" : "a device or pipe";
    const message = `Cannot write the lock file "${file}": it is ${found}, expected a file or nothing; name a file`;
    throw new LadingError("FORMAT", message, { wanted: "a file", found, path: file });
  }
  const bytes = Buffer.from(encodeLock(lock));
  if (there?.size === bytes.byteLength && bytes.equals(await readFile(file))) return;
  await writeFileAtomic(file, bytes, dirname(resolvePath(file)));
}

/** How a lock is used. */
export interface LockedOptions extends IoOptions, Pick<ResolveOptions, "policy" | "job"> {
  readonly platforms?: readonly Platform[] | undefined;
}

/** Does the package say of itself what the lock says? */
function isAsLocked({ fqn, version, architecture, layer }: Package, locked: LockedPackage): boolean {
  return (
    fqn === locked.fqn &&
    version === locked.version &&
    architecture === locked.architecture &&
    layer.descriptor.digest === locked.layer.digest &&
    layer.descriptor.size === locked.layer.size &&
    layer.diffId === locked.layer.diffId
  );
}

/** The package that is pinned, from its manifest; the store need not list it. */
async function readPin(store: Store, locked: LockedPackage, options: IoOptions): Promise<Package> {
  const label = describePackage(locked);
  const manifest = { mediaType: MEDIA_TYPE.manifest, ...locked.manifest };
  const pkg = await readPackage(store, manifest, options).catch((error) => {
    if (!isLadingError(error, "NOT_FOUND")) throw error;
    const message = `Cannot find package "${label}" in ${store.label}: the lock file pins ${locked.manifest.digest}, which is not there; import it, or lock anew with lading resolve --lock`;
    throw new LadingError("NOT_FOUND", message, { what: "package", name: label }, { cause: error });
  });
  if (isAsLocked(pkg, locked)) return pkg;
  const why = "the package of that digest has another name, version, architecture or layer";
  const message = `Cannot use the lock file: ${why} than it says of "${label}"; take the file back as it was written, or lock anew with lading resolve --lock`;
  throw new LadingError("CORRUPT", message, { what: "lock file", why });
}

/**
 * The packages that a lock pins for a recipe, from a store that has them; no catalog is read.
 *
 * @param platforms Those that are wanted (the recipe's, else all of the lock).
 * @throws {LadingError} `OUTDATED`, with what changed, when the lock is of another recipe, lacks a platform, or is not complete.
 * @throws {LadingError} `NOT_FOUND` when the store lacks a package; `CORRUPT` when a package is not what the lock says.
 */
export async function resolveLocked(
  recipe: Recipe,
  lock: Lock,
  store: Store,
  { platforms = recipe.platforms, policy, job, ...io }: LockedOptions = {},
): Promise<readonly Resolution[]> {
  const resolutions: Resolution[] = [];
  for (const locked of selectLocked(lock, { packages: recipe.packages, platforms })) {
    const platform = parsePlatform(locked.platform);
    const packages = await mapConcurrent(
      locked.packages,
      AT_ONCE,
      async (each) => ({ package: await readPin(store, each, io), because: each.because }),
      io.signal,
    );
    const chosen = packages.map((each) => each.package);
    checkComplete(recipe.packages, chosen, { ...ECOSYSTEM_RULES, platform, policy, job });
    resolutions.push({ platform, packages });
  }
  return resolutions;
}

/** How a recipe is locked. */
export interface LockOptions extends IoOptions, Pick<ResolveOptions, "policy" | "job"> {
  /** What there is to choose from (what the store lists). */
  readonly catalog?: readonly Package[] | undefined;
  /** The lock that is there; its pins stay where they can (none). */
  readonly before?: Lock | undefined;
  /** What is chosen anew: every package, or those of these names, full, short or local (nothing). */
  readonly update?: "all" | readonly string[] | undefined;
  /** Instead of the recipe's; where neither says any, those of `before`, else what the packages say. */
  readonly platforms?: readonly Platform[] | undefined;
}

/** A recipe's lock, and what it changes. */
export interface LockResult {
  readonly lock: Lock;
  readonly changes: readonly LockChange[];
}

function platformsOf(recipe: Recipe, { before, platforms }: LockOptions): readonly (Platform | undefined)[] {
  const asked = platforms ?? recipe.platforms;
  if (asked.length > 0) return asked;
  return before?.platforms.map(({ platform }) => parsePlatform(platform)) ?? [undefined];
}

const namesOf = (fqn: string) => [fqn, fqn.slice("package::".length), fqn.slice(fqn.lastIndexOf("::") + 2)];

/** The full names that are to be chosen anew. Throws `NOT_FOUND` for a name that no lock pins. */
function namesToUpdate(before: Lock | undefined, names: readonly string[]): ReadonlySet<string> {
  const pinned = new Set((before?.platforms ?? []).flatMap(({ packages }) => packages.map(({ fqn }) => fqn)));
  const found = names.map((name) => ({ name, fqns: [...pinned].filter((fqn) => namesOf(fqn).includes(name)) }));
  const unknown = found.find(({ fqns }) => fqns.length === 0);
  if (unknown !== undefined) {
    const message = `Cannot update "${unknown.name}": the lock file pins no package of that name; name one that it pins, or none for all of them`;
    throw new LadingError("NOT_FOUND", message, { what: "package", name: unknown.name });
  }
  return new Set(found.flatMap(({ fqns }) => fqns));
}

/** The pinned packages that are there still, and those that are not. */
async function readPins(store: Store, locked: readonly LockedPackage[], options: IoOptions) {
  const lost: ReleasedPin[] = [];
  const read = async (each: LockedPackage): Promise<readonly Package[]> => {
    try {
      return [await readPin(store, each, options)];
    } catch (error) {
      if (!isLadingError(error, "NOT_FOUND") && !isLadingError(error, "CORRUPT")) throw error;
      lost.push({ fqn: each.fqn, why: "what was pinned is not in the store any more" });
      return [];
    }
  };
  return { packages: (await mapConcurrent(locked, AT_ONCE, read, options.signal)).flat(), lost };
}

/**
 * Locks a recipe to packages of a store. Pins of `before` stay unless they are to be updated, make that or the recipe
 * impossible, or are not needed any more.
 *
 * @throws {LadingError} What `resolve` throws; `NOT_FOUND` when a name in `update` is of no pinned package.
 */
export async function lockRecipe(recipe: Recipe, store: Store, options: LockOptions = {}): Promise<LockResult> {
  const { before, update = [], policy, job, signal } = options;
  const names = update === "all" ? new Set<string>() : namesToUpdate(before, update);
  const catalog = options.catalog ?? (await listPackages(store, { signal }));
  const resolutions: Resolution[] = [];
  const reasons = new Map<string, string>();
  for (const platform of platformsOf(recipe, options)) {
    const key = platform && formatPlatform(platform);
    const locked = update === "all" ? undefined : before?.platforms.find((each) => each.platform === key);
    const rules = { ...ECOSYSTEM_RULES, policy, job, ...(platform && { platform }) };
    const { packages, lost } = await readPins(store, locked?.packages ?? [], { signal });
    const { resolution, released } =
      packages.length === 0
        ? { resolution: resolve(recipe.packages, catalog, rules), released: [] }
        : resolvePinned(recipe.packages, catalog, rules, { packages, update: names });
    for (const { fqn, why } of [...lost, ...released]) reasons.set(`${key} ${fqn}`, why);
    resolutions.push(resolution);
  }
  const lock = createLock(recipe.packages, resolutions);
  const changes = compareLocks(before, lock).map((change) => {
    const why = change.from && reasons.get(`${change.platform} ${change.fqn}`);
    return why === undefined ? change : { ...change, why };
  });
  return { lock, changes };
}
