/**
 * Resolving again, where most of what was chosen before has to stay.
 *
 * @module
 */

import { isLadingError } from "../errors.js";
import type { PackageRequest } from "../package/capability.js";
import type { Package } from "../package/package.js";
import { formatChain } from "./label.js";
import type { Resolution, ResolveOptions } from "./resolution.js";
import { resolve } from "./resolve.js";

/** What was chosen before. */
export interface Pins {
  /** At most one of each full name. */
  readonly packages: readonly Package[];
  /** Full names of those that are to be chosen anew (none). */
  readonly update?: ReadonlySet<string> | undefined;
}

/** A pin that could not stay. */
export interface ReleasedPin {
  readonly fqn: string;
  readonly why: string;
}

/** A resolution that keeps what can be kept. */
export interface PinnedResolution {
  readonly resolution: Resolution;
  readonly released: readonly ReleasedPin[];
}

/** Why packages do not go together; undefined where that is not what the error says. */
function reasonOf(error: unknown): string | undefined {
  if (isLadingError(error, "MISSING")) {
    const [first] = error.detail.missing;
    return first && `${formatChain(first.chain)} needs ${first.requirement}`;
  }
  if (isLadingError(error, "CONFLICT")) {
    return `${error.detail.packages.join(" and ")} exclude each other (${formatChain(error.detail.chain)})`;
  }
  return isLadingError(error, "CYCLE")
    ? `there would be a circle (${error.detail.cycle.slice(0, 10).join(", ")})`
    : undefined;
}

/** Why these packages cannot all stay; undefined when they can. */
type Obstacle = (fixed: readonly Package[]) => string | undefined;

/**
 * Keeps the most, earlier ones first: halves of what does not go together are tried alone, so that few pins that have to go
 * among many cost few attempts.
 */
function keepMost(goal: readonly Package[], held: readonly Package[], obstacle: Obstacle) {
  const kept = [...goal];
  const released: ReleasedPin[] = [];
  // A stack of parts, the first on top.
  const parts = [held];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const why = obstacle([...kept, ...part]);
    const [only, second] = part;
    if (why === undefined) kept.push(...part);
    else if (only !== undefined && second === undefined) released.push({ fqn: only.fqn, why });
    else parts.push(part.slice(part.length >> 1), part.slice(0, part.length >> 1));
  }
  return { kept, released };
}

/** The packages of these names that are chosen where nothing has to stay. */
function findGoal(names: ReadonlySet<string>, attempt: (fixed: readonly Package[]) => Resolution): readonly Package[] {
  try {
    return attempt([]).packages.flatMap(({ package: pkg }) => (names.has(pkg.fqn) ? [pkg] : []));
  } catch (error) {
    // The question may be about packages that stay as they are.
    if (isLadingError(error, "AMBIGUOUS")) return [];
    throw error;
  }
}

/**
 * Resolves requests so that what was chosen before stays, each package by its digest.
 *
 * What is to be updated gets the version that it would get without pins. Any other pin stays, unless it makes that
 * impossible: then it is released, with the reason, and as few as the order of the pins allows are. A pin that nothing
 * needs any more is left out. Where several names would do, those of the pins are taken.
 *
 * @param catalog The packages to choose from, those that are pinned among them or not.
 * @throws {LadingError} What `resolve` throws without pins, and `AMBIGUOUS` for what the pins do not settle.
 */
export function resolvePinned(
  requests: readonly PackageRequest[],
  catalog: readonly Package[],
  options: ResolveOptions,
  { packages, update = new Set() }: Pins,
): PinnedResolution {
  const all = [...catalog, ...packages];
  const settled = new Set(packages.map(({ fqn }) => fqn));
  const attempt = (fixed: readonly Package[]): Resolution => {
    const digests = new Map(fixed.map(({ fqn, manifest }) => [fqn, manifest.digest]));
    const allowed = all.filter(({ fqn, manifest }) => (digests.get(fqn) ?? manifest.digest) === manifest.digest);
    return resolve(requests, allowed, { ...options, settled });
  };
  const obstacle: Obstacle = (fixed) => {
    try {
      attempt(fixed);
      return undefined;
    } catch (error) {
      const reason = reasonOf(error);
      // A choice that somebody has to make is there only where there are solutions; the last attempt tells of it.
      if (reason === undefined && !isLadingError(error, "AMBIGUOUS")) throw error;
      return reason;
    }
  };
  const held = packages.filter(({ fqn }) => !update.has(fqn));
  const goal = update.size === 0 ? [] : findGoal(update, attempt);
  // Where nothing would do even without pins, none of them is to blame.
  if (held.length === 0 || obstacle(goal) !== undefined) return { resolution: attempt(goal), released: [] };
  const { kept, released } = keepMost(goal, held, obstacle);
  return { resolution: attempt(kept), released };
}
