/**
 * `lading gc [PLACE]`
 *
 * @module
 */

import type { Collected, CollectedRepository } from "../../src/index.js";
import { type Cli, type CommonFlags, createVerb, formatCount, formatSize, print, type Verb, warn } from "../cli.js";
import { UsageError } from "../usage.js";

interface Flags extends CommonFlags {
  readonly root?: string;
  readonly dryRun?: boolean;
  readonly grace?: number;
  readonly untagged?: boolean;
}

/** One layout, by the name that a person has for it. */
interface Line extends Collected {
  readonly label: string;
  readonly uploads?: CollectedRepository["uploads"];
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds: `0`, `90s`, `15m`, `2h`, `1d`. */
export function parseDuration(text: string): number {
  const [, digits = "", unit = "s"] = /^(\d{1,9})([smhd])?$/.exec(text) ?? [];
  if (digits !== "") return Number(digits) * (UNITS[unit] ?? 1000);
  throw new UsageError(`--grace "${text}" is no duration, wanted a number of seconds, or one with s, m, h or d`);
}

/** The folder of a layout that lading may collect. */
async function folderOf(text: string, flags: Flags, cli: Cli): Promise<string> {
  if (text === "store:") {
    const { localStoreFolder } = await import("../../src/store/local.js");
    return flags.store ?? localStoreFolder(cli.env);
  }
  const folder = /^oci:([^:]+)$/s.exec(text)?.[1];
  if (folder !== undefined) return folder;
  if (/^(oci|store):/.test(text))
    throw new UsageError(`"${text}" names an image, wanted store: or oci:DIR; leave the tag out`);
  if (/^(oci-archive|docker-archive):/.test(text))
    throw new UsageError(`"${text}" has no garbage: an archive is written without what no name leads to`);
  throw new UsageError(
    `"${text}" is not a place that lading keeps, wanted store:, oci:DIR, or --root FOLDER; registries collect their own garbage`,
  );
}

async function collect(text: string | undefined, flags: Flags, cli: Cli): Promise<readonly Line[]> {
  const options = { dryRun: flags.dryRun, graceMs: flags.grace, untagged: flags.untagged, signal: cli.signal };
  if (flags.root === undefined) {
    const { collectGarbage } = await import("../../src/store/gc.js");
    const label = text ?? "store:";
    return [{ label, ...(await collectGarbage(await folderOf(label, flags, cli), options)) }];
  }
  if (text !== undefined) throw new UsageError("--root stands alone; leave the place out");
  const { collectRepositories } = await import("../../src/service/collect.js");
  const found = await collectRepositories(flags.root, options);
  return found.map((each) => ({ label: each.repository, ...each }));
}

function toText({ label, blobs, records, temporaries, uploads, freed }: Line, dryRun: boolean): string {
  const parts = [
    formatCount(blobs.count, "blob"),
    ...(records.count > 0 ? [formatCount(records.count, "record")] : []),
    ...(temporaries.count > 0 ? [formatCount(temporaries.count, "temporary file")] : []),
    ...(uploads !== undefined && uploads.count > 0 ? [formatCount(uploads.count, "upload")] : []),
  ];
  const shared = blobs.bytes + records.bytes + temporaries.bytes + (uploads?.bytes ?? 0) - freed;
  const note = shared > 0 ? `; ${formatSize(shared)} is shared with another store and stays there` : "";
  return `${label} ${parts.join(", ")}: ${formatSize(freed)} ${dryRun ? "would be reclaimed" : "reclaimed"}${note}`;
}

function tell(cli: Cli, flags: Flags, { label, young, missing }: Line): void {
  if (young.count > 0 && !flags.quiet && !flags.json) {
    const what = `${formatCount(young.count, "blob")} (${formatSize(young.bytes)})`;
    cli.stderr.write(
      `${label} ${what} that nothing names may belong to a build or push under way and stay for a day; --grace says for how long\n`,
    );
  }
  for (const digest of missing) warn(cli, flags, `${label} names ${digest}, which is not there`);
}

export const verb: Verb = (cli) =>
  createVerb(cli, "gc", "Reclaims what nothing names: blobs, cache records about them, and files of dead processes.")
    .argument("[place]", "store: (which it is without one) or oci:DIR")
    .option("--root <folder>", "every repository of the folder that `lading serve` serves, which may be running")
    .option("--dry-run", "only say what would go")
    .option("--untagged", "also manifests without a name, but what refers to one that stays")
    .option("--grace <duration>", "what is younger stays: seconds, or with s, m, h, d (1d)", parseDuration)
    .action(async (text: string | undefined, flags: Flags) => {
      const lines = await collect(text, flags, cli);
      const freed = lines.reduce((sum, line) => sum + line.freed, 0);
      const value = { dryRun: flags.dryRun === true, freed, collected: lines };
      print(cli, flags, value, () => lines.map((line) => toText(line, flags.dryRun === true)));
      for (const line of lines) tell(cli, flags, line);
    });
