/**
 * A policy applied to one job: which of the packages that would do may be chosen, and which of them come first.
 *
 * Rules on a realm are inherited by the namespaces below it. `retire` and `lock` hold for all of these; of defaults those of
 * the nearest realm count, and on one realm those under a condition before those without.
 *
 * @module
 */

import type { Requirement } from "../package/capability.js";
import type { Package } from "../package/package.js";
import {
  type Condition,
  formatRealm,
  isInRealm,
  type Policy,
  type PolicyRule,
  type Realm,
  realmDepth,
} from "./policy.js";

/** What is left to choose from. */
export interface Allowed {
  /** Those that policy wants first, then the others in their order. */
  readonly ids: readonly number[];
  /** Those that `package.default` names. */
  readonly preferred: readonly number[];
}

/** A policy, made ready for one job and one catalog. */
export interface AppliedPolicy {
  /** The realm that is resolved for, `job::/prod`. */
  readonly job: string;
  /** What may be chosen for a requirement, or for a request by name where there is none. `ids` in the order of choice. */
  choose(requirement: Requirement | undefined, ids: readonly number[]): Allowed;
  /** Why a package may not be chosen; undefined where it may. `ids` are all that would do without a policy. */
  refusal(requirement: Requirement | undefined, ids: readonly number[], id: number): string | undefined;
  /** The defaults that count for a requirement, as messages name them. */
  defaults(requirement: Requirement | undefined, ids: readonly number[]): readonly string[];
}

const placeOf = ({ path, line }: PolicyRule) => `${path}:${line}`;

function holds(condition: Condition | undefined, requirement: Requirement | undefined): boolean {
  if (condition === undefined) return true;
  if (condition.kind === "dependency") {
    const { type, name } = condition.requirement;
    return requirement?.type === type && requirement.name === name;
  }
  const hold = (each: Condition) => holds(each, requirement);
  return condition.kind === "all" ? condition.of.every(hold) : condition.of.some(hold);
}

/** The realm of a package: its namespace and local name. */
function realmOf({ fqn, name }: Package): Realm {
  return { namespace: fqn.slice("package::".length, fqn.length - name.length - "::".length), name };
}

/** The rules that count for one requirement. */
interface Relevant {
  readonly retires: readonly PolicyRule[];
  /** Undefined where everything is allowed. */
  readonly allows: readonly PolicyRule[] | undefined;
  readonly locks: readonly PolicyRule[];
  readonly defaults: readonly PolicyRule[];
}

/** Of the rules of the nearest realm, those under a condition where there are some. */
function nearestRules(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  const rank = ({ jobs, when }: PolicyRule) => 2 * realmDepth(jobs) + (when === undefined ? 0 : 1);
  const most = Math.max(...rules.map(rank));
  return rules.filter((rule) => rank(rule) === most);
}

/**
 * Applies a policy to a job, or to a realm of jobs.
 *
 * Where no document allows anything, whatever the realm, all packages may be chosen; else only those that a `package.allow`
 * of the job's realms names.
 */
export function applyPolicy(policy: Policy, job: Realm, packages: readonly Package[]): AppliedPolicy {
  const own = policy.rules.filter(({ jobs }) => isInRealm(job, jobs));
  const restricts = policy.rules.some(({ action }) => action === "allow");
  const label = `job::${formatRealm(job)}`;
  const realms = new Map<number, Realm>();
  const names = ({ packages: target }: PolicyRule, id: number): boolean => {
    const realm = realms.get(id) ?? realmOf(packages[id] as Package);
    realms.set(id, realm);
    return isInRealm(realm, target);
  };
  const relevant = (requirement: Requirement | undefined, ids: readonly number[]): Relevant => {
    const rules = own.filter(({ when }) => holds(when, requirement));
    const of = (action: PolicyRule["action"]) => rules.filter((rule) => rule.action === action);
    const namesAny = (rule: PolicyRule) => ids.some((id) => names(rule, id));
    // A lock without a condition is about what the package provides; who asks for a package by its name means that one.
    const isLocking = (rule: PolicyRule) => requirement !== undefined && (rule.when !== undefined || namesAny(rule));
    return {
      retires: of("retire"),
      allows: restricts ? of("allow") : undefined,
      locks: of("lock").filter(isLocking),
      defaults: of("default"),
    };
  };
  const refuse = ({ retires, allows, locks }: Relevant, id: number): string | undefined => {
    const retired = retires.find((rule) => names(rule, id));
    if (retired) return `${placeOf(retired)} retires it`;
    if (allows !== undefined && !allows.some((rule) => names(rule, id))) return `no policy allows it for ${label}`;
    const lock = locks.find((rule) => !names(rule, id));
    return lock && `${placeOf(lock)} locks the choice to ${formatRealm(lock.packages)}`;
  };
  const decide = (requirement: Requirement | undefined, ids: readonly number[]) => {
    const rules = relevant(requirement, ids);
    const allowed = ids.filter((id) => refuse(rules, id) === undefined);
    // A default that may not be taken leaves the choice to the next.
    const defaults = nearestRules(rules.defaults.filter((rule) => allowed.some((id) => names(rule, id))));
    return { allowed, defaults };
  };
  const known = new Map<readonly number[], Allowed>();
  return {
    job: label,
    choose(requirement, ids) {
      const before = known.get(ids);
      if (before !== undefined) return before;
      const { allowed, defaults } = decide(requirement, ids);
      const preferred = allowed.filter((id) => defaults.some((rule) => names(rule, id)));
      const chosen = { ids: [...new Set([...preferred, ...allowed])], preferred };
      known.set(ids, chosen);
      return chosen;
    },
    refusal: (requirement, ids, id) => refuse(relevant(requirement, ids), id),
    defaults: (requirement, ids) => decide(requirement, ids).defaults.map(placeOf),
  };
}
