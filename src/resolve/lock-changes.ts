/**
 * What differs between two locks.
 *
 * @module
 */

import { compareBytewise } from "./bytewise.js";
import type { Lock, LockedPackage } from "./lock.js";

/** One package of one platform that is pinned otherwise than before. */
export interface LockChange {
  readonly platform: string;
  readonly fqn: string;
  /** What was pinned; absent where the package is new. */
  readonly from?: LockedPackage;
  /** What is pinned now; absent where the package is gone. */
  readonly to?: LockedPackage;
  /** Why a pin that should have stayed could not. */
  readonly why?: string;
}

function pinsOf(lock: Lock | undefined, platform: string): ReadonlyMap<string, LockedPackage> {
  const packages = lock?.platforms.find((each) => each.platform === platform)?.packages ?? [];
  return new Map(packages.map((pkg) => [pkg.fqn, pkg]));
}

/** The packages that were added, removed or changed, by platform and full name. Without `before`, all were added. */
export function compareLocks(before: Lock | undefined, after: Lock): readonly LockChange[] {
  const names = [...(before?.platforms ?? []), ...after.platforms].map(({ platform }) => platform);
  return [...new Set(names)].sort(compareBytewise).flatMap((platform) => {
    const [old, young] = [pinsOf(before, platform), pinsOf(after, platform)];
    const fqns = [...new Set([...old.keys(), ...young.keys()])].sort(compareBytewise);
    return fqns.flatMap((fqn): readonly LockChange[] => {
      const [from, to] = [old.get(fqn), young.get(fqn)];
      if (from?.manifest.digest === to?.manifest.digest) return [];
      return [{ platform, fqn, ...(from && { from }), ...(to && { to }) }];
    });
  });
}
