/**
 * `lading package delete NAME…`
 *
 * @module
 */

import { type CommonFlags, createVerb, print, type Verb } from "../../cli.js";
import { openStore } from "../../flags.js";

interface Flags extends CommonFlags {
  readonly all?: boolean;
}

export const verb: Verb = (cli) =>
  createVerb(cli, "delete", "Takes packages out of the local store's list. Images that were built of them stay whole.")
    .name("delete")
    .argument("<names...>", "package::/ns::name, /ns::name or name; =VERSION may follow")
    .option("--all", "all versions and architectures that a name fits (only one may be meant)")
    .action(async (names: readonly string[], flags: Flags) => {
      const { deletePackages, describePackage } = await import("../../../src/package/catalog.js");
      const { store } = await openStore(cli, flags);
      const deleted = await deletePackages(store, names, { all: flags.all, signal: cli.signal });
      print(cli, flags, deleted, () => deleted.map((pkg) => `deleted ${describePackage(pkg)}`));
    });
