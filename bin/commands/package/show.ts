/**
 * `lading package show NAME`
 *
 * @module
 */

import type { Package } from "../../../src/index.js";
import { createVerb, formatSize, print, type Verb } from "../../cli.js";
import { addNamespaceFlag, type NamespaceFlags, namespaceOf, openStore } from "../../flags.js";
import { UsageError } from "../../usage.js";
import { isScriptFile, readScript, scriptLines } from "./show-script.js";

interface Flags extends NamespaceFlags {
  readonly files?: boolean;
}

const word = (name: string, value: string | undefined) => (value === undefined ? [] : [`${name.padEnd(13)}${value}`]);

async function toLines(pkg: Package): Promise<readonly string[]> {
  const { formatAlternatives, formatRequirement } = await import("../../../src/package/capability.js");
  const { layer } = pkg;
  const provided = pkg.provides.map(({ version, ...capability }) => {
    const range = version === undefined ? {} : { range: { operator: "=" as const, version } };
    return formatRequirement({ ...capability, ...range });
  });
  const reasons = layer.normalized.length === 0 ? ["the resource is kept byte for byte"] : layer.normalized;
  return [
    ...word("fqn", pkg.fqn),
    ...word("version", pkg.version),
    ...word("ecosystem", pkg.ecosystem),
    ...word("architecture", pkg.architecture),
    ...word("os", pkg.os),
    ...word("description", pkg.description),
    ...provided.flatMap((text) => word("provides", text)),
    ...pkg.dependencies.flatMap(({ anyOf }) => word("depends", formatAlternatives(anyOf))),
    ...pkg.conflicts.flatMap((anyOf) => word("conflicts", formatAlternatives(anyOf))),
    ...Object.entries(pkg.environment).flatMap(([name, value]) => word("environment", `${name}=${value}`)),
    ...Object.entries(pkg.tags).flatMap(([name, value]) => word("tag", `${name}=${value}`)),
    ...word("layer", `${layer.descriptor.digest} ${formatSize(layer.descriptor.size)}`),
    ...word("media type", layer.descriptor.mediaType),
    ...word("diffId", layer.diffId),
    ...word("unpacked", `${formatSize(layer.uncompressedSize)}, ${layer.entries} entries`),
    ...reasons.flatMap((reason) => word("normalized", reason)),
  ];
}

export const verb: Verb = (cli) =>
  addNamespaceFlag(
    createVerb(
      cli,
      "show",
      "Shows a package, and why its layer's bytes differ from the resource's; or a package script.",
    ),
  )
    .name("show")
    .argument("<name>", "package::/ns::name, /ns::name or name; =VERSION may follow; or FILE.conf")
    .option("--files", "list its files instead")
    .action(async (name: string, flags: Flags) => {
      if (await isScriptFile(name)) {
        if (flags.files) throw new UsageError("--files lists what is in a package; a script has nothing in it yet");
        const script = await readScript(name, flags.namespace);
        const lines = await scriptLines(script);
        print(cli, flags, script, () => lines);
        return;
      }
      const { showPackage } = await import("../../../src/package/catalog.js");
      const { store } = await openStore(cli, flags);
      const pkg = await showPackage(store, name, {
        namespace: await namespaceOf(flags, store),
        signal: cli.signal,
      });
      if (!flags.files) {
        const lines = await toLines(pkg);
        print(cli, flags, pkg, () => lines);
        return;
      }
      const { readFileList } = await import("../../../src/package/file-list.js");
      const { escapePath } = await import("../../../src/tar/escape.js");
      const files = await readFileList(store, pkg.layer.files, { signal: cli.signal });
      print(cli, flags, files, () => files.map(({ path }) => `/${escapePath(path)}`));
    });
