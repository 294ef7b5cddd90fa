/**
 * `lading namespace [NS]`
 *
 * @module
 */

import { type CommonFlags, createVerb, print, type Verb } from "../cli.js";
import { openStore } from "../flags.js";

export const verb: Verb = (cli) =>
  createVerb(cli, "namespace", "Shows the local store's current namespace, in which bare names stand, or sets it.")
    .argument("[namespace]", "the new one: /acme/pkg")
    .action(async (namespace: string | undefined, flags: CommonFlags) => {
      const { readNamespace, writeNamespace } = await import("../../src/package/namespace.js");
      const { store } = await openStore(cli, flags);
      const current = namespace === undefined ? await readNamespace(store) : await writeNamespace(store, namespace);
      print(cli, flags, { namespace: current }, () => [current]);
    });
