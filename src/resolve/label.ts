/**
 * How packages, requests and chains look in messages.
 *
 * @module
 */

import type { Chain } from "../errors.js";
import { formatAlternatives, type PackageRequest, type Requirement } from "../package/capability.js";
import type { PackageMetadata } from "../package/package.js";
import type { Want } from "./problem.js";

/** UTF-16 code units that one name may take in a message. */
const MAX_LENGTH = 200;

/** One line that cannot be mistaken for several, whatever a document holds. */
export function clean(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "?");
  return line.length > MAX_LENGTH ? `${line.slice(0, MAX_LENGTH)}…` : line;
}

/** `python3 3.11.2-1`. */
export function formatPackage({ name, version }: PackageMetadata): string {
  return clean(version === undefined ? name : `${name} ${version}`);
}

/** `jq (>= 1.6)`, or the name as it was asked for. */
export function formatRequest(request: PackageRequest): string {
  return clean(request.kind === "name" ? request.name : formatAlternatives([request.requirement]));
}

/** What is wanted, `a | b`. */
export function formatWant(want: Want): string {
  return want.request ? formatRequest(want.request) : clean(formatAlternatives(want.anyOf));
}

/** The package and, where its name does not say it, what it was wanted for: `mawk 1.3 for awk`, `libc6 2.36 (>= 2.34)`. */
export function formatStep(pkg: PackageMetadata, requirement: Requirement | undefined): string {
  const label = formatPackage(pkg);
  if (requirement === undefined) return label;
  if (requirement.type !== "package" || requirement.name !== pkg.name) {
    return `${label} for ${clean(formatAlternatives([requirement]))}`;
  }
  const { range } = requirement;
  return range ? `${label} (${clean(`${range.operator} ${range.version}`)})` : label;
}

/** `recipe → a → b`. */
export function formatChain(chain: Chain): string {
  return chain.join(" → ");
}

/** `a, b and 3 more`. */
export function formatList(items: readonly string[], max = 10, separator = ", "): string {
  const shown = items.slice(0, max).join(separator);
  return items.length > max ? `${shown} and ${items.length - max} more` : shown;
}
