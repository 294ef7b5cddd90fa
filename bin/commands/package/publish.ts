/**
 * `lading package publish NAME… PLACE`
 *
 * @module
 */

import type { Published } from "../../../src/index.js";
import { type Cli, createVerb, formatCount, formatSize, print, type Verb } from "../../cli.js";
import {
  addNamespaceFlag,
  addRegistryFlags,
  type NamespaceFlags,
  namespaceOf,
  openStore,
  parseJobs,
  type RegistryFlags,
} from "../../flags.js";
import { openRepository } from "../../package-place.js";
import { UsageError } from "../../usage.js";

interface Flags extends NamespaceFlags, RegistryFlags {
  readonly all?: boolean;
  readonly override?: boolean;
  readonly skipExisting?: boolean;
  readonly jobs?: number;
}

async function run(words: readonly string[], flags: Flags, cli: Cli): Promise<void> {
  const place = words.at(-1) ?? "";
  const names = words.slice(0, -1);
  if (!place.startsWith("docker://"))
    throw new UsageError(`"${place}" is no place to publish to, wanted docker://HOST/NAME as the last word`);
  const { all, override, skipExisting, jobs } = flags;
  if (names.length === 0 && !all) throw new UsageError("Nothing is to be published; name packages, or say --all");
  if (override && skipExisting)
    throw new UsageError("--override and --skip-existing exclude each other; give one of them");
  const { publishPackages } = await import("../../../src/package/publish.js");
  const [{ store }, to] = [await openStore(cli, flags), await openRepository(place, flags, cli)];
  const namespace = await namespaceOf(flags, store);
  const options = { namespace, all, override, skipExisting, jobs, signal: cli.signal };
  const published = await publishPackages(store, names, to, options);
  if (!flags.quiet && !flags.json) cli.stderr.write(`${summary(published, place)}\n`);
  print(cli, flags, published, () =>
    published.packages.map(({ package: pkg, status }) => `${status} ${pkg.fqn} ${pkg.manifest.digest}`),
  );
}

function summary({ bytes, listed }: Published, place: string): string {
  return `${formatSize(bytes.copied)} sent, ${formatSize(bytes.mounted)} mounted; ${place} lists ${formatCount(listed, "package")}`;
}

export const verb: Verb = (cli) =>
  addRegistryFlags(
    addNamespaceFlag(
      createVerb(
        cli,
        "publish",
        "Puts packages of the local store into a repository of a registry, and lists them there.",
      ),
    ),
  )
    .name("publish")
    .argument(
      "<words...>",
      "NAME… docker://HOST/NAME; a NAME is package::/ns::name, /ns::name or name, and =VERSION may follow",
    )
    .option("--all", "publish all packages that a name fits; without a name, every one of the local store")
    .option("--override", "replace a package of the same name and version")
    .option("--skip-existing", "leave a package of the same name and version as it is")
    .option("--jobs <n>", "send that many packages at once", parseJobs)
    .action(async (words: readonly string[], flags: Flags) => await run(words, flags, cli));
