/**
 * `lading push [SRC] DST`
 *
 * @module
 */

import type { Verb } from "../cli.js";
import { UsageError } from "../usage.js";
import { type CopyFlags, createCopyVerb, runCopy } from "./copy.js";

/** A place in a registry, as people may write it without its transport. */
export function inRegistry(text: string): string {
  if (text.startsWith("docker://")) return text;
  if (/^(oci|oci-archive|docker-archive|store):/.test(text))
    throw new UsageError(`"${text}" is not in a registry, wanted docker://HOST/NAME[:TAG]`);
  return `docker://${text}`;
}

export const verb: Verb = (cli) =>
  createCopyVerb(cli, "push", "Copies an image to a registry.")
    .argument("<source>", "where the image is; with one argument, its name in the local store and in the registry")
    .argument("[target]", "docker://HOST/NAME[:TAG]")
    .action(async (source: string, target: string | undefined, flags: CopyFlags) => {
      const from = target === undefined ? `store:${source.replace(/^docker:\/\//, "")}` : source;
      await runCopy(from, inRegistry(target ?? source), flags, cli);
    });
