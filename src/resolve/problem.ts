/**
 * What has to be solved: which packages can be reached, what each of them wants, and which exclude each other.
 *
 * @module
 */

import type { Platform } from "../oci/platform.js";
import type { Alternatives, PackageRequest, Requirement } from "../package/capability.js";
import type { Package } from "../package/package.js";
import { type Budget, spend } from "./budget.js";
import { compareBytewise } from "./bytewise.js";
import type { Candidates } from "./candidates.js";
import { formatRequest } from "./label.js";
import { addTo } from "./multimap.js";
import type { AppliedPolicy } from "./policy-apply.js";

/** The owner of what the recipe wants. */
export const RECIPE = -1;

/** A request, or one dependency of one package: at least one member has to be chosen when the owner is. */
export interface Want {
  /** {@link RECIPE}, or a package. */
  readonly owner: number;
  readonly request?: PackageRequest;
  /** Empty for a request by name. */
  readonly anyOf: Alternatives;
  readonly strict: boolean;
  /** What meets it, those that are wanted more first; one list for each alternative. */
  readonly groups: readonly (readonly number[])[];
  /** The groups in one list; what was settled on before comes first. */
  readonly members: readonly number[];
  /** Members that policy has as defaults: they come first, before any other preference. */
  readonly preferred: ReadonlySet<number>;
  /** Is a preference enough to choose between several names? Else that is ambiguous. */
  readonly lenient: boolean;
}

/** Packages of which each holder excludes each member but itself. */
export interface Exclusion {
  readonly holders: readonly number[];
  readonly members: readonly number[];
}

export interface Problem {
  readonly candidates: Candidates;
  readonly platform: Platform;
  readonly budget: Budget;
  readonly policy: AppliedPolicy | undefined;
  readonly wants: readonly Want[];
  /** Numbers of the recipe's wants. */
  readonly roots: readonly number[];
  /** Numbers of each package's wants; absent for what cannot be reached. */
  readonly wantsOf: readonly (readonly number[] | undefined)[];
  /** The packages of each family that can be reached. */
  readonly versions: ReadonlyMap<number, readonly number[]>;
  readonly exclusions: readonly Exclusion[];
  /** Exclusions that the package holds, and those that it is a member of. */
  readonly held: ReadonlyMap<number, readonly Exclusion[]>;
  readonly suffered: ReadonlyMap<number, readonly Exclusion[]>;
  /** Was the package's name settled on before, so that choosing it is no guess? */
  readonly isSettled: (id: number) => boolean;
}

/** Each request once, in an order of their own. */
export function sortRequests(requests: readonly PackageRequest[]): readonly PackageRequest[] {
  const byText = new Map(requests.map((request) => [`${request.kind} ${JSON.stringify(request)}`, request]));
  const sorted = [...byText].sort(
    ([leftKey, left], [rightKey, right]) =>
      compareBytewise(formatRequest(left), formatRequest(right)) || compareBytewise(leftKey, rightKey),
  );
  return sorted.map(([, request]) => request);
}

/** The groups in one list, what was settled on first. */
function flatten(groups: Want["groups"], isSettled: Problem["isSettled"]): readonly number[] {
  const members = groups.length === 1 ? (groups[0] ?? []) : [...new Set(groups.flat())];
  if (members.length < 2 || !members.some(isSettled)) return members;
  return [...members.filter(isSettled), ...members.filter((id) => !isSettled(id))];
}

/** What the problem is stated from. */
interface Given extends Pick<Problem, "candidates" | "platform" | "budget" | "policy" | "isSettled"> {}

const NONE: ReadonlySet<number> = new Set();

/** What meets each alternative, or has the name that is asked for, as far as policy allows it. */
function groupsOf({ candidates, platform, policy }: Given, anyOf: Alternatives, name?: string) {
  const found: readonly (readonly [Requirement | undefined, readonly number[]])[] =
    name === undefined
      ? anyOf.map((requirement) => [requirement, candidates.meeting(requirement, platform)])
      : [[undefined, candidates.named(name, platform)]];
  if (policy === undefined) return { groups: found.map(([, ids]) => ids), preferred: NONE };
  const allowed = found.map(([requirement, ids]) => policy.choose(requirement, ids));
  const preferred = allowed.flatMap((each) => each.preferred);
  return { groups: allowed.map(({ ids }) => ids), preferred: preferred.length === 0 ? NONE : new Set(preferred) };
}

