/**
 * Publishing: packages from one store to a repository of a registry, where others find them and images take their layers.
 *
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { type CopyOptions, type CopyResult, copy, sumActions } from "../store/copy.js";
import type { Store } from "../store/store.js";
import { mapConcurrent } from "../stream/pool.js";
import { packageTag } from "./artifact.js";
import { describePackage, selectPackages } from "./catalog.js";
import type { Package } from "./package.js";
import { updateCatalog } from "./update-catalog.js";

/** What is published, and over what. */
export interface PublishOptions extends Omit<CopyOptions, "jobs"> {
  /** Packages at once (4). */
  readonly jobs?: number | undefined;
  /** The namespace whose packages a local name means first (none before any other). */
  readonly namespace?: string | undefined;
  /** Publish all packages that a name fits where they are several; with no name, every one (no). */
  readonly all?: boolean | undefined;
  /** Replace a package of the same name, version and architecture that holds something else (no). */
  readonly override?: boolean | undefined;
  /** Leave a package of the same name, version and architecture as it is, whatever is to be published (no). */
  readonly skipExisting?: boolean | undefined;
}

/** What became of a package: `unchanged` when just this one was there, `skipped` and `replaced` as the options say. */
export interface PublishedPackage {
  readonly package: Package;
  readonly status: "published" | "unchanged" | "skipped" | "replaced";
}

/** What was published. */
export interface Published {
  readonly packages: readonly PublishedPackage[];
  /** How many packages the repository's catalog lists now. */
  readonly listed: number;
  /** How the bytes came there. */
  readonly bytes: CopyResult["bytes"];
}

/** Packages at once. */
const AT_ONCE = 4;
/** Blobs of each package at once: a layer, and small ones. */
const BLOBS = 2;

async function findTag(to: Store, name: string, { signal }: PublishOptions): Promise<Descriptor | undefined> {
  try {
    return await to.resolve(name, { signal });
  } catch (error) {
    if (isLadingError(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

async function statusOf(pkg: Package, to: Store, options: PublishOptions): Promise<PublishedPackage> {
  const before = await findTag(to, packageTag(pkg), options);
  if (before === undefined) return { package: pkg, status: "published" };
  if (before.digest === pkg.manifest.digest) return { package: pkg, status: "unchanged" };
  if (options.skipExisting) return { package: pkg, status: "skipped" };
  if (options.override) return { package: pkg, status: "replaced" };
  const name = describePackage(pkg);
  const message = `Cannot publish ${name} to ${to.label}: a package of that name and version is there with other content; --override replaces it, --skip-existing keeps it`;
  throw new LadingError("EXISTS", message, { what: "package", name });
}

/**
 * Puts packages of a store into a repository, each as an artifact whose layer images of the same registry can mount, and brings
 * the repository's catalog up to date. Several may publish to one repository at once: the catalog lists what all of them did.
 *
 * @param names `package::/ns::name`, `/ns::name` or `name`; `:ARCHITECTURE` may follow, and then `=VERSION`.
 * @throws {LadingError} `NOT_FOUND` and `AMBIGUOUS` for names; `EXISTS` where a package is there with other content and no
 * option says what to do, before any byte moves; `CHANGED` where others change the repository faster than its catalog can be
 * written; what the two stores throw.
 */
export async function publishPackages(
  from: Store,
  names: readonly string[],
  to: Store,
  options: PublishOptions = {},
): Promise<Published> {
  const { all, namespace, jobs = AT_ONCE, override: _override, skipExisting: _skipExisting, ...io } = options;
  const { signal } = io;
  const meant = await selectPackages(from, names, { all, namespace, action: "publish", signal });
  const packages = await mapConcurrent(meant, jobs, (pkg) => statusOf(pkg, to, options), signal);
  const news = packages.flatMap(({ package: pkg, status }) =>
    status === "published" || status === "replaced" ? [pkg] : [],
  );
  const copied = await mapConcurrent(news, jobs, (pkg) => copy(pkg.manifest, from, to, { ...io, jobs: BLOBS }), signal);
  await to.tag(
    news.map((pkg) => ({ name: packageTag(pkg), descriptor: pkg.manifest })),
    { signal },
  );
  const listed = await updateCatalog(to, meant, { signal });
  const blobs = new Map(copied.flatMap((result) => result.blobs).map((blob) => [blob.descriptor.digest, blob]));
  return { packages, listed, bytes: sumActions([...blobs.values()]) };
}
