/**
 * The catalogs that a recipe names: what there is to choose from, and where the bytes of what is chosen are.
 *
 * @module
 */

import { packageTag } from "./package/artifact.js";
import { listPackages } from "./package/catalog.js";
import type { Package } from "./package/package.js";
import { listPublished } from "./package/published.js";
import type { RegistryStoreOptions } from "./registry/client.js";
import { createBackedStore } from "./store/backed.js";
import type { LocalStore } from "./store/local.js";
import type { Store } from "./store/store.js";
import type { IoOptions } from "./stream/bytes.js";
import { openTransport } from "./transport.js";

/** Where catalogs may be. */
export interface CatalogOptions extends IoOptions {
  readonly local: LocalStore;
  /** For catalogs in registries. */
  readonly registry?: RegistryStoreOptions | undefined;
}

/** Catalogs that were read. */
export interface Catalogs {
  /** Of packages that several catalogs have, the first catalog's. */
  readonly packages: readonly Package[];
  /** The local store, which also has what the packages consist of. */
  readonly store: Store;
}

/** The packages of one catalog, and their store. */
interface Catalog {
  readonly store: Store;
  readonly packages: readonly Package[];
}

async function readCatalog(name: string, { local, registry, signal }: CatalogOptions): Promise<Catalog> {
  if (name === "store:") return { store: local.store, packages: await listPackages(local.store, { signal }) };
  const { store } = await openTransport(name, { local, registry });
  return { store, packages: await listPublished(store, { signal }) };
}

/** Without what an earlier catalog has. */
function withoutEarlier(catalogs: readonly Catalog[]): readonly Catalog[] {
  const seen = new Set<string>();
  return catalogs.map(({ store, packages }) => {
    const news = packages.filter((pkg) => !seen.has(packageTag(pkg)));
    for (const pkg of news) seen.add(packageTag(pkg));
    return { store, packages: news };
  });
}

/**
 * Reads catalogs, each with one request.
 *
 * @param names `docker://HOST/NAME` for a repository to which packages were published, `store:` for the local store. Where
 * none is named, the local store is meant.
 * @returns Nothing of a package but its line was read: file lists come when the store is asked for them, and stay; layers pass
 * through it.
 * @throws {LadingError} `NOT_FOUND` where nothing was published; else as {@link listPublished}.
 */
export async function openCatalogs(names: readonly string[], options: CatalogOptions): Promise<Catalogs> {
  const { local } = options;
  const named = names.length === 0 ? ["store:"] : [...new Set(names)];
  const catalogs = withoutEarlier(await Promise.all(named.map((name) => readCatalog(name, options))));
  const packages = catalogs.flatMap((catalog) => catalog.packages);
  const others = catalogs.filter(({ store }) => store !== local.store);
  if (others.length === 0) return { packages, store: local.store };
  const backings = others.map(({ store, packages: own }) => ({
    store,
    kept: own.flatMap(({ manifest, layer }) => [manifest, layer.files]),
    passed: own.map(({ layer }) => layer.descriptor),
  }));
  return { packages, store: createBackedStore(local.store, backings) };
}
