/**
 * The packages of a store.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Store } from "../store/store.js";
import type { IoOptions } from "../stream/bytes.js";
import { mapConcurrent } from "../stream/pool.js";
import { readCatalogLine, readPackage } from "./artifact.js";
import { isPackageDescriptor } from "./listed.js";
import type { Package } from "./package.js";

const byBytes = (left: string, right: string) => Buffer.compare(Buffer.from(left), Buffer.from(right));

/** A package, and the name under which the store lists it. */
interface Listed {
  readonly name: string | undefined;
  readonly package: Package;
}

async function readList(store: Store, options: IoOptions): Promise<readonly Listed[]> {
  const roots = (await store.tags(options)).filter(({ descriptor }) => isPackageDescriptor(descriptor));
  const listed: Listed[] = [];
  for (const { name, descriptor } of roots) {
    listed.push({ name, package: readCatalogLine(descriptor) ?? (await readPackage(store, descriptor, options)) });
  }
  return listed;
}

function distinct(packages: readonly Package[]): readonly Package[] {
  const key = ({ fqn, version = "", architecture = "" }: Package) => `${fqn}\0${version}\0${architecture}`;
  const found = new Map(packages.map((pkg) => [pkg.manifest.digest, pkg]));
  return [...found.values()].sort((a, b) => byBytes(key(a), key(b)));
}

/**
 * Every package that a store lists, once, sorted by full name, version and architecture.
 *
 * Costs one read of the store's list. `description` and `control` are left out: {@link showPackage} has them.
 */
export async function listPackages(store: Store, options: IoOptions = {}): Promise<readonly Package[]> {
  return distinct((await readList(store, options)).map((listed) => listed.package));
}

/** The name that people write for a package: full name, with `version` where it has one. */
export function describePackage({ fqn, version }: Pick<Package, "fqn" | "version">): string {
  return version === undefined ? fqn : `${fqn} ${version}`;
}

/** The names by which a package goes: full, short or local, then its `:ARCHITECTURE`, then its `=VERSION`. Longest last. */
function namesOf({ name, fqn, version, architecture }: Package): readonly string[] {
  const short = fqn.slice("package::".length);
  const named = [name, short, fqn];
  const built = architecture === undefined ? named : [...named, ...named.map((each) => `${each}:${architecture}`)];
  return version === undefined ? built : [...built, ...built.map((each) => `${each}=${version}`)];
}

/** How names are read. */
export interface NameOptions extends IoOptions {
  /** The namespace whose packages a local name means first, `/acme/pkg` (none before any other). */
  readonly namespace?: string | undefined;
}

function select(
  packages: readonly Package[],
  name: string,
  store: Store,
  { namespace }: NameOptions,
): readonly Package[] {
  const found = packages.filter((pkg) => namesOf(pkg).includes(name));
  const own = name.includes("::") ? [] : found.filter((pkg) => pkg.fqn === `package::${namespace}::${pkg.name}`);
  if (own.length > 0) return own;
  if (found.length > 0) return found;
  const near = packages.filter((pkg) => pkg.name.includes(name) || name.includes(pkg.name)).slice(0, 5);
  const hint = near.length > 0 ? `; near it are ${near.map(({ fqn }) => fqn).join(", ")}` : "";
  throw new LadingError("NOT_FOUND", `Cannot find package "${name}" in ${store.label}: import it first${hint}`, {
    what: "package",
    name,
  });
}

/**
 * The packages that a person means by a name.
 *
 * @param name `package::/ns::name`, `/ns::name` or `name`; `:ARCHITECTURE` may follow, and then `=VERSION`.
 * @throws {LadingError} `NOT_FOUND` when there is none.
 */
export async function findPackages(store: Store, name: string, options: NameOptions = {}): Promise<readonly Package[]> {
  return select(await listPackages(store, options), name, store, options);
}

/** Exactly one package by that name, whole. Throws `AMBIGUOUS` with the candidates where there are several. */
export async function showPackage(store: Store, name: string, options: NameOptions = {}): Promise<Package> {
  const found = await findPackages(store, name, options);
  const exact = found.filter((pkg) => namesOf(pkg).at(-1) === name);
  const [first, ...others] = exact.length === 1 ? exact : found;
  if (first === undefined || others.length > 0) {
    const candidates = found.map((pkg) => namesOf(pkg).at(-1) ?? pkg.fqn);
    const message = `Cannot tell which package "${name}" is: ${candidates.join(", ")}; name one of them in full`;
    throw new LadingError("AMBIGUOUS", message, { requirement: name, candidates, chain: [] });
  }
  return await readPackage(store, first.manifest, options);
}

/** What a name may mean. */
export interface DeleteOptions extends NameOptions {
  /** All packages that a name fits are meant, where they are several (no). */
  readonly all?: boolean | undefined;
}

/** What is done to packages that are named. */
interface Selection extends NameOptions {
  readonly action: "delete" | "export";
  readonly all: boolean;
}

/** All that a name fits; throws `AMBIGUOUS` where they are several and only one may be meant. */
function selectMeant(
  packages: readonly Package[],
  name: string,
  store: Store,
  selection: Selection,
): readonly Package[] {
  const { action, all } = selection;
  const found = select(packages, name, store, selection);
  const exact = found.filter((pkg) => namesOf(pkg).at(-1) === name);
  const meant = !all && exact.length === 1 ? exact : found;
  if (all || meant.length === 1) return meant;
  const candidates = found.map((pkg) => namesOf(pkg).at(-1) ?? pkg.fqn);
  const message = `Cannot ${action} "${name}": it may be ${candidates.join(", ")}; name one of them in full, or say --all`;
  throw new LadingError("AMBIGUOUS", message, { requirement: name, candidates, chain: [] });
}

/**
 * The packages that people mean by names, each once and whole, in the order of the store's list.
 *
 * @throws {LadingError} `NOT_FOUND` when a name fits nothing, `AMBIGUOUS` when it fits several and `all` is not said.
 */
export async function showPackages(
  store: Store,
  names: readonly string[],
  options: DeleteOptions = {},
): Promise<readonly Package[]> {
  const selection: Selection = { ...options, action: "export", all: options.all ?? false };
  const packages = await listPackages(store, options);
  const meant = distinct(names.flatMap((name) => selectMeant(packages, name, store, selection)));
  return await mapConcurrent(meant, 8, ({ manifest }) => readPackage(store, manifest, options));
}

/**
 * Takes packages out of a store's list. Their blobs stay until they are collected, since images may use them.
 *
 * @returns What was deleted.
 * @throws {LadingError} `NOT_FOUND` when a name fits nothing, `AMBIGUOUS` when it fits several and `all` is not said; then
 * nothing is deleted.
 */
export async function deletePackages(
  store: Store,
  names: readonly string[],
  options: DeleteOptions = {},
): Promise<readonly Package[]> {
  const selection: Selection = { ...options, action: "delete", all: options.all ?? false };
  const list = await readList(store, options);
  const packages = distinct(list.map((listed) => listed.package));
  const found = distinct(names.flatMap((name) => selectMeant(packages, name, store, selection)));
  const digests = new Set(found.map(({ manifest }) => manifest.digest));
  const listed = list.filter((each) => digests.has(each.package.manifest.digest));
  await store.untag(
    listed.map((each) => each.name ?? each.package.manifest.digest),
    options,
  );
  return found;
}
