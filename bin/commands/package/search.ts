/**
 * `lading package search TEXT [PLACE]`
 *
 * @module
 */

import { type CommonFlags, createVerb, print, type Verb } from "../../cli.js";
import { addRegistryFlags, type RegistryFlags } from "../../flags.js";
import { CATALOG_PLACES, packageLine, readCatalog } from "../../package-place.js";

interface Flags extends CommonFlags, RegistryFlags {}

export const verb: Verb = (cli) =>
  addRegistryFlags(
    createVerb(
      cli,
      "search",
      "Finds packages by their names, what they provide, and the first line of their descriptions.",
    ),
  )
    .name("search")
    .argument("<text>", "words, all of which have to be found, in any case")
    .argument("[place]", CATALOG_PLACES, "store:")
    .action(async (text: string, place: string, flags: Flags) => {
      const { searchPackages } = await import("../../../src/package/search.js");
      const found = searchPackages(await readCatalog(place, flags, cli), text);
      const lines = () => found.map((pkg) => [packageLine(pkg), pkg.description ?? ""].join("\t").trimEnd());
      print(cli, flags, found, lines);
    });
