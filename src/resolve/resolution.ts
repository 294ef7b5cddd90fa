/**
 * `Resolution`: the packages that were chosen, in layer order, each with the reason why.
 *
 * @module
 */

import type { Chain } from "../errors.js";
import type { Platform } from "../oci/platform.js";
import type { Ecosystem, Package } from "../package/package.js";
import type { Policy, Realm } from "./policy.js";

/** What was chosen. Plain data; the same requests and catalog, in any order, give the same resolution. */
export interface Resolution {
  readonly platform: Platform;
  /** Layer order: dependencies before dependents. */
  readonly packages: readonly ResolvedPackage[];
}

/** A package that was chosen. */
export interface ResolvedPackage {
  readonly package: Package;
  /**
   * The shortest way that led to it, outermost first: `["recipe", "python3 3.11.2-1", "libc6 2.36-9 (>= 2.34)"]`. A long one
   * has its middle replaced by `… 42 more …`.
   */
  readonly because: Chain;
}

/** What resolving has to be told. */
export interface ResolveOptions {
  /** What is resolved for: what the packages say, else linux/amd64. */
  readonly platform?: Platform;
  /** Negative, zero or positive as `left` is older than, equal to or newer than `right`, in the ecosystem's scheme. */
  readonly compareVersions: (ecosystem: Ecosystem, left: string, right: string) => number;
  /** May packages of the ecosystem need each other in a circle? */
  readonly acceptsCycles: (ecosystem: Ecosystem) => boolean;
  /** Full names that are taken before any other where several would do: those that an earlier lock settled on (none). */
  readonly settled?: ReadonlySet<string> | undefined;
  /** Which packages may be chosen, and which come first (all may, and none does). */
  readonly policy?: Policy | undefined;
  /** The job, or the realm of jobs, for which policy is asked (`/`). */
  readonly job?: Realm | undefined;
}
