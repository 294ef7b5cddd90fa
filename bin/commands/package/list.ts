/**
 * `lading package list [PLACE]`
 *
 * @module
 */

import { type CommonFlags, createVerb, print, type Verb } from "../../cli.js";
import { addRegistryFlags, type RegistryFlags } from "../../flags.js";
import { CATALOG_PLACES, packageLine, readCatalog } from "../../package-place.js";

interface Flags extends CommonFlags, RegistryFlags {}

export const verb: Verb = (cli) =>
  addRegistryFlags(
    createVerb(cli, "list", "Lists the packages of the local store, or those that were published to a repository."),
  )
    .name("list")
    .argument("[place]", CATALOG_PLACES, "store:")
    .action(async (place: string, flags: Flags) => {
      const packages = await readCatalog(place, flags, cli);
      print(cli, flags, packages, () => packages.map(packageLine));
    });
