/**
 * A journal of work under way: small records that outlive the process which made them.
 *
 * Each record is held by one process. When that one is dead, or has let go of it, another may take the record over and go on.
 * A journal may lose anything at any time; who takes a record checks that it still holds.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { createOwner, encodeOwner, type Owner, ownerState, parseOwner } from "./owner.js";
import { createTemporaryFile } from "./write-file.js";

/** Records of work under way, by key. Nothing here throws: what cannot be kept is done again. */
export interface Journal {
  /** Takes over the record that nobody works on any more, which is then held by this process; undefined where there is none. */
  take(key: string): Promise<unknown>;
  /** Keeps a record that JSON can hold, in place of this holder's older one. */
  note(key: string, record: unknown): Promise<void>;
  /** Lets go of the record: anybody may take it. */
  release(key: string): Promise<void>;
  /** Forgets the record, for the work is done or lost. */
  drop(key: string): Promise<void>;
}

/** Milliseconds after which a record is stale: a day, for which registries keep what was begun. */
const STALE_MS = 24 * 3600 * 1000;
/** Milliseconds after which a record of another host, whose processes cannot be seen, counts as left: ten minutes. */
const AWAY_MS = 600 * 1000;

interface Kept {
  readonly key: string;
  readonly record: unknown;
  /** Absent where it was let go of. */
  readonly owner?: string | undefined;
  readonly at: number;
}

/** May somebody else go on with it? */
function isLeft({ owner, at }: Kept): boolean {
  if (owner === undefined) return true;
  const holder = parseOwner(owner);
  const state = holder === undefined ? "dead" : ownerState(holder);
  return state === "dead" || (state === "unknown" && Date.now() - at > AWAY_MS);
}

async function readKept(path: string): Promise<Kept | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Kept;
  } catch {
    return undefined;
  }
}

/**
 * A journal in a folder, one small file a record, which only this user may read. Several processes and hosts may share it.
 *
 * @param temporaries Where records are written before they get their names, on the same file system (`folder`).
 */
export function createFolderJournal(folder: string, temporaries: string = folder): Journal {
  let holder: Owner | undefined;
  const own = () => {
    holder ??= createOwner();
    return holder;
  };
  const prefixOf = (key: string) => createHash("sha256").update(key).digest("hex").slice(0, 40);
  const pathOf = (key: string) => join(folder, `${prefixOf(key)}-${own().nonce}`);
  /** What this journal holds, so that nothing is asked of the disk for what was never noted. */
  const held = new Map<string, unknown>();

  async function write(key: string, kept: Kept): Promise<void> {
    const file = await createTemporaryFile(temporaries, 0o600).catch(() => undefined);
    try {
      // Not flushed: what a power failure takes is done again.
      await file?.handle.writeFile(JSON.stringify(kept));
      await file?.place(pathOf(key));
    } catch {
      await file?.discard();
    }
  }

  async function note(key: string, record: unknown): Promise<void> {
    held.set(key, record);
    await write(key, { key, record, owner: encodeOwner(own()), at: Date.now() });
  }

  async function takeFile(key: string, path: string): Promise<Kept | undefined> {
    const kept = await readKept(path);
    if (kept?.key !== key || !isLeft(kept) || Date.now() - kept.at > STALE_MS) return undefined;
    // Of several that want it, one succeeds in renaming it.
    const isMine = await rename(path, pathOf(key)).then(
      () => true,
      () => false,
    );
    return isMine ? kept : undefined;
  }

  async function take(key: string): Promise<unknown> {
    const names = await readdir(folder).catch(() => []);
    const prefix = prefixOf(key);
    for (const name of names) {
      const path = join(folder, name);
      if (!name.startsWith(prefix)) {
        await removeStale(path);
        continue;
      }
      const kept = await takeFile(key, path);
      if (kept === undefined) {
        await removeStale(path);
        continue;
      }
      await note(key, kept.record);
      return kept.record;
    }
    return undefined;
  }

  async function release(key: string): Promise<void> {
    if (!held.has(key)) return;
    const record = held.get(key);
    held.delete(key);
    await write(key, { key, record, at: Date.now() });
  }

  async function drop(key: string): Promise<void> {
    if (held.delete(key)) await rm(pathOf(key), { force: true }).catch(() => undefined);
  }

  return { take, note, release, drop };
}

async function removeStale(path: string): Promise<void> {
  const time = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  );
  if (Date.now() - time > STALE_MS) await rm(path, { force: true }).catch(() => undefined);
}
