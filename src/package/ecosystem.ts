/**
 * What differs between ecosystems when packages are chosen: how versions are ordered, and whether circles are allowed.
 *
 * @module
 */

import { compareDebianVersions } from "./formats/debian/version.js";
import type { Ecosystem } from "./package.js";
import { compareNaturalVersions } from "./version.js";

/** The rules that resolving asks for. */
export interface EcosystemRules {
  /** Negative, zero or positive as `left` is older than, equal to or newer than `right`. */
  compareVersions(ecosystem: Ecosystem, left: string, right: string): number;
  /** May packages need each other in a circle? */
  acceptsCycles(ecosystem: Ecosystem): boolean;
}

/** The rules of every ecosystem that lading reads packages of. */
export const ECOSYSTEM_RULES: EcosystemRules = {
  compareVersions(ecosystem, left, right) {
    return ecosystem === "debian" ? compareDebianVersions(left, right) : compareNaturalVersions(left, right);
  },
  acceptsCycles: (ecosystem) => ecosystem === "debian",
};
