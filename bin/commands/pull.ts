/**
 * `lading pull SRC [DST]`
 *
 * @module
 */

import type { Verb } from "../cli.js";
import { type CopyFlags, createCopyVerb, runCopy } from "./copy.js";
import { inRegistry } from "./push.js";

export const verb: Verb = (cli) =>
  createCopyVerb(cli, "pull", "Copies an image from a registry.")
    .argument("<source>", "docker://HOST/NAME[:TAG|@DIGEST]")
    .argument("[target]", "where it is to go (the local store, under the same name)")
    .action(async (source: string, target: string | undefined, flags: CopyFlags) => {
      const name = source.replace(/^docker:\/\//, "");
      await runCopy(inRegistry(source), target ?? `store:${name}`, flags, cli);
    });
