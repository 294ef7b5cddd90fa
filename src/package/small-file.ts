/**
 * Small files stored by threads.
 *
 * @module
 */

import type { Store } from "../store/store.js";
import type { StoredFile } from "./file-job.js";
import type { StoreFileOptions } from "./store-package.js";

/** Has a thread store a small file, and tells the options what it came to; undefined where no thread does that. */
export async function storeSmallFile(
  store: Store,
  path: string,
  options: StoreFileOptions & { readonly bare: boolean },
): Promise<StoredFile | undefined> {
  const { pool, cache, bare, sources, compression, transform, limits, namespace, retarget } = options;
  const { layoutFolder: folder, label } = store;
  if (!pool?.isSmall(path) || pool.runFile === undefined || folder === undefined) return undefined;
  if (cache !== undefined && cache.folders === undefined) return undefined;
  const source = sources?.get(path);
  const how = { compression, transform, limits, namespace, retarget };
  const job = { folder, label, cache: cache?.folders, path, bare, source, ...how };
  const done = await pool.runFile(job);
  options.onBytes?.(done.bytes);
  if (done.outline !== undefined) options.onOutline?.(done.outline.list, done.outline.outline);
  if (done.source !== undefined) options.onSource?.(path, done.source);
  return done.stored;
}
