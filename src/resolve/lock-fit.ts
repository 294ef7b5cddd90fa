/**
 * Does a lock fit what it is used for?
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { formatPlatform, type Platform } from "../oci/platform.js";
import type { PackageRequest } from "../package/capability.js";
import type { Package } from "../package/package.js";
import { createBudget } from "./budget.js";
import { createCandidates, runsOn } from "./candidates.js";
import { findClash } from "./exclusions.js";
import { formatList, formatPackage, formatWant } from "./label.js";
import { type Lock, type LockedPlatform, type LockedRequest, lockRequests } from "./lock.js";
import { applyPolicy } from "./policy-apply.js";
import { createProblem, sortRequests } from "./problem.js";
import type { ResolveOptions } from "./resolution.js";

/** What a lock is to be of. */
export interface LockUse {
  readonly packages: readonly PackageRequest[];
  /** None: all that the lock has. */
  readonly platforms: readonly Platform[];
}

function outdated(changes: readonly string[]): LadingError<"OUTDATED"> {
  return new LadingError(
    "OUTDATED",
    `Cannot use the lock file: it does not fit the recipe any more: ${formatList(changes, 10, "; ")}; expected a lock of this recipe; run lading resolve --lock`,
    { what: "lock file", changes },
  );
}

const show = (request: LockedRequest) =>
  typeof request === "string"
    ? request
    : `{${Object.entries(request)
        .map((entry) => entry.join(": "))
        .join(", ")}}`;

/**
 * What a lock has for each platform that is asked for.
 *
 * @throws {LadingError} `OUTDATED`, with what changed, when it is of other requests or lacks a platform.
 */
export function selectLocked(lock: Lock, { packages, platforms }: LockUse): readonly LockedPlatform[] {
  const texts = (requests: readonly LockedRequest[]) => new Map(requests.map((each) => [JSON.stringify(each), each]));
  const [locked, wanted] = [texts(lock.requests), texts(lockRequests(packages))];
  const added = [...wanted]
    .filter(([text]) => !locked.has(text))
    .map(([, each]) => `the recipe asks for ${show(each)}`);
  const removed = [...locked]
    .filter(([text]) => !wanted.has(text))
    .map(([, each]) => `it no longer asks for ${show(each)}`);
  const names = platforms.map(formatPlatform);
  const lacking = names.filter((name) => !lock.platforms.some(({ platform }) => platform === name));
  const changes = [...added, ...removed, ...lacking.map((name) => `nothing is locked for ${name}`)];
  if (changes.length > 0 || lock.platforms.length === 0) {
    throw outdated(changes.length > 0 ? changes : ["nothing is locked for any platform"]);
  }
  if (names.length === 0) return lock.platforms;
  return names.flatMap((name) => lock.platforms.find(({ platform }) => platform === name) ?? []);
}

/**
 * Checks that pinned packages are complete: every request and dependency is met by one of them, none excludes another, and
 * all are for the platform. A lock that was edited or merged may not be.
 *
 * @throws {LadingError} `OUTDATED` with what is wrong.
 */
export function checkComplete(
  requests: readonly PackageRequest[],
  packages: readonly Package[],
  options: ResolveOptions & { readonly platform: Platform },
): void {
  const { platform } = options;
  const budget = createBudget();
  const candidates = createCandidates(packages, options, budget);
  const { policy, job = { namespace: "/" } } = options;
  const applied = policy && applyPolicy(policy, job, candidates.packages);
  const problem = createProblem(sortRequests(requests), candidates, platform, budget, { policy: applied });
  const name = (id: number) => formatPackage(candidates.packages[id] as Package);
  const foreign = packages.filter((pkg) => !runsOn(pkg, platform)).map(formatPackage);
  const open = problem.wants.filter(({ members }) => members.length === 0);
  const unmet = open.map((want) => `${formatWant(want)} is required and no pinned package provides it`);
  const ids = [...candidates.packages.keys()];
  const idle = foreign.length > 0 ? [] : ids.filter((id) => problem.wantsOf[id] === undefined);
  const clash = findClash(problem, ids);
  const changes = [
    ...foreign.map((each) => `${each} is not for ${formatPlatform(platform)}`),
    ...new Set(unmet),
    ...(clash ? [`${name(clash[0])} and ${name(clash[1])} exclude each other`] : []),
    ...idle.map((id) => `nothing needs ${name(id)}`),
  ];
  if (changes.length > 0) throw outdated(changes);
}
