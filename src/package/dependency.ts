/**
 * Capabilities and dependencies as a package document writes them.
 *
 * @module
 */

import { isLadingError } from "../errors.js";
import {
  type Alternatives,
  CAPABILITY_TYPES,
  type Capability,
  type Requirement,
  type VersionRange,
} from "./capability.js";
import { type Field, itemsOf, knownMembersOf, refuseField, textOf, wordOf } from "./field.js";
import type { Dependency } from "./package.js";
import {
  isVersionText,
  parseCapability,
  parseRequirement,
  parseRequirementPair,
  RANGE_OPERATORS,
} from "./requirement.js";

const SPELLINGS = '{"type": TYPE, "name": NAME}';

/** What a text says, its error turned into one that names the field. */
function parsed<T>(field: Field, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!isLadingError(error, "SYNTAX")) throw error;
    throw refuseField(field, SPELLINGS, error.message);
  }
}

function required(field: Field, members: ReadonlyMap<string, Field>, key: string): Field {
  const member = members.get(key);
  if (member === undefined) throw refuseField(field, `${SPELLINGS}, and it has no ${key}`);
  return member;
}

/** A version: 1 to 255 characters without spaces, parentheses and commas. */
export function versionOf(field: Field): string {
  if (isVersionText(field.value)) return field.value;
  throw refuseField(field, "a version: 1 to 255 characters without spaces, parentheses and commas");
}

/** `{runtime: "node-6"}`: the one member whose name is a type, or undefined for another shape. */
function pairOf(field: Field): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(field.value ?? {});
  const [key, value] = entries[0] ?? [];
  const isPair = entries.length === 1 && CAPABILITY_TYPES.some((type) => type === key) && typeof value === "string";
  return isPair ? { [String(key)]: value } : undefined;
}

/** Reads an item of `provides`: `{type, name, version?}`, `{runtime: "node-6"}` or `"runtime=node-6"`. */
export function readCapability(field: Field): Capability {
  const { value } = field;
  if (typeof value === "string") return parsed(field, () => parseCapability(value));
  const pair = pairOf(field);
  if (pair) return parsed(field, () => parseCapability(Object.entries(pair).flat().join("=")));
  const members = knownMembersOf(field, ["type", "name", "version"]);
  const version = members.get("version");
  return {
    type: wordOf(required(field, members, "type"), CAPABILITY_TYPES),
    name: textOf(required(field, members, "name")),
    ...(version ? { version: versionOf(version) } : {}),
  };
}

function readRange(field: Field): VersionRange {
  const members = knownMembersOf(field, ["operator", "version"]);
  const operator = members.get("operator");
  const version = members.get("version");
  if (!operator || !version) throw refuseField(field, '{"operator": OPERATOR, "version": VERSION}');
  return { operator: wordOf(operator, RANGE_OPERATORS), version: versionOf(version) };
}

/** Reads one requirement: `{type, name, range?, architecture?}`, `{runtime: "node-6"}` or `"jq (>= 1.6)"`. */
export function readRequirement(field: Field): Requirement {
  const { value } = field;
  if (typeof value === "string") return parsed(field, () => parseRequirement(value));
  const pair = pairOf(field);
  if (pair) return parsed(field, () => parseRequirementPair(pair));
  const members = knownMembersOf(field, ["type", "name", "range", "architecture"]);
  const range = members.get("range");
  const architecture = members.get("architecture");
  return {
    type: wordOf(required(field, members, "type"), CAPABILITY_TYPES),
    name: textOf(required(field, members, "name")),
    ...(range ? { range: readRange(range) } : {}),
    ...(architecture ? { architecture: textOf(architecture) } : {}),
  };
}

function hasMember(field: Field, key: string): boolean {
  return typeof field.value === "object" && field.value !== null && Object.hasOwn(field.value, key);
}

/** Reads an item of `dependencies`: a requirement, or `{anyOf: [requirement, …], strict?}`. */
export function readDependency(field: Field): Dependency {
  if (!hasMember(field, "anyOf")) return { anyOf: [readRequirement(field)] };
  const members = knownMembersOf(field, ["anyOf", "strict"]);
  const anyOf = itemsOf(members.get("anyOf") ?? field).map(readRequirement);
  if (anyOf.length === 0) throw refuseField(field, "at least one alternative in anyOf");
  const strict = members.get("strict");
  if (strict && typeof strict.value !== "boolean") throw refuseField(strict, "true or false");
  return strict?.value === true ? { anyOf, strict: true } : { anyOf };
}

/** Reads an item of `conflicts`: a requirement, or `{anyOf: [requirement, …]}`. */
export function readConflict(field: Field): Alternatives {
  if (!hasMember(field, "anyOf")) return [readRequirement(field)];
  const anyOf = knownMembersOf(field, ["anyOf"]).get("anyOf");
  const alternatives = itemsOf(anyOf ?? field).map(readRequirement);
  if (alternatives.length === 0) throw refuseField(field, "at least one alternative in anyOf");
  return alternatives;
}

/** Alternatives as a document writes them: a lone requirement stands for itself. */
export function documentAlternatives(anyOf: Alternatives, strict = false): object {
  const [first, ...others] = anyOf;
  if (first !== undefined && others.length === 0 && !strict) return first;
  return strict ? { anyOf, strict } : { anyOf };
}
