/**
 * The only way in which tests use uvu.
 *
 * uvu 0.5.6 drops an error thrown by a hook, drops a thrown non-Error with every later test of its suite, and never runs a
 * suite whose `run()` was forgotten; each of these exits 0. It has no deadlines either. This closes the holes, and counts
 * for `test/run.ts`. See https://github.com/lukeed/uvu/issues/80.
 *
 * @module
 */

import { writeSync } from "node:fs";
import fc from "fast-check";
import { suite as uvuSuite } from "uvu";

// The same inputs at every run: a test that fails fails again. `LADING_SEED` gives others.
fc.configureGlobal({ seed: Number(process.env.LADING_SEED ?? 1) });

type Body = () => void | Promise<void>;

/** What a test is given. */
export interface TestContext {
  /** Runs after the test, however it ended; the last deferred runs first. */
  defer(cleanup: Body): void;
}

export interface SuiteOptions {
  /** Milliseconds that one test may take (60 000). */
  readonly deadlineMs?: number;
}

let registered = 0;
let passed = 0;
let failed = 0;
const skipped: string[] = [];

process.on("exit", (code) => {
  const lost = registered - passed - failed;
  if (lost > 0) writeSync(2, `Tests did not all run: ${lost} of ${registered} are missing\n`);
  // A file without a test, and a process that failed outside of every test, are failures too.
  if (lost + failed === 0 && (code !== 0 || registered + skipped.length === 0)) failed++;
  if (lost + failed > 0) process.exitCode = 1;
  writeSync(1, `\n#lading-tests ${JSON.stringify({ passed, failed: failed + lost, skipped })}\n`);
});

function deadline(title: string, ms: number): { promise: Promise<never>; clear: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Test took more than ${ms} ms: ${title}`)), ms);
  });
  return { promise, clear: () => clearTimeout(timer) };
}

async function runWithCleanup(handler: (context: TestContext) => void | Promise<void>): Promise<void> {
  const cleanups: Body[] = [];
  const errors: unknown[] = [];
  const attempt = async (body: Body) => {
    try {
      await body();
    } catch (error) {
      errors.push(error);
    }
  };
  await attempt(() => handler({ defer: (cleanup) => cleanups.push(cleanup) }));
  for (const cleanup of cleanups.reverse()) await attempt(cleanup);
  if (errors.length > 0) throw errors[0];
}

/** A suite; register tests by calling it, then call `run()` once. */
export function suite(name: string, { deadlineMs = 60_000 }: SuiteOptions = {}) {
  const inner = uvuSuite(name);
  const test = (title: string, handler: (context: TestContext) => void | Promise<void>): void => {
    registered++;
    inner(title, async () => {
      const limit = deadline(title, deadlineMs);
      try {
        await Promise.race([runWithCleanup(handler), limit.promise]);
        passed++;
      } catch (error) {
        failed++;
        throw error instanceof Error ? error : new Error(`Test threw a non-Error: ${String(error)}`);
      } finally {
        limit.clear();
      }
    });
  };
  return Object.assign(test, {
    /**
     * Registers the test, or reports in one line that `program` is missing. In CI nothing may be missing.
     *
     * @param program What the test needs and this machine lacks, as `missing()` of `programs.ts` says it.
     */
    needs(program: string | undefined, title: string, handler: (context: TestContext) => void | Promise<void>): void {
      if (program === undefined) test(title, handler);
      else if (process.env.CI) test(title, () => Promise.reject(new Error(`${program} is missing, and this is CI`)));
      else skipped.push(`${name}: ${title}: needs ${program}`);
    },
    /** Reports in one line why a test cannot run anywhere near here, whatever is installed. Also in CI. */
    unavailable(why: string, title: string): void {
      skipped.push(`${name}: ${title}: ${why}`);
    },
    run: () => inner.run(),
  });
}
