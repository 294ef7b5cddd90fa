/**
 * Completes a compiled tree after `tsc`: run as `node <outDir>/bin/bundle.js`.
 *
 * Puts libdeflate's code beside the module that loads it, writes the recipe's JSON Schema, and makes the program one file:
 * loading a hundred modules one by one takes longer than a build of which everything is known.
 *
 * @module
 */

import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";

const outDir = fileURLToPath(new URL("..", import.meta.url));

/** What of the package `libdeflate` its code needs, and its licence. The package itself is for building only. */
const LIBDEFLATE = ["index.js", "dist/libdeflate.wasm.mjs", "LICENSE.txt"];

async function bundleLibdeflate(): Promise<void> {
  const from = dirname(createRequire(import.meta.url).resolve("libdeflate"));
  const to = join(outDir, "src/stream/libdeflate");
  for (const name of LIBDEFLATE) {
    await mkdir(dirname(join(to, name)), { recursive: true });
    await copyFile(join(from, name), join(to, name));
  }
}

async function writeSchema(): Promise<void> {
  const { recipeJsonSchema } = await import("../src/recipe/schema.js");
  await writeFile(join(outDir, "recipe.schema.json"), `${JSON.stringify(recipeJsonSchema(), undefined, 2)}\n`);
}

/** What is large and seldom needed stays where it is, to be loaded when it is asked for. */
const SELDOM = ["@toondepauw/node-zstd", "fzstd", "minimatch", "unbzip2-stream", "xz-decompress", "yaml", "zod"];

const COMMON = {
  bundle: true,
  platform: "node",
  target: "node20.18",
  // Else `import()` becomes `require()`, which Node 20.18 refuses for modules.
  supported: { "dynamic-import": true },
  minifyWhitespace: true,
  legalComments: "eof",
  external: SELDOM,
  logLevel: "warning",
  plugins: [
    {
      name: "libdeflate",
      setup({ onResolve }) {
        const path = "../src/stream/libdeflate/index.js";
        onResolve({ filter: /\/libdeflate\/index\.js$/ }, () => ({ path, external: true }));
      },
    },
  ],
} as const satisfies BuildOptions;

/** What talks to servers is a file of its own, for most verbs talk to none. */
const CONNECTIONS: Plugin = {
  name: "connections",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/connections\.cjs$/ }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /\/http\/connections\.js$/ }, () => ({
      contents: 'export { createConnections } from "./connections.cjs";',
    }));
  },
};

/** What of undici is never asked for here, and would take a third of its time to load: HTTP/2, and forms. */
const UNDICI_PARTS: Plugin = {
  name: "undici",
  setup({ onLoad }) {
    const filter = /\/undici\/lib\/(dispatcher\/client-h2|web\/fetch\/body)\.js$/;
    onLoad({ filter }, () => ({ contents: "module.exports = {};" }));
  },
};

/** The licence that has to go where the code goes. */
async function undiciLicence(): Promise<string> {
  const folder = dirname(createRequire(import.meta.url).resolve("undici/package.json"));
  return `/* undici\n\n${await readFile(join(folder, "LICENSE"), "utf8")}*/`;
}

/** The program, and the module that its threads run. */
async function bundleProgram(): Promise<void> {
  await build({
    ...COMMON,
    plugins: [...COMMON.plugins, UNDICI_PARTS],
    entryPoints: [join(outDir, "src/http/connections.js")],
    outfile: join(outDir, "bin/connections.cjs"),
    format: "cjs",
    footer: { js: await undiciLicence() },
  });
  await build({
    ...COMMON,
    plugins: [...COMMON.plugins, CONNECTIONS],
    entryPoints: [join(outDir, "bin/start.js")],
    outfile: join(outDir, "bin/start.cjs"),
    format: "cjs",
    define: { "import.meta.url": "moduleUrl" },
    banner: { js: 'const moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
  });
  await build({
    ...COMMON,
    entryPoints: [join(outDir, "src/package/resource-worker.js")],
    outfile: join(outDir, "bin/resource-worker.js"),
    format: "esm",
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
  });
  await chmod(join(outDir, "bin/lading.cjs"), 0o755);
}

await bundleLibdeflate();
await writeSchema();
await bundleProgram();
