/**
 * `lading package replace NAME --from …`
 *
 * @module
 */

import { createVerb, print, type Verb, warn } from "../../cli.js";
import {
  addNamespaceFlag,
  addTransformFlags,
  COMPRESSIONS,
  type NamespaceFlags,
  namespaceOf,
  openStore,
  parseCompression,
  parseEpoch,
  type TransformFlags,
  toTransform,
} from "../../flags.js";
import { addLimitFlags, type LimitFlags, toLimits } from "../../limits.js";

interface Flags extends NamespaceFlags, TransformFlags, LimitFlags {
  readonly from: string;
  readonly compression?: string;
  readonly singleId?: boolean;
}

export const verb: Verb = (cli) =>
  addNamespaceFlag(
    addLimitFlags(
      addTransformFlags(createVerb(cli, "replace", "Changes what a package holds. What it says stays as it is.")),
    ),
  )
    .name("replace")
    .argument("<name>", "package::/ns::name, /ns::name or name; =VERSION may follow")
    .requiredOption("--from <path>", "a tarball of any compression, or a folder")
    .option("--compression <type>", `of a layer that has to be made: ${COMPRESSIONS} (gzip:6)`)
    .option("--single-id", "flatten owners and permissions: everything is root's and readable for all")
    .action(async (name: string, flags: Flags) => {
      const { replacePackage } = await import("../../../src/package/update.js");
      const { store } = await openStore(cli, flags);
      const epoch = parseEpoch(cli.env);
      const options = {
        namespace: await namespaceOf(flags, store),
        epoch,
        compression: parseCompression(flags.compression),
        transform: toTransform(flags, { singleId: flags.singleId, epoch }),
        limits: toLimits(flags),
        signal: cli.signal,
      };
      const replaced = await replacePackage(store, name, flags.from, options);
      for (const warning of replaced.warnings) warn(cli, flags, warning);
      const { status, package: now } = replaced;
      print(cli, flags, replaced, () => [`${status} ${now.fqn} ${now.layer.descriptor.digest}`]);
    });
