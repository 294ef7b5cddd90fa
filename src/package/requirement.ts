/**
 * The spellings of requirements and capabilities: `runtime.node-6`, `os=buildroot`, `jq (>= 1.6)`, `{runtime: "node-6"}`.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { isDebianArchitecture } from "./architecture.js";
import {
  CAPABILITY_TYPES,
  type Capability,
  type CapabilityType,
  type RangeOperator,
  type Requirement,
  type VersionRange,
} from "./capability.js";
import { nearest } from "./nearest.js";

/** UTF-16 code units that a capability's name may have. */
export const MAX_NAME_LENGTH = 255;

/** The operators of a range, as Debian writes them. */
export const RANGE_OPERATORS: readonly RangeOperator[] = ["<<", "<=", "=", ">=", ">>"];

const TYPED = new RegExp(`^(${CAPABILITY_TYPES.join("|")})(?:\\.|\\s*[=:])`);
const RANGED = /^(.*?)\s*\(\s*([<=>]*)\s*([^()]*?)\s*\)$/s;
const BARE_RANGE = /\s(<<|<=|=|>=|>>|<|>)\s*\S/;
const QUALIFIED = /^(.+):([a-z0-9-]+)$/s;
/** Control characters, line separators and lone surrogates. */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Is it one of the four types? */
export function isCapabilityType(text: unknown): text is CapabilityType {
  return (CAPABILITY_TYPES as readonly unknown[]).includes(text);
}

/** Is it the operator of a range? */
export function isRangeOperator(text: unknown): text is RangeOperator {
  return (RANGE_OPERATORS as readonly unknown[]).includes(text);
}

/** May a capability be called so: 1 to 255 characters, none of them a control character? */
export function isCapabilityName(text: unknown): text is string {
  return typeof text === "string" && text.length > 0 && text.length <= MAX_NAME_LENGTH && !CONTROL.test(text);
}

/** May a version be written so: 1 to 255 characters, no spaces, parentheses, commas or control characters? */
export function isVersionText(text: unknown): text is string {
  return isCapabilityName(text) && !/[\s(),|]/.test(text);
}

function refuse(text: string, why: string): LadingError<"SYNTAX"> {
  const input = text.slice(0, MAX_NAME_LENGTH);
  return new LadingError("SYNTAX", `Cannot parse requirement ${JSON.stringify(input)}: ${why}`, {
    kind: "requirement",
    input,
  });
}

/** A name before `=` that is nearly a type is one that somebody misspelt. */
function checkNoType(text: string): string {
  const [, word = ""] = /^([a-z]+)\s*=/i.exec(text) ?? [];
  const type = nearest(word, CAPABILITY_TYPES);
  if (type === undefined) return text;
  throw refuse(text, `"${word}" is no type, expected one of ${CAPABILITY_TYPES.join(", ")}; probably ${type}`);
}

function splitType(text: string): { readonly type: CapabilityType; readonly rest: string } {
  const match = TYPED.exec(text);
  if (match === null) return { type: "package", rest: checkNoType(text) };
  return { type: match[1] as CapabilityType, rest: text.slice(match[0].length).trim() };
}

function parseRange(text: string, operator: string, version: string): VersionRange {
  if (operator === "<" || operator === ">") {
    throw refuse(text, `operator ${operator} is ambiguous, expected ${operator}${operator} or ${operator}=`);
  }
  if (!isRangeOperator(operator)) {
    throw refuse(text, `operator ${JSON.stringify(operator)} is unknown, expected one of ${RANGE_OPERATORS.join(" ")}`);
  }
  if (!isVersionText(version)) throw refuse(text, "its range has no usable version, expected NAME (>= VERSION)");
  return { operator, version };
}

function checkName(text: string, name: string): string {
  if (isCapabilityName(name)) return name;
  throw refuse(
    text,
    `its name is ${name === "" ? "empty" : "unusable"}, expected 1 to 255 characters without control characters`,
  );
}

