/**
 * `lading inspect REF`
 *
 * @module
 */

import type { Descriptor, InspectedImage, Place } from "../../src/index.js";
import { type Cli, type CommonFlags, createVerb, formatCount, formatSize, print, type Verb } from "../cli.js";
import {
  addRegistryFlags,
  openPlace,
  openStore,
  PLACES,
  parsePlatformFlag,
  type RegistryFlags,
  registryOptions,
} from "../flags.js";
import { addLimitFlags, type LimitFlags, toLimits } from "../limits.js";
import { createProgress } from "../progress.js";
import { UsageError } from "../usage.js";

interface Flags extends CommonFlags, LimitFlags, RegistryFlags {
  readonly raw?: boolean;
  readonly layers?: boolean;
  readonly files?: boolean;
  readonly largest?: number;
  readonly referrers?: boolean;
  readonly diff?: string;
  readonly html?: string;
  readonly platform?: string;
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
  ];
  return [...own, ...(images ?? []).flatMap((child) => ["", ...imageLines(child, formatPlatform)])];
}

function parseLargest(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 1_000_000) return count;
  throw new UsageError(`--largest "${text}" is no count from 1 to 1000000`);
}

function checkFlags({ raw, layers, files, largest, referrers, diff, html, platform }: Flags): void {
  const reports = [
    layers && "--layers",
    files && "--files",
    diff !== undefined && "--diff",
    html !== undefined && "--html",
  ];
  const [report] = reports.filter((flag) => typeof flag === "string");
  if (raw && report !== undefined) throw new UsageError(`--raw and ${report} exclude each other; give one of them`);
  if (diff !== undefined && (layers || files || html !== undefined)) {
    throw new UsageError("--diff stands alone; leave --layers, --files and --html out");
  }
  if (referrers && (raw || report !== undefined))
    throw new UsageError("--referrers stands alone; leave the others out");
  if (largest !== undefined && !files && html === undefined) {
    throw new UsageError("--largest counts what --files or --html list; give one of them");
  }
  if (platform !== undefined && report === undefined) {
    throw new UsageError("--platform chooses for --layers, --files, --diff or --html; give one of them");
  }
}

/** Resolves a place and lets `read` go over its image while a person may watch. */
async function watch<T>(cli: Cli, flags: Flags, place: Place, read: (root: Descriptor, options: object) => Promise<T>) {
  const { signal } = cli;
  const platform = flags.platform === undefined ? undefined : await parsePlatformFlag(flags.platform);
  const progress = createProgress(cli, flags);
  try {
    const root = await place.store.resolve(place.name, { signal });
    progress.step(`reading ${place.label}`);
    const { largest } = flags;
    return await read(root, { signal, platform, largest, limits: toLimits(flags), onBytes: progress.bytes });
  } finally {
    progress.end();
  }
}

async function readFiles(cli: Cli, flags: Flags, place: Place) {
  const { reportFiles } = await import("../../src/image/files-report.js");
  return await watch(cli, flags, place, (root, options) => reportFiles(place.store, root, options));
}

async function printDiff(cli: Cli, flags: Flags, a: Place, b: Place): Promise<void> {
  const { diffImages } = await import("../../src/image/diff.js");
  const { formatDiff } = await import("../../src/image/report-text.js");
  const diff = diffImages(await readFiles(cli, flags, a), await readFiles(cli, flags, b));
  print(cli, flags, { labels: [a.label, b.label], ...diff }, () => formatDiff(diff));
}

async function printLayers(cli: Cli, flags: Flags, place: Place): Promise<void> {
  const { reportLayers } = await import("../../src/image/layers-report.js");
  const { formatLayers } = await import("../../src/image/report-text.js");
  const report = await watch(cli, flags, place, (root, options) => reportLayers(place.store, root, options));
  print(cli, flags, { label: place.label, ...report }, () => formatLayers(report));
}

