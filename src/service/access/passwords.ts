/**
 * Checking passwords, off the thread that answers requests.
 *
 * A client sends its password with every request. One that was right is known for some minutes by a keyed hash of user,
 * password and stored hash, so that a changed password is asked for at once.
 *
 * A name that nobody has costs what some user's password costs, so that time does not tell who is known here.
 *
 * @module
 */

import { createHmac, randomBytes } from "node:crypto";
import { createWorkerPool } from "../../stream/worker-pool.js";
import { costOf, type Users } from "./htpasswd.js";
import { type PasswordJob, runPasswordJob } from "./password-job.js";

/** Milliseconds for which a right password is known (5 minutes), and how many of them are. */
const [KNOWN_MS, MAX_KNOWN] = [5 * 60_000, 10_000];
/** Checks that may wait. Whoever guesses faster is told to come back later. */
const MAX_WAITING = 64;
/** Characters of a password; bcrypt looks at the first 72 bytes. */
const MAX_PASSWORD = 1024;
/** log2 of the rounds that a wrong name costs where there are no users. */
const USUAL_COST = 10;

export interface PasswordCheck {
  /** `busy` where too many checks wait already. */
  check(users: Users, user: string, password: string): Promise<"right" | "wrong" | "busy">;
  /** Ends the thread. */
  close(): void;
}

/** What compares: one thread, which starts when it is needed. */
export interface Comparer {
  run(task: { readonly job: PasswordJob }): Promise<boolean>;
  close(): void;
}

function createComparer(): Comparer {
  const module = new URL("./password-worker.js", import.meta.url);
  return createWorkerPool<PasswordJob, boolean, never>(module, 1, async ({ job }) => runPasswordJob(job));
}

/** Creates the check. */
export function createPasswordCheck(comparer: Comparer = createComparer()): PasswordCheck {
  const secret = randomBytes(32);
  const known = new Map<string, number>();
  const running = new Map<string, Promise<boolean>>();
  const keyOf = (...parts: readonly string[]) => createHmac("sha256", secret).update(JSON.stringify(parts)).digest();

  function remember(key: string): void {
    const [oldest] = known.keys();
    if (known.size >= MAX_KNOWN && oldest !== undefined) known.delete(oldest);
    known.set(key, Date.now() + KNOWN_MS);
  }

  async function run(key: string, job: PasswordJob): Promise<boolean> {
    try {
      return await comparer.run({ job });
    } finally {
      running.delete(key);
    }
  }

  return {
    async check(users, user, password) {
      if (password.length > MAX_PASSWORD) return "wrong";
      const hash = users.get(user);
      const compared = hash ?? hashOfNobody(users, keyOf(user).readUInt32BE());
      const key = keyOf(user, password, compared).toString("base64");
      if ((known.get(key) ?? 0) > Date.now()) return "right";
      known.delete(key);
      if (!running.has(key) && running.size >= MAX_WAITING) return "busy";
      const result = running.get(key) ?? run(key, { password, hash: compared });
      running.set(key, result);
      if (!(await result) || hash === undefined) return "wrong";
      remember(key);
      return "right";
    },
    close: comparer.close,
  };
}

/** A hash of no password. Its cost is that of one of the users, the same each time for one name. */
function hashOfNobody(users: Users, number: number): string {
  const hashes = [...users.values()];
  const cost = hashes.length === 0 ? USUAL_COST : costOf(hashes[number % hashes.length] ?? "");
  return `$2b$${String(cost).padStart(2, "0")}$${".".repeat(53)}`;
}
