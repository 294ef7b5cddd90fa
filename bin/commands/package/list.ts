/**
 * `lading package list`
 *
 * @module
 */

import { type CommonFlags, createVerb, formatSize, print, type Verb } from "../../cli.js";
import { openStore } from "../../flags.js";

export const verb: Verb = (cli) =>
  createVerb(cli, "list", "Lists the packages of the local store.")
    .name("list")
    .action(async (flags: CommonFlags) => {
      const { listPackages } = await import("../../../src/package/catalog.js");
      const { store } = await openStore(cli, flags);
      const packages = await listPackages(store, { signal: cli.signal });
      print(cli, flags, packages, () =>
        packages.map(({ fqn, version, architecture, layer }) =>
          [fqn, version ?? "-", architecture ?? "any", formatSize(layer.descriptor.size)].join("\t"),
        ),
      );
    });
