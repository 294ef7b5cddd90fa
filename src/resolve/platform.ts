/**
 * Which platform is resolved for, where nobody says.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Platform } from "../oci/platform.js";
import type { PackageRequest } from "../package/capability.js";
import type { Package } from "../package/package.js";
import { type Budget, spend } from "./budget.js";
import type { Candidates } from "./candidates.js";
import { formatList, formatRequest } from "./label.js";

/** What is taken where the packages do not say. */
const DEFAULT: Platform = { os: "linux", architecture: "amd64" };

type Field = "os" | "architecture";

/** Which packages a request could mean, on any platform. */
function meant(candidates: Candidates, request: PackageRequest): readonly number[] {
  return request.kind === "name" ? candidates.named(request.name) : candidates.meeting(request.requirement);
}

/** The values that these packages are bound to; empty if one of them runs on any. */
function valuesOf(packages: readonly Package[], field: Field): ReadonlySet<string> {
  const values = new Set<string>();
  for (const pkg of packages) {
    const value = pkg[field];
    if (value === undefined) return new Set();
    values.add(value);
  }
  return values;
}

/** Everything that the requests could lead to, on any platform. */
function reach(candidates: Candidates, requests: readonly PackageRequest[], budget: Budget): readonly Package[] {
  const found = new Set(requests.flatMap((request) => meant(candidates, request)));
  for (const id of found) {
    for (const { anyOf } of candidates.packages[id]?.dependencies ?? []) {
      for (const requirement of anyOf) {
        const ids = candidates.meeting(requirement);
        spend(budget, ids.length);
        for (const next of ids) found.add(next);
      }
    }
  }
  return [...found].map((id) => candidates.packages[id] as Package);
}

interface Bound {
  readonly request: PackageRequest;
  readonly values: ReadonlySet<string>;
}

function refuse(field: Field, left: Bound, right: Bound): LadingError<"CONFLICT"> {
  const name = field === "os" ? "operating system" : field;
  const names = [left, right].map(({ request }) => formatRequest(request));
  const [one, other] = [left, right].map(({ values }) => formatList([...values].sort()));
  return new LadingError(
    "CONFLICT",
    `Cannot resolve "${names[0]}" and "${names[1]}" together: the one is only there for ${one}, the other only for ${other}, expected one ${name}; add packages of one ${name}, or ask for one of the two`,
    { packages: names, chain: ["recipe", ...names.slice(0, 1)] },
  );
}

/** The values that all of them allow. */
function intersect(field: Field, bounds: readonly Bound[]): ReadonlySet<string> | undefined {
  let common: ReadonlySet<string> | undefined;
  for (const bound of bounds) {
    const left: ReadonlySet<string> = common ?? bound.values;
    common = new Set([...left].filter((value) => bound.values.has(value)));
    if (common.size > 0) continue;
    const disjoint = ({ values }: Bound) => ![...values].some((value) => bound.values.has(value));
    const other = bounds.find(disjoint) ?? bounds[0];
    if (other) throw refuse(field, other, bound);
  }
  return common;
}

/**
 * The platform that the packages say, else linux/amd64; never the machine's.
 *
 * An architecture (and, by itself, an operating system) is taken where all requests that are bound to some have exactly that
 * one in common; where no request is bound to any, what they lead to decides in the same way.
 *
 * @throws {LadingError} `CONFLICT` when two requests have none in common.
 */
export function choosePlatform(candidates: Candidates, requests: readonly PackageRequest[], budget: Budget): Platform {
  let reached: readonly Package[] | undefined;
  const choose = (field: Field): string => {
    const packagesOf = (request: PackageRequest) =>
      meant(candidates, request).map((id) => candidates.packages[id] as Package);
    const bounds = requests
      .map((request) => ({ request, values: valuesOf(packagesOf(request), field) }))
      .filter(({ values }) => values.size > 0);
    const common = intersect(field, bounds);
    reached ??= common ? [] : reach(candidates, requests, budget);
    const values =
      common ??
      valuesOf(
        reached.filter((pkg) => pkg[field] !== undefined),
        field,
      );
    const [only] = values;
    return values.size === 1 && only !== undefined ? only : DEFAULT[field];
  };
  return { os: choose("os"), architecture: choose("architecture") };
}
