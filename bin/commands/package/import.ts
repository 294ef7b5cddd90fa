/**
 * `lading package import FILE…`
 *
 * @module
 */

import { askWhereExisting, type Existing } from "../../ask.js";
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
  parseJobs,
  type TransformFlags,
  toTransform,
} from "../../flags.js";
import { addLimitFlags, type LimitFlags, toLimits } from "../../limits.js";
import { createProgress } from "../../progress.js";

interface Flags extends NamespaceFlags, TransformFlags, LimitFlags {
  readonly override?: boolean;
  readonly skipExisting?: boolean;
  readonly compression?: string;
  readonly singleId?: boolean;
  readonly jobs?: number;
  readonly batch?: boolean;
  readonly retarget?: boolean;
}

const summary = "Imports packages: Debian's, .cntmp files, and tarballs with their JSON.";

export const verb: Verb = (cli) =>
  addNamespaceFlag(addLimitFlags(addTransformFlags(createVerb(cli, "import", summary))))
    .name("import")
    .argument("<files...>", "ruby.tar.gz (with ruby.json), jq_1.6-2.1_amd64.deb, team.cntmp")
    .option("--override", "replace packages of the same name and version")
    .option("-s, --skip-existing", "leave packages of the same name and version as they are")
    .option("--batch", "ask nothing, also at a terminal: a package that is there with other content stops the import")
    .option("-o, --retarget", "put every package into the current namespace, whatever its document says")
    .option("--compression <type>", `of layers that have to be made: ${COMPRESSIONS} (gzip:6)`)
    .option("--single-id", "flatten owners and permissions: everything is root's and readable for all")
    .option("--jobs <n>", "work on that many files at once", parseJobs)
    .action(async (files: readonly string[], flags: Flags) => {
      const { importPackages } = await import("../../../src/package/import.js");
      const { defaultJobs } = await import("../../../src/stream/pool.js");
      const { store, cache } = await openStore(cli, flags);
      const namespace = await namespaceOf(flags, store);
      const progress = createProgress(cli, flags);
      let done = 0;
      try {
        const options = {
          cache,
          // A document that says nothing of a namespace stands in the root unless something else is said.
          ...(namespace === "/" ? {} : { namespace }),
          retarget: flags.retarget,
          compression: parseCompression(flags.compression),
          transform: toTransform(flags, { singleId: flags.singleId, epoch: parseEpoch(cli.env) }),
          limits: toLimits(flags),
          jobs: flags.jobs ?? defaultJobs(cli.env),
          signal: cli.signal,
          onBytes: progress.bytes,
          onImport: ({ package: { name } }: { package: { name: string } }) =>
            progress.step(`importing ${++done} of ${files.length}: ${name}`),
        };
        const importAll = (existing: Existing) => importPackages(store, files, { ...options, ...existing });
        const imported = await askWhereExisting(cli, flags, importAll);
        progress.end();
        for (const { path, warnings } of imported) for (const each of warnings) warn(cli, flags, `${path}: ${each}`);
        print(cli, flags, imported, () =>
          imported.map(
            ({ status, package: { fqn, version } }) => `${status} ${fqn}${version === undefined ? "" : ` ${version}`}`,
          ),
        );
      } finally {
        progress.end();
      }
    });
