/**
 * Where packages are listed: the local store, or a repository to which some were published.
 *
 * @module
 */

import type { Package, Store } from "../src/index.js";
import { type Cli, type CommonFlags, formatSize } from "./cli.js";
import { openPlace, openStore, type RegistryFlags, registryOptions } from "./flags.js";
import { UsageError } from "./usage.js";

/** What names such a place, as help shows it. */
export const CATALOG_PLACES = "store:, docker://HOST/NAME";

/** A repository, of which no tag may be named. */
export async function openRepository(text: string, flags: CommonFlags & RegistryFlags, cli: Cli): Promise<Store> {
  const options = { local: await openStore(cli, flags), registry: await registryOptions(cli, flags) };
  const { store } = await openPlace(text, options);
  const { parseTransport } = await import("../src/transport.js");
  const transport = parseTransport(text);
  if (transport.kind !== "docker")
    throw new UsageError(`"${text}" is no repository of a registry, wanted docker://HOST/NAME`);
  const { tag, digest } = transport.reference;
  if (tag === undefined && digest === undefined) return store;
  throw new UsageError(`"${text}" names an image, wanted a repository; leave "${digest ?? tag}" out`);
}

/** The packages that a place lists. */
export async function readCatalog(
  text: string,
  flags: CommonFlags & RegistryFlags,
  cli: Cli,
): Promise<readonly Package[]> {
  const { signal } = cli;
  if (text === "store:") {
    const { listPackages } = await import("../src/package/catalog.js");
    return await listPackages((await openStore(cli, flags)).store, { signal });
  }
  const { listPublished } = await import("../src/package/published.js");
  return await listPublished(await openRepository(text, flags, cli), { signal });
}

/** A package in one line: full name, version, architecture, size. */
export function packageLine({ fqn, version, architecture, layer }: Package): string {
  return [fqn, version ?? "-", architecture ?? "any", formatSize(layer.descriptor.size)].join("\t");
}
