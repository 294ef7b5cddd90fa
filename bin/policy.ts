/**
 * Policies that the command line names.
 *
 * @module
 */

import { readFile, stat } from "node:fs/promises";
import type { Policy, Realm } from "../src/index.js";
import { UsageError } from "./usage.js";

/** Bytes above which a file is not even read. */
const MAX_FILE = 64 * 1024 * 1024;

interface PolicyFlags {
  readonly policy?: readonly string[] | undefined;
  readonly job?: string | undefined;
}

async function readText(path: string): Promise<string> {
  const { ioError, LadingError } = await import("../src/errors.js");
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE) {
      const detail = { what: "policy", limit: MAX_FILE, actual: size };
      throw new LadingError("TOO_LARGE", `Cannot read policy "${path}": it has ${size} bytes; name a policy`, detail);
    }
    return await readFile(path, "utf8");
  } catch (error) {
    throw ioError(error, "read policy", path);
  }
}

/** What `--policy` and `--job` say, as resolving takes it. */
export async function readPolicies({
  policy: paths,
  job,
}: PolicyFlags): Promise<{ readonly policy?: Policy; readonly job?: Realm }> {
  if (paths === undefined) {
    if (job !== undefined) throw new UsageError("--job is what a policy is asked for; name one with --policy");
    return {};
  }
  const { parseJob, parsePolicy } = await import("../src/resolve/policy-parse.js");
  const { joinPolicies } = await import("../src/resolve/policy.js");
  const { isLadingError } = await import("../src/errors.js");
  const documents = await Promise.all(paths.map(async (path) => parsePolicy(await readText(path), { path })));
  try {
    return { policy: joinPolicies(documents), job: parseJob(job ?? "job::/") };
  } catch (error) {
    throw isLadingError(error, "SYNTAX") ? new UsageError(error.message) : error;
  }
}
