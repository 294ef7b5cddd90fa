/**
 * `lading inspect REF`
 *
 * @module
 */

import type { InspectedImage } from "../../src/index.js";
import { type CommonFlags, createVerb, formatSize, print, type Verb } from "../cli.js";
import { openStore, registryOptions } from "../flags.js";

interface Flags extends CommonFlags {
  readonly raw?: boolean;
  readonly plainHttp?: boolean;
}

function configLines({ config }: InspectedImage): readonly string[] {
  const run = config?.config;
  if (config === undefined) return [];
  const list = (name: string, items: readonly string[] | undefined) =>
    items === undefined ? [] : [`${name}  ${JSON.stringify(items)}`];
  const word = (name: string, value: string | undefined) =>
    value === undefined || value === "" ? [] : [`${name}  ${value}`];
  return [
    ...word("created    ", config.created),
    ...list("entrypoint ", run?.Entrypoint),
    ...list("cmd        ", run?.Cmd),
    ...word("user       ", run?.User),
    ...word("workdir    ", run?.WorkingDir),
    ...(run?.Env ?? []).map((item) => `env          ${item}`),
    ...Object.entries(run?.Labels ?? {}).map(([name, value]) => `label        ${name}=${value}`),
  ];
}

function layerLines({ layers }: InspectedImage): readonly string[] {
  return layers.map(({ descriptor, createdBy }) => {
    const size = formatSize(descriptor.size).padStart(9);
    return `layer        ${descriptor.digest} ${size}  ${createdBy ?? descriptor.mediaType}`;
  });
}

/** Escapes what could move the cursor or forge a line: control and bidirectional format characters. */
const visible = (line: string) =>
  line.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

function imageLines(image: InspectedImage, formatPlatform: (platform: never) => string): readonly string[] {
  const { descriptor, platform, images, annotations, artifactType, size } = image;
  const own = [
    `digest       ${descriptor.digest}`,
    `media type   ${descriptor.mediaType}`,
    ...(artifactType === undefined ? [] : [`artifact     ${artifactType}`]),
    ...(platform === undefined ? [] : [`platform     ${formatPlatform(platform as never)}`]),
    `size         ${formatSize(size)}`,
    ...Object.entries(annotations).map(([name, value]) => `annotation   ${name}=${value}`),
    ...configLines(image),
    ...layerLines(image),
  ].map(visible);
  return [...own, ...(images ?? []).flatMap((child) => ["", ...imageLines(child, formatPlatform)])];
}

export const verb: Verb = (cli) =>
  createVerb(
    cli,
    "inspect",
    "Shows what is in an image: its platform, how it runs, its layers and where they are from.",
  )
    .argument("<place>", "oci:DIR[:TAG], docker://HOST/NAME[:TAG|@DIGEST], store:NAME[:TAG]")
    .option("--raw", "print the manifest's own bytes")
    .option("--plain-http", "allow http to registries that are not on this machine")
    .action(async (text: string, flags: Flags) => {
      const { openTransport } = await import("../../src/transport.js");
      const { inspectImage } = await import("../../src/image/inspect.js");
      const { formatPlatform } = await import("../../src/oci/platform.js");
      const options = { local: await openStore(cli, flags), registry: await registryOptions(cli, flags) };
      const place = await openTransport(text, options);
      const { signal } = cli;
      const root = await place.store.resolve(place.name, { signal });
      if (flags.raw) {
        const { collect } = await import("../../src/stream/bytes.js");
        cli.stdout.write((await collect(place.store.open(root, { signal }), 4 << 20, "manifest")).toString());
        return;
      }
      const image = await inspectImage(place.store, root, { signal });
      print(cli, flags, { label: place.label, ...image }, () =>
        imageLines(image, formatPlatform as (platform: never) => string),
      );
    });
