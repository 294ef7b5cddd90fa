/**
 * Completes a compiled tree after `tsc`: run as `node <outDir>/bin/bundle.js`.
 *
 * Puts libdeflate's code beside the module that loads it, writes the recipe's JSON Schema, and makes the program two files:
 * loading a hundred modules one by one takes longer than a build of which everything is known.
 *
 * @module
 */

import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { bundleConnections } from "./bundle-connections.js";
import { bundleProgram } from "./bundle-program.js";

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
  ],
};

/** The module that the program's threads run. */
async function bundleWorker(): Promise<void> {
  await build({
    ...COMMON,
    entryPoints: [join(outDir, "src/package/resource-worker.js")],
    outfile: join(outDir, "bin/resource-worker.js"),
    format: "esm",
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
  });
}

await bundleLibdeflate();
await writeSchema();
await bundleProgram(outDir, COMMON);
await bundleConnections(outDir, COMMON);
await bundleWorker();
await chmod(join(outDir, "bin/lading.cjs"), 0o755);
