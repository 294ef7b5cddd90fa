/**
 * Completes a compiled tree after `tsc`: run as `node <outDir>/bin/bundle.js`.
 *
 * @module
 */

import { access, chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

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

async function makeExecutable(): Promise<void> {
  const program = join(outDir, "bin/lading.js");
  const isThere = await access(program).then(
    () => true,
    () => false,
  );
  if (isThere) await chmod(program, 0o755);
}

async function writeSchema(): Promise<void> {
  const { recipeJsonSchema } = await import("../src/recipe/schema.js");
  await writeFile(join(outDir, "recipe.schema.json"), `${JSON.stringify(recipeJsonSchema(), undefined, 2)}\n`);
}

await bundleLibdeflate();
await makeExecutable();
await writeSchema();
