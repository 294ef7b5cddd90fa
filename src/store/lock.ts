/**
 * A lock between processes and hosts, for file systems without `flock` (Lustre, some NFS): a file that only one can create.
 *
 * A lock whose holder is dead is taken over in three steps: claim the right to do so (a file named after the dead holder,
 * again created by only one), check that the lock is still the dead holder's, rename an own lock over it; then look again
 * whose it is. Who holds on another host cannot be asked whether it lives: its lock is dead when it has not changed for
 * {@link LockOptions.patienceMs} on *our* clock, so skewed clocks do not matter. A holder keeps a lock for milliseconds.
 *
 * @module
 */

import { open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ioError, LadingError } from "../errors.js";
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

/** Creates a file with this text, only if it is not there. False where it is. */
async function createExclusive(path: string, text: string): Promise<boolean> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, "wx", 0o666);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw ioError(error, "create the lock", path);
  }
  try {
    await handle.writeFile(text);
  } catch (error) {
    await rm(path, { force: true });
    throw ioError(error, "write the lock", path);
  } finally {
    await handle.close();
  }
  return true;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ESTALE") return undefined;
    throw ioError(error, "read the lock", path);
  }
}

/** Tells when a text has stayed the same for long enough, and so its holder is to be taken for dead. */
function createPatience(patienceMs: number): (path: string, text: string) => boolean {
  const seen = new Map<string, { text: string; since: number }>();
  return (path, text) => {
    const before = seen.get(path);
    if (before === undefined || before.text !== text) {
      seen.set(path, { text, since: performance.now() });
      return false;
    }
    return performance.now() - before.since > patienceMs;
  };
}

type IsStale = (path: string, text: string) => boolean;

function isDead(path: string, text: string, isStale: IsStale): boolean {
  const owner = parseOwner(text);
  const state = owner === undefined ? "unknown" : ownerState(owner);
  return state === "dead" || (state === "unknown" && isStale(path, text));
}

/** Takes the lock that says `dead` over. False where somebody else was first. */
async function takeOver(path: string, dead: string, me: Owner, isStale: IsStale): Promise<boolean> {
  const claim = `${path}.claim-${parseOwner(dead)?.nonce ?? "unreadable"}`;
  if (!(await createExclusive(claim, encodeOwner(me)))) {
    const claimant = await readText(claim);
    if (claimant !== undefined && isDead(claim, claimant, isStale)) await rm(claim, { force: true });
    return false;
  }
  try {
    if ((await readText(path)) !== dead) return false;
    const mine = await createTemporaryFile(dirname(path));
    try {
      await mine.handle.writeFile(encodeOwner(me));
      await mine.commit(path);
    } finally {
      await mine.discard();
    }
  } catch (error) {
    throw ioError(error, "take over the lock", path);
  } finally {
    await rm(claim, { force: true });
  }
  return (await readText(path)) === encodeOwner(me);
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
    const text = await readText(path);
    if (text !== undefined && isDead(path, text, isStale) && (await takeOver(path, text, me, isStale))) break;
    if (performance.now() > end) throw lockTimeout(path, text ?? "", deadlineMs);
    await sleep(pause * (0.5 + Math.random()));
  }
  return createHeldLock(path, encodeOwner(me));
}

function createHeldLock(path: string, mine: string): Lock {
  const isHeld = async () => (await readText(path)) === mine;
  return {
    isHeld,
    async release() {
      if (await isHeld()) await rm(path, { force: true });
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