/** With `--layers` before, with a page beside, or the page alone. */
async function printFiles(cli: Cli, flags: Flags, place: Place): Promise<void> {
  const { formatFiles, formatLayers } = await import("../../src/image/report-text.js");
  const { html, largest } = flags;
  const report = await readFiles(cli, flags, place);
  const { descriptor, total, duplicates: _duplicates, largest: _largest, files: _files, ...summary } = report;
  if (html !== undefined) {
    const { writeTreemap } = await import("../../src/image/treemap.js");
    await writeTreemap(html, report, { title: place.label });
  }
  const value = flags.files ? report : { descriptor, total, ...(flags.layers ? summary : {}) };
  print(cli, flags, { label: place.label, ...value, ...(html === undefined ? {} : { html }) }, () => [
    ...(flags.layers ? formatLayers(report) : []),
    ...(flags.layers && flags.files ? [""] : []),
    ...(flags.files ? formatFiles(report, { onlyLargest: largest !== undefined }) : []),
    ...(html === undefined ? [] : [`${html}: ${formatCount(total.count, "file")}, ${formatSize(total.bytes)}`]),
  ]);
}

async function printImage(cli: Cli, flags: Flags, { store, name, label }: Place): Promise<void> {
  const { signal } = cli;
  const root = await store.resolve(name, { signal });
  if (flags.raw) {
    const { collect } = await import("../../src/stream/bytes.js");
    cli.stdout.write((await collect(store.open(root, { signal }), 4 << 20, "manifest")).toString());
    return;
  }
  const { inspectImage } = await import("../../src/image/inspect.js");
  const { formatPlatform } = await import("../../src/oci/platform.js");
  const image = await inspectImage(store, root, { signal });
  print(cli, flags, { label, ...image }, () => imageLines(image, formatPlatform as (platform: never) => string));
}

/** What says something about the image: signatures, SBOMs, attestations. */
async function printReferrers(cli: Cli, flags: Flags, { store, name, label }: Place): Promise<void> {
  const { signal } = cli;
  const { findAllReferrers } = await import("../../src/store/referrers.js");
  const root = await store.resolve(name, { signal });
  const referrers = await findAllReferrers(store, root, { signal });
  print(cli, flags, { label, descriptor: root, referrers }, () =>
    referrers.flatMap(({ subject, descriptor }) => [
      `referrer     ${descriptor.digest} ${formatSize(descriptor.size).padStart(9)}  ${descriptor.artifactType ?? descriptor.mediaType}`,
      ...(subject === root.digest ? [] : [`  refers to  ${subject}`]),
      ...Object.entries(descriptor.annotations ?? {}).map(([key, value]) => `  annotation ${key}=${value}`),
    ]),
  );
}

export const verb: Verb = (cli) =>
  addLimitFlags(
    addRegistryFlags(
      createVerb(
        cli,
        "inspect",
        "Shows what is in an image: its platform, how it runs, its layers and where they are from.",
      ),
    ),
  )
    .argument("<place>", PLACES)
    .option("--raw", "print the manifest's own bytes")
    .option("--layers", "what each layer adds, replaces, removes and wastes")
    .option("--files", "every file with its size, owner, mode and layer, and contents that are there twice")
    .option("--largest <count>", "of the files, only that many of the largest", parseLargest)
    .option("--referrers", "what refers to the image, and to that: signatures, SBOMs, attestations")
    .option("--diff <place>", "how another image differs: + only there, - only here, ~ changed")
    .option("--html <file>", "write a treemap of the files as a page; a file that is there is replaced")
    .option("--platform <platform>", "which image of an index to report on: OS/ARCH[/VARIANT]")
    .action(async (text: string, flags: Flags) => {
      checkFlags(flags);
      const options = { local: await openStore(cli, flags), registry: await registryOptions(cli, flags) };
      const place = await openPlace(text, options);
      if (flags.diff !== undefined) await printDiff(cli, flags, place, await openPlace(flags.diff, options));
      else if (flags.referrers) await printReferrers(cli, flags, place);
      else if (flags.files || flags.html !== undefined) await printFiles(cli, flags, place);
      else if (flags.layers) await printLayers(cli, flags, place);
      else await printImage(cli, flags, place);
    });
