/**
 * Files that appear whole or not at all: a temporary file beside the destination, fsync, rename, fsync of the folder.
 *
 * A temporary file is named after the process that writes it, so that the next run can tell which ones nobody will finish.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { ioError } from "../errors.js";
import { files, type OpenFile } from "../stream/files.js";
import type { ScratchFile } from "../stream/spool.js";
import { inFolder } from "./make-folder.js";
import { createOwner, type Owner, ownerState } from "./owner.js";

const TEMPORARY = /^tmp-([0-9a-f]{12})-(\d+)-(\d*)-[0-9a-f]{16}$/;
/** Milliseconds after which a temporary file of another host counts as left behind: a day. */
const ABANDONED_MS = 24 * 3600 * 1000;

/** A file that is being written and has no name yet. */
export interface TemporaryFile {
  readonly path: string;
  readonly handle: OpenFile;
  /**
   * Flushes it and gives it its name, in a folder that is made if it is missing. The folder's own fsync is the caller's: {@link syncFolder}.
   *
   * @param check Runs between the two; what it throws keeps the name as it was.
   */
  commit(destination: string, check?: () => Promise<void>): Promise<void>;
  /** Gives it its name without flushing it, for what may be lost. */
  place(destination: string): Promise<void>;
  /** Leaves it whole, to be given its name by {@link commitTemporary}. */
  leave(): Promise<void>;
  /** Removes it. Does nothing after `commit`, `place` and `leave`. */
  discard(): Promise<void>;
}

/** fsync that a file system may not know: then there is nothing that could be done better. */
async function sync(handle: OpenFile): Promise<void> {
  try {
    await handle.sync();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "EINVAL" && code !== "ENOTSUP" && code !== "EOPNOTSUPP" && code !== "ENOSYS") throw error;
  }
}

/** Makes renames in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await files.open(folder, "r");
    try {
      await sync(handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw ioError(error, "flush the folder", folder);
  }
}

/** Twelve hex digits that stand for host, boot and process namespace. */
function realmTag(owner: Owner): string {
  return createHash("sha256").update(owner.realm).digest("hex").slice(0, 12);
}

function temporaryPath(folder: string): string {
  const owner = createOwner();
  return join(folder, `tmp-${realmTag(owner)}-${owner.pid}-${owner.started}-${owner.nonce}`);
}

/** Creates a file in `folder`, which has to be there, that is written and read in the caller's thread and loses its name at once. */
export function createScratchFile(folder: string): ScratchFile {
  const path = temporaryPath(folder);
  try {
    const fd = openSync(path, "wx+", 0o600);
    rmSync(path, { force: true });
    return {
      write(bytes) {
        for (let at = 0; at < bytes.byteLength; ) at += writeSync(fd, bytes, at);
      },
      read: (into, position) => readSync(fd, into, 0, into.byteLength, position),
      close: () => closeSync(fd),
    };
  } catch (error) {
    throw ioError(error, "create a temporary file in", folder);
  }
}

/** Creates a temporary file in `folder`, which is made if it is missing. `mode` as `umask` leaves it. */
export async function createTemporaryFile(folder: string, mode = 0o666): Promise<TemporaryFile> {
  const path = temporaryPath(folder);
  let handle: OpenFile;
  try {
    handle = await inFolder(folder, () => files.open(path, "wx+", mode));
  } catch (error) {
    throw ioError(error, "create a temporary file in", folder);
  }
  let isOpen = true;
  let isDone = false;
  const close = async () => {
    if (isOpen) await handle.close();
    isOpen = false;
  };
  const moveTo = async (destination: string) => {
    await inFolder(dirname(destination), () => files.rename(path, destination));
    isDone = true;
  };
  return {
    path,
    handle,
    async commit(destination, check) {
      try {
        await sync(handle);
        await close();
        await check?.();
        await moveTo(destination);
      } catch (error) {
        throw ioError(error, "write", destination);
      }
    },
    async place(destination) {
      await close();
      await moveTo(destination);
    },
    async leave() {
      await close();
      isDone = true;
    },
    async discard() {
      await close().catch(() => {});
      if (!isDone) await files.rm(path, { force: true }).catch(() => {});
    },
  };
}

/** Flushes a temporary file that was left whole, and gives it its name. Where it cannot, the file is gone. */
export async function commitTemporary(path: string, destination: string): Promise<void> {
  try {
    const handle = await files.open(path, "r+");
    await sync(handle).finally(() => handle.close());
    await inFolder(dirname(destination), () => files.rename(path, destination));
  } catch (error) {
    await files.rm(path, { force: true }).catch(() => {});
    throw ioError(error, "write", destination);
  }
}

/** Replaces a small file whole, durably. `temporaries` is a folder on the same file system, `check` as in `commit`. */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array,
  temporaries: string,
  check?: () => Promise<void>,
): Promise<void> {
  const file = await createTemporaryFile(temporaries);
  try {
    await file.handle.writeFile(content);
    await file.commit(path, check);
  } catch (error) {
    throw ioError(error, "write", path);
  } finally {
    await file.discard();
  }
  await syncFolder(dirname(path));
}

/** The temporary files that processes left behind which no longer live. */
export async function findTemporaries(folder: string): Promise<readonly string[]> {
  const me = createOwner();
  const tag = realmTag(me);
  const names = await files.readdir(folder).catch(() => []);
  const found: string[] = [];
  for (const name of names) {
    const match = TEMPORARY.exec(name);
    if (match === null) continue;
    const path = join(folder, name);
    const [, realm, pid, started = ""] = match;
    const left =
      realm === tag
        ? ownerState({ realm: me.realm, pid: Number(pid), started, nonce: me.nonce }) === "dead"
        : await isAbandoned(path);
    if (left) found.push(path);
  }
  return found;
}

/** Removes them. */
export async function reclaimTemporaries(folder: string): Promise<void> {
  for (const path of await findTemporaries(folder)) await files.rm(path, { force: true }).catch(() => {});
}

async function isAbandoned(path: string): Promise<boolean> {
  const mtime = await files.stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  );
  return Date.now() - mtime > ABANDONED_MS;
}
