/**
 * `Recipe`: what a person writes. Every front end gives one of these.
 *
 * @module
 */

import type { Platform } from "../oci/platform.js";
import type { PackageRequest } from "../package/capability.js";

export type { PackageRequest };

/** Files of the recipe's own. */
export interface RecipeFiles {
  /** A glob or a path, relative to the recipe's folder. A folder ends in `/` or is found to be one. */
  readonly from: string;
  /** Absolute path in the image. Ends in `/` where things go into it. */
  readonly to: string;
  /** Globs that are left out: from the ignore file and from the list, in order; `!` takes one back. */
  readonly ignore: readonly string[];
  /** A file of such globs, relative to the recipe's folder. */
  readonly ignoreFile?: string;
}

/** What is wanted; validated, nothing resolved, no file read but the recipe. */
export interface Recipe {
  /** Where packages come from, first ones first: `docker://HOST/NAME`, `store:` (the local store alone). */
  readonly catalogs?: readonly string[];
  readonly packages: readonly PackageRequest[];
  readonly files: readonly RecipeFiles[];
  /** Values may name earlier ones, `$PATH`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly user?: string;
  readonly workdir?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `8080`, `8080/tcp`, `53/udp`. */
  readonly ports: readonly string[];
  /** Absolute paths. */
  readonly volumes: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  /** None: what the packages say, else linux/amd64. */
  readonly platforms: readonly Platform[];
  /** An image of any transport whose layers come first. */
  readonly base?: string;
}
