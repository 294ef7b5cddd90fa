/**
 * A lock between processes and hosts, for file systems without `flock` (Lustre, some NFS): a file that only one can create.
 *
 * A lock whose holder is dead is taken over in three steps: claim the right to do so (`lock.claim-NONCE`, named after the
 * dead holder, again created by only one), check that the lock is still the dead holder's, rename an own lock over it; then
 * look again whose it is. The right of a claimant that died goes to whoever claims *its* nonce. A claim is never removed
 * while the lock that it is for stands, so no right is given twice; whoever takes a lock over removes them all.
 *
 * Who holds on another host cannot be asked whether it lives. It touches its lock while it holds it, and the lock is dead
 * when it has not changed for {@link LockOptions.patienceMs} on *our* clock, so skewed clocks do not matter. A holder keeps
 * a lock for milliseconds.
 *
 * @module
 */

import { type FileHandle, open, readdir, rm, utimes } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errnoOf, ioError, LadingError } from "../errors.js";
import type { IoOptions } from "../stream/bytes.js";
import { createOwner, encodeOwner, type Owner, ownerState, parseOwner } from "./owner.js";
import { createTemporaryFile } from "./write-file.js";

export interface LockOptions extends IoOptions {
  /** Milliseconds that a lock of an unknown host may stay unchanged before it counts as dead (15 000). */
  readonly patienceMs?: number;
  /** Milliseconds to wait for the lock at all (120 000). */
  readonly deadlineMs?: number;
}

/** A lock that is held. */
export interface Lock {
  /** Is it still ours? False only when this process was stopped so long that another took over. */
  isHeld(): Promise<boolean>;
  release(): Promise<void>;
}

/** What a lock or claim file says, and which state of which file it is. */
interface Mark {
  readonly text: string;
  /** Inode and mtime. */
  readonly state: string;
}

/** Creates a file with this text, only if it is not there. False where it is. */
async function createExclusive(path: string, text: string): Promise<boolean> {
  let handle: FileHandle;
  try {
    handle = await open(path, "wx", 0o666);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw ioError(error, "create the lock", path);
  }
  try {
    await handle.writeFile(text).finally(() => handle.close());
  } catch (error) {
    await rm(path, { force: true }).catch(() => {});
    throw ioError(error, "write the lock", path);
  }
  return true;
}

