/**
 * `lading package delete NAME…`
 *
 * @module
 */

import { createVerb, print, type Verb } from "../../cli.js";
import { addNamespaceFlag, type NamespaceFlags, namespaceOf, openStore } from "../../flags.js";

interface Flags extends NamespaceFlags {
  readonly all?: boolean;
}

export const verb: Verb = (cli) =>
  addNamespaceFlag(
    createVerb(
      cli,
      "delete",
      "Takes packages out of the local store's list. Images that were built of them stay whole.",
    ),
  )
    .name("delete")
    .argument("<names...>", "package::/ns::name, /ns::name or name; =VERSION may follow")
    .option("--all", "all versions and architectures that a name fits (only one may be meant)")
    .action(async (names: readonly string[], flags: Flags) => {
      const { deletePackages, describePackage } = await import("../../../src/package/catalog.js");
      const { store } = await openStore(cli, flags);
      const namespace = await namespaceOf(flags, store);
      const deleted = await deletePackages(store, names, { namespace, all: flags.all, signal: cli.signal });
      print(cli, flags, deleted, () => deleted.map((pkg) => `deleted ${describePackage(pkg)}`));
    });
