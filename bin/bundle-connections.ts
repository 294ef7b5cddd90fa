/**
 * What talks to servers, as a file of its own: most runs of the program talk to none.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type BuildOptions, build, type Plugin } from "esbuild";

/** Leaves that file out of others, which load it when they come to it. */
export const CONNECTIONS_APART: Plugin = {
  name: "connections-apart",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/connections\.js$/ }, () => ({ path: "connections", namespace: "apart" }));
    onResolve({ filter: /^/, namespace: "apart" }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /^/, namespace: "apart" }, () => ({ contents: 'module.exports = require("./connections.cjs");' }));
  },
};

/** What of undici is never asked for here, and would take a third of its time to load: HTTP/2, and forms. */
const UNDICI_PARTS: Plugin = {
  name: "undici-parts",
  setup({ onLoad }) {
    const filter = /\/undici\/lib\/(dispatcher\/client-h2|web\/fetch\/body)\.js$/;
    onLoad({ filter }, () => ({ contents: "module.exports = {};" }));
  },
};

/** All that undici takes of two modules of Node's which cost more to load than to say: bytes of headers are Node's default. */
const INSTEAD: Readonly<Record<string, string>> = {
  "node:assert": `module.exports = (value, message = "undici is not in the state that it takes for granted") => {
    if (!value) throw Object.assign(new Error(message), { code: "ERR_ASSERTION" });
  };`,
  "node:http": "module.exports = { maxHeaderSize: 16384, IncomingMessage: class {} };",
};

const NODE_PARTS: Plugin = {
  name: "node-parts",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:(assert|http)$/ }, ({ path }) => ({ path, namespace: "instead" }));
    onLoad({ filter: /^/, namespace: "instead" }, ({ path }) => ({ contents: INSTEAD[path] ?? "" }));
  },
};

/** The licence goes where the code goes. */
async function undiciLicence(): Promise<string> {
  const folder = dirname(createRequire(import.meta.url).resolve("undici/package.json"));
  return `/* undici\n\n${await readFile(join(folder, "LICENSE"), "utf8")}*/`;
}

/**
 * Writes `bin/connections.cjs`.
 *
 * @param outDir The compiled tree.
 * @param common What all bundles have in common.
 */
export async function bundleConnections(outDir: string, common: BuildOptions): Promise<void> {
  await build({
    ...common,
    plugins: [...(common.plugins ?? []), UNDICI_PARTS, NODE_PARTS],
    entryPoints: [join(outDir, "src/http/connections.js")],
    outfile: join(outDir, "bin/connections.cjs"),
    format: "cjs",
    footer: { js: await undiciLicence() },
  });
}
