/**
 * Capabilities: what packages provide and depend on.
 *
 * @module
 */

/** The four kinds of capability. */
export const CAPABILITY_TYPES = ["os", "runtime", "file", "package"] as const;

/** `package` is the bucket for anything that is not an operating system, a runtime or a file. */
export type CapabilityType = (typeof CAPABILITY_TYPES)[number];

/** Something that a package gives. Two capabilities are the same when type and name are equal, character by character. */
export interface Capability {
  readonly type: CapabilityType;
  readonly name: string;
  /** The version that is provided, in the scheme of the package's ecosystem. */
  readonly version?: string;
}

export type RangeOperator = "<<" | "<=" | "=" | ">=" | ">>";

/** A bound on versions, in the scheme of the ecosystem of the package that provides them. */
export interface VersionRange {
  readonly operator: RangeOperator;
  readonly version: string;
}

/** A capability that is wanted, perhaps with a bound on its version. */
export interface Requirement {
  readonly type: CapabilityType;
  readonly name: string;
  readonly range?: VersionRange;
  /** Only packages of this architecture, as the ecosystem writes it (`libc6:amd64`); `any` for any. */
  readonly architecture?: string;
}

/** One of these must be met; the first that can be is taken. Mostly there is just one. */
export type Alternatives = readonly Requirement[];

/** One package that is asked for: by a capability, or by its name, full (`package::/ns::name`) or short (`/ns::name`, `name`). */
export type PackageRequest =
  | { readonly kind: "capability"; readonly requirement: Requirement }
  | { readonly kind: "name"; readonly name: string };

/** `type:name`, or `name (>= 1.6)` where the type is `package`, as messages show it. */
export function formatRequirement(requirement: Requirement): string {
  const { type, name, range, architecture } = requirement;
  const named = `${type === "package" ? "" : `${type}:`}${name}${architecture ? `:${architecture}` : ""}`;
  return range ? `${named} (${range.operator} ${range.version})` : named;
}

/** Alternatives as messages show them, `a | b`. */
export function formatAlternatives(alternatives: Alternatives): string {
  return alternatives.map(formatRequirement).join(" | ");
}
