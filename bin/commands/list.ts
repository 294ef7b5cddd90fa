/**
 * `lading list [PLACE]`
 *
 * @module
 */

import { access } from "node:fs/promises";
import type { Descriptor, Store } from "../../src/index.js";
import { type Cli, type CommonFlags, createVerb, formatSize, print, type Verb } from "../cli.js";
import { addRegistryFlags, openPlace, openStore, type RegistryFlags, registryOptions } from "../flags.js";
import { UsageError } from "../usage.js";

interface Flags extends CommonFlags, RegistryFlags {
  readonly digests?: boolean;
}

/** One line: a name, and what it means where that was asked for. */
interface Line {
  readonly name?: string | undefined;
  readonly descriptor?: Descriptor;
}

/** `docker://HOST` names a registry as a whole. */
function registryOf(text: string): string | undefined {
  return /^docker:\/\/([^/@]+)\/?$/.exec(text)?.[1];
}

/** A store, of which no tag may be named. */
async function openListed(text: string, flags: Flags, cli: Cli): Promise<{ store: Store; label: string }> {
  const options = { local: await openStore(cli, flags), registry: await registryOptions(cli, flags) };
  if (text === "store:") return { store: options.local.store, label: "store:" };
  const { parseTransport } = await import("../../src/transport.js");
  const { store } = await openPlace(text, options);
  const transport = parseTransport(text);
  const named = transport.kind === "docker" ? (transport.reference.digest ?? transport.reference.tag) : transport.name;
  if (named === undefined) return { store, label: text };
  throw new UsageError(`"${text}" names an image, wanted a place that holds some; leave "${named}" out, or inspect it`);
}

/** Names alone come at once; what each means is asked of a registry one by one. */
async function listNames(store: Store, { digests }: Flags, signal: AbortSignal): Promise<readonly Line[]> {
  if (store.names === undefined || digests) return await store.tags({ signal });
  const names = await store.names({ signal });
  return names.map((name) => ({ name }));
}

/** An empty place is one thing, none at all another: that is an error, the one that asking for an image of it gives. */
async function checkThere(text: string, store: Store, signal: AbortSignal): Promise<void> {
  const { isLadingError } = await import("../../src/errors.js");
  const { parseTransport } = await import("../../src/transport.js");
  const transport = parseTransport(text);
  const isGone = "file" in transport && (await access(transport.file).catch((error: Error) => error)) !== undefined;
  await store.resolve("latest", { signal }).catch((error) => {
    if (isGone || !isLadingError(error, "NOT_FOUND") || error.detail.what !== "tag") throw error;
  });
}

const toText = ({ name, descriptor }: Line, isLong: boolean): string => {
  const { digest = "", size = 0, artifactType, mediaType = "" } = descriptor ?? {};
  if (!isLong) return name ?? digest;
  return [name ?? "-", digest, formatSize(size), artifactType ?? mediaType].join("\t");
};

export const verb: Verb = (cli) =>
  addRegistryFlags(
    createVerb(cli, "list", "Lists the images of a place by their names, and the repositories of a registry."),
  )
    .argument(
      "[place]",
      "store:, oci:DIR, oci-archive:FILE, docker-archive:FILE, docker://HOST/NAME, docker://HOST",
      "store:",
    )
    .option("--digests", "say what each name means: its digest, the size of its manifest, its type")
    .action(async (text: string, flags: Flags) => {
      const { signal } = cli;
      const registry = registryOf(text);
      if (registry !== undefined) {
        const { listRepositories } = await import("../../src/registry/catalog.js");
        const repositories = await listRepositories(registry, { ...(await registryOptions(cli, flags)), signal });
        return print(cli, flags, { label: `docker://${registry}`, repositories }, () => repositories);
      }
      const { store, label } = await openListed(text, flags, cli);
      const images = await listNames(store, flags, signal);
      if (images.length === 0 && /^(oci|oci-archive|docker-archive):/.test(text)) await checkThere(text, store, signal);
      print(cli, flags, { label, images }, () => images.map((image) => toText(image, flags.digests === true)));
    });
