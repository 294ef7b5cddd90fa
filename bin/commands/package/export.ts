/**
 * `lading package export NAME… -o FILE.cntmp`
 *
 * @module
 */

import { createVerb, formatCount, formatSize, print, type Verb } from "../../cli.js";
import { addNamespaceFlag, type NamespaceFlags, namespaceOf, openStore } from "../../flags.js";

interface Flags extends NamespaceFlags {
  readonly output: string;
  readonly all?: boolean;
}

export const verb: Verb = (cli) =>
  addNamespaceFlag(createVerb(cli, "export", "Writes packages into one file, which `package import` reads."))
    .name("export")
    .argument("<names...>", "package::/ns::name, /ns::name or name; =VERSION may follow")
    .requiredOption("-o, --output <file>", "the file to write: team.cntmp")
    .option("--all", "all versions and architectures that a name fits (only one may be meant)")
    .action(async (names: readonly string[], flags: Flags) => {
      const { showPackages } = await import("../../../src/package/catalog.js");
      const { exportPackages } = await import("../../../src/package/cntmp/write.js");
      const { store } = await openStore(cli, flags);
      const { signal } = cli;
      const namespace = await namespaceOf(flags, store);
      const packages = await showPackages(store, names, { namespace, all: flags.all, signal });
      const written = await exportPackages(store, packages, flags.output, { signal });
      const { path, size } = written;
      print(cli, flags, written, () => [
        `exported ${formatCount(packages.length, "package")} to ${path} (${formatSize(size)})`,
      ]);
    });
