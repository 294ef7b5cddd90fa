/**
 * The packages of a store.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Store } from "../store/store.js";
import type { IoOptions } from "../stream/bytes.js";
import { isPackageDescriptor, packageTag, readCatalogLine, readPackage } from "./artifact.js";
import { isFqn, parseFqn } from "./fqn.js";
import type { Package } from "./package.js";

const byBytes = (left: string, right: string) => Buffer.compare(Buffer.from(left), Buffer.from(right));

async function readListed(store: Store, descriptor: Descriptor, options: IoOptions): Promise<Package> {
  return readCatalogLine(descriptor) ?? (await readPackage(store, descriptor, options));
}

/**
 * Every package that a store lists, sorted by full name, version and architecture.
 *
 * Costs one read of the store's list. `description` and `control` are left out: {@link showPackage} has them.
 */
export async function listPackages(store: Store, options: IoOptions = {}): Promise<readonly Package[]> {
  const listed = (await store.tags(options)).filter(({ descriptor }) => isPackageDescriptor(descriptor));
  const packages: Package[] = [];
  for (const { descriptor } of listed) packages.push(await readListed(store, descriptor, options));
  const key = ({ fqn, version = "", architecture = "" }: Package) => `${fqn}\0${version}\0${architecture}`;
  return packages.sort((a, b) => byBytes(key(a), key(b)));
}

/** The name that people write for a package: full name, with `version` where it has one. */
export function describePackage({ fqn, version }: Pick<Package, "fqn" | "version">): string {
  return version === undefined ? fqn : `${fqn} ${version}`;
}

/** Does a package go by that name: `package::/ns::name`, `/ns::name`, `name`, each perhaps followed by `=VERSION`? */
function goesBy(pkg: Package, wanted: string): boolean {
  const matches = (text: string) => {
    if (!text.includes("::")) return pkg.name === text;
    return isFqn(text) && formatted(text) === pkg.fqn;
  };
  if (matches(wanted)) return true;
  const at = wanted.lastIndexOf("=");
  return at > 0 && pkg.version === wanted.slice(at + 1) && matches(wanted.slice(0, at));
}

function formatted(text: string): string {
  const { namespace, name } = parseFqn(text);
  return `package::${namespace}::${name}`;
}

/**
 * The packages that a person means by a name.
 *
 * @param name `package::/ns::name`, `/ns::name` or `name`; `=VERSION` may follow.
 * @throws {LadingError} `NOT_FOUND` when there is none.
 */
export async function findPackages(store: Store, name: string, options: IoOptions = {}): Promise<readonly Package[]> {
  const packages = await listPackages(store, options);
  const found = packages.filter((pkg) => goesBy(pkg, name));
  if (found.length > 0) return found;
  const near = packages.filter((pkg) => pkg.name.includes(name) || name.includes(pkg.name)).slice(0, 5);
  const hint = near.length > 0 ? `; near it are ${near.map(({ fqn }) => fqn).join(", ")}` : "";
  throw new LadingError("NOT_FOUND", `Cannot find package "${name}" in ${store.label}: import it first${hint}`, {
    what: "package",
    name,
  });
}

/** Exactly one package by that name, whole. Throws `AMBIGUOUS` with the candidates where there are several. */
export async function showPackage(store: Store, name: string, options: IoOptions = {}): Promise<Package> {
  const [first, ...others] = await findPackages(store, name, options);
  if (first === undefined || others.length > 0) {
    const candidates = [first, ...others].flatMap((pkg) => (pkg === undefined ? [] : [describePackage(pkg)]));
    const message = `Cannot tell which package "${name}" is: ${candidates.join(", ")}; name one in full, with =VERSION`;
    throw new LadingError("AMBIGUOUS", message, { requirement: name, candidates, chain: [] });
  }
  return await readPackage(store, first.manifest, options);
}

/**
 * Takes packages out of a store's list. Their blobs stay until they are collected, since images may use them.
 *
 * @returns What was deleted.
 * @throws {LadingError} `NOT_FOUND` when a name fits nothing; then nothing is deleted.
 */
export async function deletePackages(store: Store, names: readonly string[], options: IoOptions = {}) {
  const found = new Map<string, Package>();
  for (const name of names) {
    for (const pkg of await findPackages(store, name, options)) found.set(packageTag(pkg), pkg);
  }
  await store.untag([...found.keys()], options);
  return [...found.values()];
}
