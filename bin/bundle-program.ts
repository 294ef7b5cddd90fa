/**
 * The program as three files: what a build or a push needs of which everything is known, what any other build needs, and the
 * rest.
 *
 * Reading code costs time even where none of it runs, and a run that finds all as it was takes little else. Each file is loaded
 * when the first module of it is asked for.
 *
 * @module
 */

import { join, relative } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { CONNECTIONS_APART } from "./bundle-connections.js";

/** CommonJS that knows where it is. */
export const AS_COMMONJS: BuildOptions = {
  format: "cjs",
  define: { "import.meta.url": "moduleUrl" },
  banner: { js: 'const moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
};

/** The last version of Node of which it is known that its V8 has the second flag; one that it lacks is reported on stderr. */
const LAST_NODE = 24;

/**
 * The room for new objects would grow to 32 MiB and more, which a login node counts; it gains nothing here, where little lasts.
 * Newer Nodes let it grow nevertheless while they look for what lasts, unless they may clear it meanwhile. What the first file
 * does needs no such room. Each thread that starts sets the factor of all back to 2.
 */
const SMALL_ROOM = `{
  const v8 = require("node:v8");
  const stay = () => v8.setFlagsFromString("--semi-space-growth-factor=1");
  stay();
  v8.setFlagsFromString("--heap-growing-percent=20");
  process.on("worker", (worker) => worker.once("online", stay));
  if (Number.parseInt(process.versions.node, 10) <= ${LAST_NODE}) v8.setFlagsFromString("--no-separate-gc-phases");
}`;

/** Modules that are loaded on demand and yet belong to the first file. */
const FIRST = [
  "bin/cli.js",
  "bin/commands/build.js",
  "bin/commands/copy.js",
  "bin/commands/push.js",
  "src/build-files.js",
  "src/deliver.js",
  "src/errors.js",
  "src/oci/platform.js",
  "src/registry/client.js",
  "src/registry/credentials.js",
  "src/store/local.js",
  "src/stream/pool.js",
  "src/transport.js",
];

/** The module that a build starts with, and those that it loads on demand and mostly needs. */
const BUILD = "src/build.js";
const FROM_BUILD = 'module.exports = require("./build.cjs");';
const OF_BUILD = ["src/stream/gunzip.js", "src/stream/gzip-member.js"];

/** commander starts other programs as verbs where it is told to; loading what that takes is not free. */
const NO_PROGRAMS: Plugin = {
  name: "no-programs",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /[\\/]commander[\\/]/.test(importer) ? { path: "none", namespace: "none" } : undefined,
    );
    onLoad({ filter: /^/, namespace: "none" }, () => ({ contents: "" }));
  },
};

/** Takes modules that are loaded on demand, but those that are `kept`, from another file, and notes which from the last. */
function laterModules(outDir: string, kept: readonly string[], found: Set<string>): Plugin {
  return {
    name: "later-modules",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\.?\// }, ({ kind, path, resolveDir }) => {
        const module = relative(outDir, join(resolveDir, path)).replaceAll("\\", "/");
        if (kind !== "dynamic-import" || kept.includes(module)) return undefined;
        if (module !== BUILD) found.add(module);
        return { path: module, namespace: "later" };
      });
      onResolve({ filter: /^/, namespace: "later" }, ({ path }) => ({ path, external: true }));
      onLoad({ filter: /^/, namespace: "later" }, ({ path }) => ({
        contents: path === BUILD ? FROM_BUILD : `module.exports = require("./rest.cjs")["${path}"];`,
      }));
    },
  };
}

/**
 * Writes `bin/start.cjs`, `bin/build.cjs` and `bin/rest.cjs`. Modules that several need are in each of them, so none may keep a
 * state that another has to see.
 *
 * @param outDir The compiled tree.
 * @param common What all bundles have in common.
 */
export async function bundleProgram(outDir: string, common: BuildOptions): Promise<void> {
  const options: BuildOptions = { ...common, ...AS_COMMONJS };
  const plugins = [...(common.plugins ?? []), NO_PROGRAMS, CONNECTIONS_APART];
  const later = new Set<string>();
  await build({
    ...options,
    entryPoints: [join(outDir, "bin/start.js")],
    outfile: join(outDir, "bin/start.cjs"),
    plugins: [...plugins, laterModules(outDir, FIRST, later)],
  });
  await build({
    ...options,
    stdin: { contents: `${SMALL_ROOM}\nmodule.exports = require("./${BUILD}");`, resolveDir: outDir },
    outfile: join(outDir, "bin/build.cjs"),
    plugins: [...plugins, laterModules(outDir, OF_BUILD, later)],
  });
  const lines = [...later].sort().map((path) => `get "${path}"() { return require("./${path}"); },`);
  await build({
    ...options,
    stdin: { contents: `${SMALL_ROOM}\nmodule.exports = {\n${lines.join("\n")}\n};`, resolveDir: outDir },
    outfile: join(outDir, "bin/rest.cjs"),
    plugins,
  });
}
