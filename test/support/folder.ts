/**
 * Folders for the tests of a whole file.
 *
 * @module
 */

import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf } from "../../src/oci/digest.js";

/** Images unpacked by other tools hold folders that even their owner may not change. */
function unlockFolders(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    chmodSync(join(folder, entry.name), 0o700);
    unlockFolders(join(folder, entry.name));
  }
}

/** A new folder that goes away with the process. */
export function processFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `lading-${name}-`));
  process.on("exit", () => {
    try {
      unlockFolders(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  });
  return folder;
}

/** Everything below a folder: path, and mode and digest of a file, target of a link, or mode of a folder. Sorted. */
export async function listTree(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const lines = names.map(async (name) => {
    const path = join(folder, name);
    const stats = await lstat(path);
    const mode = (stats.mode & 0o7777).toString(8);
    if (stats.isSymbolicLink()) return `${name} -> ${await readlink(path)}`;
    if (stats.isDirectory()) return `${name}/ ${mode}`;
    return `${name} ${mode} ${digestOf(await readFile(path))}`;
  });
  return (await Promise.all(lines)).sort();
}
