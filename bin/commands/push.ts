/**
 * `lading push [SRC] DST`
 *
 * @module
 */

import type { Verb } from "../cli.js";
import { addWorkspaceFlags, placesInWorkspace, type WorkspaceFlags } from "../flags.js";
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
  addWorkspaceFlags(createCopyVerb(cli, "push", "Copies an image to a registry."))
    .argument("<source>", "where the image is; with one argument, its name in the local store and in the registry")
    .argument("[target]", "docker://HOST/NAME[:TAG]")
    .action(async (source: string, target: string | undefined, flags: CopyFlags & WorkspaceFlags) => {
      const from = target === undefined ? `store:${source.replace(/^docker:\/\//, "")}` : source;
      const [to = ""] = await placesInWorkspace([inRegistry(target ?? source)], flags, cli);
      await runCopy(from, to, flags, cli);
    });