async function readMark(path: string, attempts = 4): Promise<Mark | undefined> {
  try {
    const handle = await open(path, "r");
    try {
      const { ino, mtimeNs } = await handle.stat({ bigint: true });
      return { text: await handle.readFile("utf8"), state: `${ino}-${mtimeNs}` };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ENOENT") return undefined;
    // NFS says so when another host has replaced the file meanwhile.
    if (code === "ESTALE" && attempts > 1) return await readMark(path, attempts - 1);
    throw ioError(error, "read the lock", path);
  }
}

/** Tells when a file has stayed the same for long enough, and so its writer is to be taken for dead. */
function createPatience(patienceMs: number): (path: string, state: string) => boolean {
  const seen = new Map<string, { state: string; since: number }>();
  return (path, state) => {
    const before = seen.get(path);
    if (before === undefined || before.state !== state) {
      seen.set(path, { state, since: performance.now() });
      return false;
    }
    return performance.now() - before.since > patienceMs;
  };
}

type IsStale = (path: string, state: string) => boolean;

function isDead(path: string, { text, state }: Mark, isStale: IsStale): boolean {
  const owner = parseOwner(text);
  const life = owner === undefined ? "unknown" : ownerState(owner);
  return life === "dead" || (life === "unknown" && isStale(path, state));
}

/** A name that no other lock or claim ever has. A writer that died before it wrote has no nonce. */
function identify({ text, state }: Mark): string {
  return parseOwner(text)?.nonce ?? state;
}

/** Claims the right to act for a dead holder, or for a dead claimant of that right. Gives the claim's path. */
async function claim(path: string, dead: Mark, me: Owner, isStale: IsStale): Promise<string | undefined> {
  for (let of: Mark | undefined = dead; of !== undefined; ) {
    const file: string = `${path}.claim-${identify(of)}`;
    if (await createExclusive(file, encodeOwner(me))) return file;
    const claimant = await readMark(file);
    of = claimant !== undefined && isDead(file, claimant, isStale) ? claimant : undefined;
  }
  return undefined;
}

/** Removes all claims. By who has just taken the lock over: then there is nothing left that they are for. */
async function removeClaims(path: string): Promise<void> {
  const prefix = `${basename(path)}.claim-`;
  const names = await readdir(dirname(path)).catch(() => []);
  const claims = names.filter((name) => name.startsWith(prefix));
  for (const name of claims) await rm(join(dirname(path), name), { force: true }).catch(() => {});
}

async function replaceLock(path: string, me: Owner): Promise<void> {
  const mine = await createTemporaryFile(dirname(path));
  try {
    await mine.handle.writeFile(encodeOwner(me));
    await mine.commit(path);
  } finally {
    await mine.discard();
  }
}

/** Takes a dead lock over. False where somebody else was first. */
async function takeOver(path: string, dead: Mark, me: Owner, isStale: IsStale): Promise<boolean> {
  const right = await claim(path, dead, me, isStale);
  if (right === undefined) return false;
  try {
    const now = await readMark(path);
    if (now?.text !== dead.text || now.state !== dead.state) return false;
    await replaceLock(path, me);
    await removeClaims(path);
  } catch (error) {
    throw ioError(error, "take over the lock", path);
  } finally {
    await rm(right, { force: true });
  }
  return (await readMark(path))?.text === encodeOwner(me);
}

/**
 * Waits for the lock at `path` and holds it. The folder must exist.
 *
 * @throws {LadingError} `EXISTS` when the lock stays with a living process for longer than `deadlineMs`; `IO` when the
 * file system refuses.
 */
export async function acquireLock(path: string, options: LockOptions = {}): Promise<Lock> {
  const { patienceMs = 15_000, deadlineMs = 120_000, signal } = options;
  const me = createOwner();
  const isStale = createPatience(patienceMs);
  const end = performance.now() + deadlineMs;
  for (let pause = 2; ; pause = Math.min(pause * 1.5, 100)) {
    signal?.throwIfAborted();
    if (await createExclusive(path, encodeOwner(me))) break;
    const mark = await readMark(path);
    if (mark !== undefined && isDead(path, mark, isStale) && (await takeOver(path, mark, me, isStale))) break;
    if (performance.now() > end) throw lockTimeout(path, mark?.text ?? "", deadlineMs);
    await sleep(pause * (0.5 + Math.random()));
  }
  return createHeldLock(path, encodeOwner(me), patienceMs / 5);
}

function createHeldLock(path: string, mine: string, beatMs: number): Lock {
  const isHeld = async () => (await readMark(path))?.text === mine;
  // A flush to a busy file server may take longer than another host's patience.
  const beat = setInterval(() => utimes(path, new Date(), new Date()).catch(() => {}), beatMs);
  beat.unref();
  return {
    isHeld,
    async release() {
      clearInterval(beat);
      if (!(await isHeld())) return;
      await rm(path, { force: true }).catch((error) => {
        throw ioError(error, "release the lock", path);
      });
    },
  };
}

function lockTimeout(path: string, text: string, deadlineMs: number): LadingError<"EXISTS"> {
  const owner = parseOwner(text);
  const who = owner === undefined ? "another process" : `process ${owner.pid} on ${owner.realm.split(" ")[0]}`;
  return new LadingError(
    "EXISTS",
    `Cannot lock "${path}": ${who} has held it for ${deadlineMs / 1000} s; end that process, or remove the file if it is gone`,
    { what: "lock", name: path },
  );
}
