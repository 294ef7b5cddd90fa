/**
 * Other versions of Node, from the packages in which npm's registry carries them.
 *
 * They are kept in `$LADING_NODES`, else below the user's cache folder, and fetched by npm the first time.
 *
 * @module
 */

import { access, mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { run } from "../support/programs.js";

/** The lowest version that the project supports, and one of every line after it. */
export const VERSIONS = ["20.18.1", "22.23.3", "24.9.0", "26.9.0"] as const;

function cacheFolder(): string {
  const { LADING_NODES, XDG_CACHE_HOME } = process.env;
  return LADING_NODES ?? join(XDG_CACHE_HOME ?? join(homedir(), ".cache"), "lading-nodes");
}

/** The path of that Node's program; undefined where it is not here and cannot be fetched. */
export async function findNode(version: string): Promise<string | undefined> {
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(cacheFolder(), version);
  const program = join(folder, "node_modules", name, "bin/node");
  const isThere = () =>
    access(program).then(
      () => true,
      () => false,
    );
  if ((await isThere()) || process.version === `v${version}`) return (await isThere()) ? program : process.execPath;
  await mkdir(folder, { recursive: true });
  const words = ["install", "--prefix", folder, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
  await run("npm", [...words, `${name}@${version}`], { cwd: folder });
  return (await isThere()) ? program : undefined;
}
