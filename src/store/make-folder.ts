/**
 * Making folders.
 *
 * @module
 */

import { dirname } from "node:path";
import { errnoOf } from "../errors.js";
import { files } from "../stream/files.js";

async function isFolder(path: string): Promise<boolean> {
  return await files.stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

async function makeOne(folder: string): Promise<void> {
  await files.mkdir(folder).catch(async (error) => {
    if (!(await isFolder(folder))) throw error;
  });
}

/**
 * Makes a folder with its missing parents, and throws what the operating system says where it cannot. Node's own recursive
 * `mkdir` says ENOENT where a file system is read-only or a quota used up.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await makeOne(folder);
  } catch (error) {
    const parent = dirname(folder);
    if (errnoOf(error) !== "ENOENT" || parent === folder) throw error;
    await makeFolder(parent);
    await makeOne(folder);
  }
}

/** Does something in a folder, which is made where it turns out to be missing: mostly it is there. Throws as {@link makeFolder}. */
export async function inFolder<T>(folder: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
    await makeFolder(folder);
    return await act();
  }
}
