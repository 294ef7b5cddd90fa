/**
 * `lading delete PLACE…`
 *
 * @module
 */

import type { Deleted } from "../../src/index.js";
import { type Cli, type CommonFlags, createVerb, print, type Verb } from "../cli.js";
import { addRegistryFlags, openPlace, openStore, PLACES, type RegistryFlags, registryOptions } from "../flags.js";
import { UsageError } from "../usage.js";

interface Flags extends CommonFlags, RegistryFlags {}

/** What is to go has to be named in full: nobody means `latest` by leaving it out. */
async function checkNamed(text: string): Promise<string> {
  const { parseTransport } = await import("../../src/transport.js");
  const transport = parseTransport(text);
  const name = transport.kind === "docker" ? (transport.reference.digest ?? transport.reference.tag) : transport.name;
  if (name === undefined) throw new UsageError(`"${text}" names no image; add a tag or a digest`);
  return transport.kind;
}

/** What a person would do next to get the space back. */
function remedy(kind: string, text: string): string | undefined {
  if (kind === "store") return "lading gc";
  return kind === "oci" ? `lading gc oci:${text.slice("oci:".length).split(":")[0]}` : undefined;
}

function lines({ descriptor, names, label }: Deleted): readonly string[] {
  if (names.length === 0) return [`deleted ${descriptor.digest} ${label}`];
  return names.map((name) => `deleted ${name} ${descriptor.digest}`);
}

async function run(texts: readonly string[], flags: Flags, cli: Cli): Promise<void> {
  const options = { local: await openStore(cli, flags), registry: await registryOptions(cli, flags) };
  const places = await Promise.all(
    texts.map(async (text) => ({ text, place: await openPlace(text, options), kind: await checkNamed(text) })),
  );
  const { deleteImage } = await import("../../src/delete.js");
  const { signal } = cli;
  // One that is not there is better known before any is gone.
  if (places.length > 1) for (const { place } of places) await place.store.resolve(place.name, { signal });
  const deleted: Deleted[] = [];
  try {
    for (const { place } of places) deleted.push(await deleteImage(place, { signal }));
  } finally {
    if (deleted.length > 0) print(cli, flags, deleted, () => deleted.flatMap(lines));
  }
  const remedies = new Set(places.flatMap(({ kind, text }) => remedy(kind, text) ?? []));
  if (!flags.quiet && !flags.json)
    for (const each of remedies) cli.stderr.write(`\`${each}\` reclaims what nothing names now\n`);
}

export const verb: Verb = (cli) =>
  addRegistryFlags(
    createVerb(cli, "delete", "Deletes images: by a tag that tag alone, by a digest the manifest with all its tags."),
  )
    .argument("<places...>", `${PLACES}; with a tag or a digest`)
    .action(async (texts: readonly string[], flags: Flags) => await run(texts, flags, cli));
