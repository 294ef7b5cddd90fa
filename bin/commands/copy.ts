/**
 * `lading copy SRC DST`, of which push and pull are short forms.
 *
 * @module
 */

import { type Cli, type CommonFlags, createVerb, formatCount, formatSize, print, type Verb } from "../cli.js";
import {
  addRegistryFlags,
  openPlace,
  openStore,
  PLACES,
  parseJobs,
  type RegistryFlags,
  registryOptions,
} from "../flags.js";
import { createProgress } from "../progress.js";
import { addSelectionFlags, chooseRoot, type SelectionFlags } from "../selection.js";

export interface CopyFlags extends CommonFlags, RegistryFlags, SelectionFlags {
  readonly jobs?: number;
}

/** The flags of copy, push and pull. */
export function createCopyVerb(cli: Cli, name: string, summary: string) {
  const verb = createVerb(cli, name, summary).option("--jobs <n>", "move that many blobs at once", parseJobs);
  return addRegistryFlags(addSelectionFlags(verb));
}

/** Copies an image between two places and prints what moved. */
export async function runCopy(source: string, target: string, flags: CopyFlags, cli: Cli): Promise<void> {
  const { deliver } = await import("../../src/deliver.js");
  const options = { local: await openStore(cli, flags), registry: await registryOptions(cli, flags) };
  const [from, to] = [await openPlace(source, options), await openPlace(target, options)];
  const progress = createProgress(cli, flags);
  try {
    progress.step(`${from.label} → ${to.label}`);
    const { signal } = cli;
    const { root, store } = await chooseRoot(from, flags, signal);
    const onBytes = (_: unknown, bytes: number) => progress.bytes(bytes);
    // Not as many as there are processors: what is moved is waited for more than worked on.
    const { label, bytes, blobs } = await deliver(root, store, to, {
      signal,
      jobs: flags.jobs,
      onBytes,
      referrers: flags.referrers,
    });
    progress.end();
    const moved = blobs.filter(({ action }) => action !== "skipped").length;
    if (!flags.quiet && !flags.json) {
      const there = bytes.skipped > 0 ? `, ${formatSize(bytes.skipped)} was there` : "";
      cli.stderr.write(
        `${formatCount(moved, "blob")} of ${blobs.length} moved, ${formatSize(bytes.copied + bytes.linked)}${there}\n`,
      );
    }
    print(cli, flags, { digest: root.digest, root, label, bytes, blobs }, () => [`${root.digest} ${label}`]);
  } finally {
    progress.end();
  }
}

export const verb: Verb = (cli) =>
  createCopyVerb(cli, "copy", "Copies an image from one place to another, byte for byte.")
    .argument("<source>", PLACES)
    .argument("<target>", "as the source")
    .action(async (source: string, target: string, flags: CopyFlags) => await runCopy(source, target, flags, cli));
