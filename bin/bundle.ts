/**
 * Completes a compiled tree after `tsc`: run as `node <outDir>/bin/bundle.js`.
 *
 * Puts libdeflate's WebAssembly beside the module that loads it, writes the recipe's JSON Schema, and makes the program three files:
 * loading a hundred modules one by one takes longer than a build of which everything is known.
 *
 * @module
 */

import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { bundleConnections } from "./bundle-connections.js";
import { AS_COMMONJS, bundleProgram } from "./bundle-program.js";
import { bundleLibdeflate } from "./libdeflate.js";

const outDir = fileURLToPath(new URL("..", import.meta.url));

async function writeSchema(): Promise<void> {
  const { recipeJsonSchema } = await import("../src/recipe/schema.js");
  await writeFile(join(outDir, "recipe.schema.json"), `${JSON.stringify(recipeJsonSchema(), undefined, 2)}\n`);
}

/** What is large and seldom needed stays where it is, to be loaded when it is asked for. */
const SELDOM = [
  "@dagrejs/dagre",
  "@toondepauw/node-zstd",
  "fzstd",
  "minimatch",
  "unbzip2-stream",
  "xz-decompress",
  "yaml",
  "yauzl",
  "yazl",
  "zod",
];

const COMMON: BuildOptions = {
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
    {
      name: "threads",
      setup({ onLoad }) {
        onLoad({ filter: /(resource-pool|compress-blocks|passwords)\.js$/ }, async ({ path }) => ({
          contents: (await readFile(path, "utf8")).replace('-worker.js"', '-worker.cjs"'),
        }));
      },
    },
  ],
};

/** The modules that the program's threads run: CommonJS, which a thread can run without Node's loader of modules. */
async function bundleWorkers(): Promise<void> {
  await build({
    ...COMMON,
    ...AS_COMMONJS,
    entryPoints: [
      "src/package/resource-worker.js",
      "src/service/access/password-worker.js",
      "src/stream/block-worker.js",
    ].map((path) => join(outDir, path)),
    outdir: join(outDir, "bin"),
    entryNames: "[name]",
    outExtension: { ".js": ".cjs" },
  });
}

await bundleLibdeflate(join(outDir, "src/stream/libdeflate"));
await writeSchema();
await bundleProgram(outDir, COMMON);
await bundleConnections(outDir, COMMON);
await bundleWorkers();
await chmod(join(outDir, "bin/lading.cjs"), 0o755);
