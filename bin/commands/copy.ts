/**
 * `lading copy SRC DST`, of which push and pull are short forms.
 *
 * @module
 */

import { type Cli, createVerb, print, type Verb } from "../cli.js";
import { deliverySummary, planTable } from "../delivery-table.js";
import {
  addRegistryFlags,
  openPlace,
  openStore,
  PLACES,
  parseJobs,
  type RegistryFlags,
  registryOptions,
} from "../flags.js";
import { addProgressFlag, createProgress, isForPeople, type ProgressFlags } from "../progress.js";
import { addSelectionFlags, chooseRoot, type SelectionFlags } from "../selection.js";

export interface CopyFlags extends ProgressFlags, RegistryFlags, SelectionFlags {
  readonly jobs?: number;
  readonly dryRun?: boolean;
}

/** The flags of copy, push and pull. */
export function createCopyVerb(cli: Cli, name: string, summary: string) {
  const verb = createVerb(cli, name, summary)
    .option("--dry-run", "only tell what would be skipped, mounted and copied")
    .option("--jobs <n>", "move that many blobs at once", parseJobs);
  return addRegistryFlags(addSelectionFlags(addProgressFlag(verb)));
}

/** Copies an image between two places and prints what moved, or what would move. */
export async function runCopy(source: string, target: string, flags: CopyFlags, cli: Cli): Promise<void> {
  const { deliver, planDelivery } = await import("../../src/deliver.js");
  const options = { local: await openStore(cli, flags), registry: await registryOptions(cli, flags) };
  const [from, to] = [await openPlace(source, options), await openPlace(target, options)];
  const progress = createProgress(cli, flags);
  try {
    progress.step(`${from.label} → ${to.label}`);
    const { signal } = cli;
    const { root, store } = await chooseRoot(from, flags, signal);
    // Not as many as there are processors: what is moved is waited for more than worked on.
    const io = { signal, jobs: flags.jobs, referrers: flags.referrers };
    if (flags.dryRun) {
      const planned = await planDelivery(root, store, to, io);
      progress.end();
      return print(cli, flags, { digest: root.digest, ...planned, dryRun: true }, () => planTable(planned));
    }
    const delivered = await deliver(root, store, to, { ...io, ...progress.transfer(to.label) });
    progress.end();
    if (isForPeople(flags)) cli.stderr.write(`${deliverySummary(delivered)}\n`);
    print(cli, flags, { digest: root.digest, ...delivered }, () => [`${root.digest} ${delivered.label}`]);
  } finally {
    progress.end();
  }
}

export const verb: Verb = (cli) =>
  createCopyVerb(cli, "copy", "Copies an image from one place to another, byte for byte.")
    .argument("<source>", PLACES)
    .argument("<target>", "as the source")
    .action(async (source: string, target: string, flags: CopyFlags) => await runCopy(source, target, flags, cli));
