/**
 * `Policy`: which packages the jobs of a realm may use, and which of several they take.
 *
 * @module
 */

import type { Requirement } from "../package/capability.js";

/** What a rule does with the packages that it names. */
export type PolicyAction = "allow" | "default" | "lock" | "retire";

/** A set of jobs or packages: all of a namespace and of those below it, or those of one local name in it. */
export interface Realm {
  /** `/`, or `/` and parts that are joined by `/`. */
  readonly namespace: string;
  readonly name?: string;
}

/** What has to hold for a rule to apply to a dependency. */
export type Condition =
  | { readonly kind: "dependency"; readonly requirement: Pick<Requirement, "type" | "name"> }
  | { readonly kind: "all" | "any"; readonly of: readonly Condition[] };

/** One claim of a policy, with all that stands around it. */
export interface PolicyRule {
  readonly action: PolicyAction;
  /** The jobs that it is for. */
  readonly jobs: Realm;
  /** The packages that it names. */
  readonly packages: Realm;
  /** Undefined where it applies to every dependency. */
  readonly when?: Condition;
  /** The document, as a person knows it, and the line of the claim in it. */
  readonly path: string;
  readonly line: number;
}

/** The rules on packages of some policy documents, in their order. Plain data. */
export interface Policy {
  readonly rules: readonly PolicyRule[];
}

/** The policy that several documents make together. */
export function joinPolicies(policies: readonly Policy[]): Policy {
  return { rules: policies.flatMap(({ rules }) => rules) };
}

/** `/prod`, or `/prod::web`. */
export function formatRealm({ namespace, name }: Realm): string {
  return name === undefined ? namespace : `${namespace}::${name}`;
}

/** Is everything of `inner` in `outer`? A namespace holds those below it; a local name is in its own namespace alone. */
export function isInRealm(inner: Realm, outer: Realm): boolean {
  if (outer.name !== undefined) return inner.namespace === outer.namespace && inner.name === outer.name;
  if (outer.namespace === "/" || inner.namespace === outer.namespace) return true;
  return inner.namespace.startsWith(`${outer.namespace}/`);
}

/** How near a realm is to one local name: more for a child than for its parent. */
export function realmDepth({ namespace, name }: Realm): number {
  const parts = namespace === "/" ? 0 : namespace.split("/").length - 1;
  return 2 * parts + (name === undefined ? 0 : 1);
}