/** Finds what can be reached, as it goes through it. */
function reach(requests: readonly PackageRequest[], given: Given) {
  const { candidates, budget, isSettled } = given;
  const wants: Want[] = [];
  const reached = new Set<number>();
  const wantsOf: number[][] = [];
  const add = (want: Want): number => {
    spend(budget, 10 + want.members.length);
    for (const id of want.members) reached.add(id);
    return wants.push(want) - 1;
  };
  const roots = requests.map((request) => {
    const anyOf = request.kind === "name" ? [] : [request.requirement];
    const found = groupsOf(given, anyOf, request.kind === "name" ? request.name : undefined);
    const members = flatten(found.groups, isSettled);
    return add({ owner: RECIPE, request, anyOf, strict: false, ...found, members, lenient: false });
  });
  // The set grows while it is walked: this visits each package once, in order of distance.
  for (const owner of reached) {
    const { dependencies, ecosystem } = candidates.packages[owner] as Package;
    const own: number[] = [];
    wantsOf[owner] = own;
    for (const { anyOf, strict = false } of dependencies) {
      const found = groupsOf(given, anyOf);
      const members = flatten(found.groups, isSettled);
      // What a package provides itself it need not wait for.
      if (anyOf.length === 0 || members.includes(owner)) continue;
      own.push(add({ owner, anyOf, strict, ...found, members, lenient: ecosystem === "debian" }));
    }
  }
  return { wants, roots, wantsOf, reached };
}

/** Who excludes whom. Packages with the same line of `conflicts` share one exclusion. */
function exclude(reached: ReadonlySet<number>, candidates: Candidates, platform: Platform, budget: Budget) {
  const holders = new Map<string, { readonly requirement: Requirement; readonly ids: number[] }>();
  for (const id of reached) {
    for (const requirement of (candidates.packages[id] as Package).conflicts.flat()) {
      const key = JSON.stringify([requirement.type, requirement.name, requirement.range, requirement.architecture]);
      const known = holders.get(key);
      if (known) known.ids.push(id);
      else holders.set(key, { requirement, ids: [id] });
    }
  }
  const exclusions: Exclusion[] = [];
  const held = new Map<number, Exclusion[]>();
  const suffered = new Map<number, Exclusion[]>();
  for (const { requirement, ids } of holders.values()) {
    const members = candidates.meeting(requirement, platform).filter((id) => reached.has(id));
    if (members.length === 0 || (members.length === 1 && ids.length === 1 && members[0] === ids[0])) continue;
    spend(budget, 10 + members.length + ids.length);
    const exclusion = { holders: ids, members };
    exclusions.push(exclusion);
    for (const id of ids) addTo(held, id, exclusion);
    for (const id of members) addTo(suffered, id, exclusion);
  }
  return { exclusions, held, suffered };
}

/** What comes before the order that packages have by themselves. */
export interface Leanings {
  readonly policy?: AppliedPolicy | undefined;
  /** Full names that were settled on before. */
  readonly settled?: ReadonlySet<string> | undefined;
}

/** States the problem for requests as {@link sortRequests} gives them. Costs as much as there is to reach. */
export function createProblem(
  requests: readonly PackageRequest[],
  candidates: Candidates,
  platform: Platform,
  budget: Budget,
  { policy, settled = new Set() }: Leanings = {},
): Problem {
  const isSettled = (id: number) => settled.size > 0 && settled.has((candidates.packages[id] as Package).fqn);
  const given = { candidates, platform, budget, policy, isSettled };
  const { wants, roots, wantsOf, reached } = reach(requests, given);
  const versions = new Map<number, number[]>();
  for (const id of [...reached].sort((left, right) => left - right)) {
    addTo(versions, candidates.families[id] as number, id);
  }
  const exclusions = exclude(reached, candidates, platform, budget);
  return { ...given, wants, roots, wantsOf, versions, ...exclusions };
}