/** `name[:architecture] [(operator version)]`. */
function parsePackage(text: string, rest: string): Requirement {
  const ranged = RANGED.exec(rest);
  const named = ranged?.[1] ?? rest;
  if (ranged === null && BARE_RANGE.test(rest)) {
    throw refuse(text, "its range has no parentheses, expected NAME (>= VERSION)");
  }
  const qualified = QUALIFIED.exec(named);
  const qualifier = qualified?.[2] ?? "";
  const known = qualifier === "any" || isDebianArchitecture(qualifier);
  return {
    type: "package",
    name: checkName(text, known ? (qualified?.[1] ?? named) : named),
    ...(ranged ? { range: parseRange(text, ranged[2] ?? "", ranged[3] ?? "") } : {}),
    ...(known ? { architecture: qualifier } : {}),
  };
}

/**
 * Reads one requirement: `runtime.java-1.8`, `os=buildroot`, `runtime:node` (as messages show it), `package=jq (>= 1.6)`,
 * `jq (>= 1.6)`, `libc6:amd64`.
 *
 * It is split at the first `.`, `=` or `:` if one of the four types stands before it; else it is a package's name. Only
 * packages take a range (`<<`, `<=`, `=`, `>=`, `>>`) and an architecture of Debian's after a last `:`.
 *
 * @throws {LadingError} `SYNTAX` for a misspelt type before `=`, an empty name, one of more than 255 characters or with a control character, an unknown
 * operator, and a range without parentheses, without version, or on another type than `package`.
 */
export function parseRequirement(text: string): Requirement {
  const { type, rest } = splitType(text.trim());
  if (type === "package") return parsePackage(text, rest);
  if (/^[<=>]/.test(RANGED.exec(rest)?.[2] ?? "")) {
    throw refuse(
      text,
      `type ${type} takes no version range, expected a name that says the version, such as ${type}=NAME-1.6`,
    );
  }
  return { type, name: checkName(text, rest) };
}

/** The parts of a comma list. A last comma is fine; an empty part elsewhere is not. */
function splitList(text: string): readonly string[] {
  const parts = text.split(",").map((part) => part.trim());
  if (parts.at(-1) === "") parts.pop();
  if (parts.includes("") || parts.length === 0)
    throw refuse(text, "a part of the list is empty, expected TYPE=NAME, TYPE=NAME");
  return parts;
}

/** Reads a comma list of requirements, `os.centos-7, os.centos`. Throws like {@link parseRequirement}. */
export function parseRequirements(text: string): readonly Requirement[] {
  return splitList(text).map(parseRequirement);
}

/** Reads one capability that is provided: `runtime=node`, `package=jq (= 1.6)`. Throws like {@link parseRequirement}. */
export function parseCapability(text: string): Capability {
  const { type, name, range, architecture } = parseRequirement(text);
  if (architecture !== undefined) throw refuse(text, "a capability has no architecture, expected TYPE=NAME");
  if (range === undefined) return { type, name };
  if (range.operator !== "=") throw refuse(text, `a capability has one version, expected NAME (= ${range.version})`);
  return { type, name, version: range.version };
}

/** Reads a comma list of capabilities, `runtime=node-6,runtime=node`. Throws like {@link parseRequirement}. */
export function parseCapabilities(text: string): readonly Capability[] {
  return splitList(text).map(parseCapability);
}

/**
 * A requirement as one key and its name, `{ runtime: "node-6" }` or `{ package: "jq (>= 1.6)" }`.
 *
 * @throws {LadingError} `SYNTAX` unless there is exactly one key, one of the four types, and a valid text.
 */
export function parseRequirementPair(pair: Readonly<Record<string, string>>): Requirement {
  const [entry, ...others] = Object.entries(pair);
  const [type, name] = entry ?? ["", ""];
  if (others.length > 0 || !isCapabilityType(type)) {
    throw refuse(Object.keys(pair).join(", "), `expected exactly one of ${CAPABILITY_TYPES.join(", ")}`);
  }
  return parseRequirement(`${type}=${name}`);
}
