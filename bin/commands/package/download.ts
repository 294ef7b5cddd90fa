/**
 * `lading package download NAME`
 *
 * @module
 */

import { createVerb, formatSize, print, type Verb } from "../../cli.js";
import { addNamespaceFlag, type NamespaceFlags, namespaceOf, openStore } from "../../flags.js";

interface Flags extends NamespaceFlags {
  readonly file?: string;
}

export const verb: Verb = (cli) =>
  addNamespaceFlag(
    createVerb(cli, "download", "Writes a package's tarball into a file; `export` also takes what it says."),
  )
    .name("download")
    .argument("<name>", "package::/ns::name, /ns::name or name; =VERSION may follow")
    .option("-f, --file <file>", "the file to write (NAME-VERSION.tar.gz, here)")
    .action(async (name: string, flags: Flags) => {
      const { downloadPackage } = await import("../../../src/package/update.js");
      const { store } = await openStore(cli, flags);
      const namespace = await namespaceOf(flags, store);
      const downloaded = await downloadPackage(store, name, flags.file, { namespace, signal: cli.signal });
      const { path, size, package: pkg } = downloaded;
      print(cli, flags, downloaded, () => [`downloaded ${pkg.fqn} to ${path} (${formatSize(size)})`]);
    });
