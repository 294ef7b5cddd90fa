/**
 * `lading package create NAME --from …`
 *
 * @module
 */

import { askWhereExisting, type Existing } from "../../ask.js";
import { createVerb, gather, print, type Verb, warn } from "../../cli.js";
import {
  addNamespaceFlag,
  addTransformFlags,
  COMPRESSIONS,
  type NamespaceFlags,
  namespaceOf,
  openStore,
  parseCompression,
  parseEpoch,
  parsePairs,
  type TransformFlags,
  toTransform,
} from "../../flags.js";
import { addLimitFlags, type LimitFlags, toLimits } from "../../limits.js";

interface Flags extends NamespaceFlags, TransformFlags, LimitFlags {
  readonly from: string;
  readonly provides?: readonly string[];
  readonly depends?: readonly string[];
  readonly conflicts?: readonly string[];
  readonly env?: readonly string[];
  readonly packageVersion?: string;
  readonly architecture?: string;
  readonly os?: string;
  readonly description?: string;
  readonly compression?: string;
  readonly singleId?: boolean;
  readonly override?: boolean;
  readonly skipExisting?: boolean;
  readonly batch?: boolean;
}

export const verb: Verb = (cli) =>
  addNamespaceFlag(
    addLimitFlags(addTransformFlags(createVerb(cli, "create", "Makes a package of a tarball or a folder."))),
  )
    .name("create")
    .argument("<name>", "package::/ns::name, /ns::name or name")
    .requiredOption("--from <path>", "a tarball of any compression, or a folder")
    .option("-p, --provides <capability>", "what it gives: runtime=node-6; repeatable", gather)
    .option("-d, --depends <capability>", 'what it needs: os=linux, "jq (>= 1.6)"; repeatable', gather)
    .option("--conflicts <capability>", "what must not be in the same image; repeatable", gather)
    .option("-e, --env <name=value>", "a variable that it sets: PATH=/opt/app/bin:$PATH; repeatable", gather)
    .option("--package-version <version>", "its version")
    .option("--architecture <name>", "amd64, arm64, … (any)")
    .option("--os <name>", "linux, … (any)")
    .option("--description <text>", "a line about it")
    .option("--compression <type>", `of a layer that has to be made: ${COMPRESSIONS} (gzip:6)`)
    .option("--single-id", "flatten owners and permissions: everything is root's and readable for all")
    .option("--override", "replace a package of the same name and version")
    .option("-s, --skip-existing", "leave a package of the same name and version as it is")
    .option("--batch", "ask nothing, also at a terminal: a package that is there with other content is an error")
    .action(async (name: string, flags: Flags) => {
      const { createPackage } = await import("../../../src/package/create.js");
      const { from, provides, depends, conflicts, packageVersion, architecture, os, description } = flags;
      const { store } = await openStore(cli, flags);
      const environment = parsePairs("--env", flags.env);
      const version = packageVersion;
      const pkg = { name, from, provides, depends, conflicts, environment, version, architecture, os, description };
      const namespace = await namespaceOf(flags, store);
      const epoch = parseEpoch(cli.env);
      const compression = parseCompression(flags.compression);
      const transform = toTransform(flags, { singleId: flags.singleId, epoch });
      const limits = toLimits(flags);
      const options = { namespace, epoch, compression, transform, limits, signal: cli.signal };
      const createOne = (existing: Existing) => createPackage(store, pkg, { ...options, ...existing });
      const created = await askWhereExisting(cli, flags, createOne);
      for (const warning of created.warnings) warn(cli, flags, warning);
      print(cli, flags, created, () => [
        `${created.status} ${created.package.fqn} ${created.package.layer.descriptor.digest}`,
      ]);
    });
