/**
 * What was computed once and need not be again: small records by key.
 *
 * A cache may lose anything at any time; who asks it checks that what it names is still there.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { files } from "../stream/files.js";
import { createTemporaryFile } from "./write-file.js";

/** Small records by key, any of which may be lost at any time. */
export interface Cache {
  /** The record, as JSON gives it back, or undefined. Never throws. */
  get(key: string): Promise<unknown>;
  /** Keeps a record that JSON can hold. Never throws: what cannot be kept is computed again. */
  set(key: string, record: unknown): Promise<void>;
  /** Where it is kept, for threads that open it again; absent where it is in memory. */
  readonly folders?: { readonly records: string; readonly temporaries: string } | undefined;
}

/** A cache that lives as long as the value. */
export function createMemoryCache(): Cache {
  const records = new Map<string, string>();
  return {
    async get(key) {
      const text = records.get(key);
      return text === undefined ? undefined : JSON.parse(text);
    },
    async set(key, record) {
      records.set(key, JSON.stringify(record));
    },
  };
}

/**
 * A cache in a folder, one small file a record, safe for several processes: a record appears whole or not at all.
 *
 * @param temporaries Where records are written before they get their names, on the same file system (`folder`). In the
 * hidden folder of a layout they are taken away when the process that writes them ends too early.
 */
export function createFolderCache(folder: string, temporaries: string = folder): Cache {
  const pathOf = (key: string) => join(folder, createHash("sha256").update(key).digest("hex").slice(0, 40));
  return {
    folders: { records: folder, temporaries },
    async get(key) {
      try {
        const record = JSON.parse(await files.readFile(pathOf(key), "utf8")) as { key: string; record: unknown };
        return record.key === key ? record.record : undefined;
      } catch {
        return undefined;
      }
    },
    async set(key, record) {
      const file = await createTemporaryFile(temporaries).catch(() => undefined);
      try {
        // Not flushed: a record that a power failure cuts short is none, and is computed again.
        await file?.handle.writeFile(JSON.stringify({ key, record }));
        await file?.place(pathOf(key));
      } catch {
        await file?.discard();
      }
    },
  };
}
