/**
 * Garbage collection of a folder of repositories.
 *
 * @module
 */

import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, ioError, isLadingError, LadingError } from "../errors.js";
import { type Collected, type CollectOptions, collectGarbage, type FileCount, GRACE_MS } from "../store/gc.js";
import { type FoundRepository, findRepositories, repositoryFolders } from "./layout-repositories.js";
import { removeFile } from "./repository.js";
import { isUploadName } from "./upload-session.js";

/** What was found in one repository. */
export interface CollectedRepository extends Collected {
  readonly repository: string;
  /** Uploads that nobody went on with. */
  readonly uploads: FileCount;
}

/**
 * Collects the garbage of every repository in the folder of `lading serve`, which may be running: as {@link collectGarbage}, and
 * uploads that nobody has touched for as long.
 *
 * @param root The folder that `createLayoutRepositories` has.
 * @throws {LadingError} `NOT_FOUND` where there is no such folder; else as {@link collectGarbage}, for the first repository where it
 * fails, once all others are done.
 */
export async function collectRepositories(
  root: string,
  options: CollectOptions = {},
): Promise<readonly CollectedRepository[]> {
  await checkFolder(root);
  const found: CollectedRepository[] = [];
  const failed: { readonly repository: string; readonly error: LadingError }[] = [];
  for (const repository of await findRepositories(root)) {
    try {
      found.push(await collectOne(root, repository, options));
    } catch (error) {
      if (!isLadingError(error)) throw error;
      failed.push({ repository: repository.name, error });
    }
  }
  if (failed[0] !== undefined) throw collectFailed(failed[0], failed.length - 1);
  return found;
}

function collectFailed({ repository, error }: { repository: string; error: LadingError }, others: number): LadingError {
  const more = others === 0 ? "" : `; ${others} more failed, too`;
  const message = `Cannot collect garbage in repository "${repository}": ${error.message}${more}`;
  return new LadingError(error.code, message, error.detail, { cause: error });
}

const NOTHING: Collected = {
  digests: [],
  blobs: { count: 0, bytes: 0 },
  temporaries: { count: 0, bytes: 0 },
  records: { count: 0, bytes: 0 },
  freed: 0,
  young: { count: 0, bytes: 0 },
  kept: { count: 0, bytes: 0 },
  untagged: [],
  missing: [],
};

async function collectOne(
  root: string,
  { name, hasLayout }: FoundRepository,
  options: CollectOptions,
): Promise<CollectedRepository> {
  const { layout, uploads } = repositoryFolders(root, name);
  // Those first: they may be all that there is, and no manifest stands in their way.
  const abandoned = await collectUploads(uploads, options);
  const collected = hasLayout ? await collectGarbage(layout, options) : NOTHING;
  return { repository: name, ...collected, uploads: abandoned, freed: collected.freed + abandoned.bytes };
}

async function checkFolder(root: string): Promise<void> {
  const stats = await lstat(root).catch((error) => {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw ioError(error, "collect garbage in", root);
  });
  if (stats?.isDirectory() || stats?.isSymbolicLink()) return;
  const message = `Cannot collect garbage in "${root}": there is no folder of repositories; check the path`;
  throw new LadingError("NOT_FOUND", message, { what: "repository", name: root });
}

async function collectUploads(folder: string, { dryRun = false, graceMs = GRACE_MS }: CollectOptions) {
  const total = { count: 0, bytes: 0 };
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const stats = isUploadName(name) ? await lstat(path).catch(() => undefined) : undefined;
    if (stats?.isFile() !== true || Date.now() - stats.mtimeMs < graceMs) continue;
    if (!dryRun) await removeFile(path);
    total.count++;
    total.bytes += stats.size;
  }
  return total;
}
