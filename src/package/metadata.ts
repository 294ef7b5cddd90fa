/**
 * Package documents: the JSON beside a package's tarball.
 *
 * ```
 * { "name": "node-6.11.0", "provides": [{ "type": "runtime", "name": "node-6" }],
 *   "dependencies": [{ "type": "os", "name": "linux" }], "environment": { "PATH": "/opt/node/bin:$PATH" },
 *   "resource": { "digest": "sha256:…", "length": 24926087 } }
 * ```
 *
 * The members are Apcera's; `version`, `architecture`, `os`, `description`, `conflicts`, `ecosystem`, `preference`,
 * `control` and the longer checksums are lading's. A member that is `null` counts as absent.
 *
 * @module
 */

import { decodeJson } from "../oci/json.js";
import { ARCHITECTURES, architectureOf } from "./architecture.js";
import { readClaims } from "./claims.js";
import { documentAlternatives, readCapability, readConflict, readDependency, versionOf } from "./dependency.js";
import { countOf, type Field, itemsOf, knownMembersOf, membersOf, refuseField, textOf, wordOf } from "./field.js";
import { formatFqn, parseFqn } from "./fqn.js";
import type { Ecosystem, PackageMetadata, ResourceClaims } from "./package.js";

/** Members that say something of a package. */
const MEANT = [
  "fqn",
  "name",
  "version",
  "ecosystem",
  "architecture",
  "os",
  "description",
  "state",
  "provides",
  "dependencies",
  "conflicts",
  "environment",
  "tags",
  "preference",
  "control",
  "resource",
  "resources",
] as const;

/** Members that Apcera keeps for itself; they are accepted and not kept. */
const IGNORED = [
  "uuid",
  "error_message",
  "staging_pipeline",
  "staging_pipeline_fqn",
  "created_at",
  "created_by",
  "updated_at",
  "updated_by",
  "version_id",
] as const;

const ECOSYSTEMS: readonly Ecosystem[] = ["apcera", "debian"];
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Characters of a description or a control paragraph. */
const MAX_TEXT = 1024 * 1024;

/** What a document says: the package, and what it claims of the resource. */
export interface PackageDocument {
  readonly metadata: PackageMetadata;
  readonly claims: ResourceClaims;
}

export interface DocumentOptions {
  /** What messages call the document: its path. */
  readonly source: string;
  /** Where a package stands whose document has a `name` alone (`/`). */
  readonly namespace?: string | undefined;
}

/** How a document is read that is JSON already. */
export interface ReadDocumentOptions extends Pick<DocumentOptions, "namespace"> {
  /** Called with each member that is not known (it is an error). */
  readonly onUnknown?: ((key: string) => void) | undefined;
}

type Members = ReadonlyMap<string, Field>;

function list<T>(members: Members, key: string, read: (field: Field) => T): readonly T[] {
  const field = members.get(key);
  return field ? itemsOf(field).map(read) : [];
}

function nameOf(field: Field, namespace: string): { readonly fqn: string; readonly name: string } {
  try {
    const fqn = parseFqn(textOf(field), namespace);
    return { fqn: formatFqn(fqn), name: fqn.name };
  } catch (error) {
    throw refuseField(field, "a package's name", error instanceof Error ? error.message : undefined);
  }
}

function namesOf(root: Field, members: Members, namespace: string): { readonly fqn: string; readonly name: string } {
  const fqn = members.get("fqn");
  const name = members.get("name");
  const field = fqn ?? name;
  if (field === undefined) throw refuseField({ ...root, path: "name", value: null }, "a name or an fqn");
  const names = nameOf(field, namespace);
  if (fqn && name && name.value !== names.name) {
    throw refuseField(name, `the local name of its fqn, ${JSON.stringify(names.name)}`);
  }
  if (!fqn && names.name !== field.value) throw refuseField(field, "a local name", "write a full name as fqn");
  return names;
}

function architectureIn(field: Field): string | undefined {
  const text = textOf(field);
  if (text === "all" || text === "any" || text === "noarch") return undefined;
  const architecture = architectureOf(text);
  if (architecture === undefined) throw refuseField(field, `one of ${ARCHITECTURES.join(", ")}, all`);
  return architecture;
}

function longTextOf(field: Field): string {
  const { value } = field;
  if (typeof value === "string" && value.length <= MAX_TEXT && !value.includes("\0")) return value;
  throw refuseField(field, `a text of at most ${MAX_TEXT} characters`);
}

function environmentOf(field: Field): Readonly<Record<string, string>> {
  const entries = [...membersOf(field)].map(([key, member]): [string, string] => {
    if (!VARIABLE.test(key)) {
      throw refuseField({ ...member, value: key }, "a variable's name: letters, digits and _, no digit first");
    }
    const { value } = member;
    if (typeof value !== "string" || /[\0\n\r]/.test(value)) throw refuseField(member, "a text of one line");
    return [key, value];
  });
  return Object.fromEntries(entries);
}

/** A map of texts, or a list of words that have no value. */
function tagsOf(field: Field): Readonly<Record<string, string>> {
  if (Array.isArray(field.value)) return Object.fromEntries(itemsOf(field).map((item) => [textOf(item), ""]));
  const entries = [...membersOf(field)].map(([key, member]): [string, string] => {
    textOf({ ...member, value: key });
    return [key, longTextOf(member)];
  });
  return Object.fromEntries(entries);
}

function claimsOf(members: Members): ResourceClaims {
  const resource = members.get("resource");
  if (resource) return readClaims(resource);
  const [first, ...others] = list(members, "resources", readClaims);
  const field = members.get("resources");
  if (field && others.length > 0) throw refuseField(field, "one resource");
  return first ?? {};
}

/** The members that may be absent, each of them checked. */
function optional(members: Members) {
  const read = <K extends keyof PackageMetadata, T>(key: K, as: (field: Field) => T | undefined) => {
    const field = members.get(key);
    const value = field && as(field);
    return (value === undefined ? {} : { [key]: value }) as { readonly [each in K]?: T };
  };
  return {
    version: read("version", versionOf),
    platform: { ...read("architecture", architectureIn), ...read("os", textOf) },
    rest: { ...read("description", longTextOf), ...read("preference", countOf), ...read("control", longTextOf) },
  };
}

function rootOf(bytes: Uint8Array, source: string): Field {
  return { source, path: "", value: decodeJson(bytes, { what: source }) };
}

/**
 * Reads a package document. `name` or `fqn` is required, everything else may be absent.
 *
 * @throws {LadingError} `SYNTAX` for bytes that are not strict JSON, an unknown member, a value of a wrong type or form, a
 * `name` that is not the local name of `fqn`, and a `state` other than `ready`; the message names the member.
 * @throws {LadingError} `TOO_LARGE` above 4 MiB.
 */
export function decodeMetadata(bytes: Uint8Array, { source, namespace }: DocumentOptions): PackageDocument {
  return readDocument(rootOf(bytes, source), { namespace });
}

/** The members of a document. Those that are not known are told of, or refused where nobody wants to be told. */
function documentMembers(root: Field, onUnknown: ReadDocumentOptions["onUnknown"]): Members {
  const known = [...MEANT, ...IGNORED] as readonly string[];
  if (onUnknown === undefined) return knownMembersOf(root, known);
  const members = membersOf(root);
  for (const key of members.keys()) if (!known.includes(key)) onUnknown(key);
  return members;
}

/** Reads a package document that is JSON already, as {@link decodeMetadata} does. */
export function readDocument(root: Field, { namespace = "/", onUnknown }: ReadDocumentOptions = {}): PackageDocument {
  const members = documentMembers(root, onUnknown);
  const state = members.get("state");
  if (state && state.value !== "ready") throw refuseField(state, '"ready"', "wait until the package is staged");
  const ecosystem = members.get("ecosystem");
  const environment = members.get("environment");
  const tags = members.get("tags");
  const { version, platform, rest } = optional(members);
  // In one order for all ecosystems: the same package is the same bytes.
  const metadata: PackageMetadata = {
    ...namesOf(root, members, namespace),
    ...version,
    ecosystem: ecosystem ? wordOf(ecosystem, ECOSYSTEMS) : "apcera",
    ...platform,
    provides: list(members, "provides", readCapability),
    dependencies: list(members, "dependencies", readDependency),
    conflicts: list(members, "conflicts", readConflict),
    environment: environment ? environmentOf(environment) : {},
    tags: tags ? tagsOf(tags) : {},
    ...rest,
  };
  return { metadata, claims: claimsOf(members) };
}

/**
 * Reads only what a package document claims of the resource; no name is required, and nothing else is looked at but the
 * names of members.
 *
 * @throws {LadingError} `SYNTAX`, `TOO_LARGE` as {@link decodeMetadata}.
 */
export function decodeClaims(bytes: Uint8Array, { source }: DocumentOptions): ResourceClaims {
  return claimsOf(knownMembersOf(rootOf(bytes, source), [...MEANT, ...IGNORED]));
}

/** The strongest checksum as `digest`, and each of them by its name. */
function documentResource({ length, sha1, sha256, sha512 }: ResourceClaims): object {
  const [algorithm, hex] = Object.entries({ sha256, sha512, sha1 }).find(([, value]) => value !== undefined) ?? [];
  const digest = algorithm === undefined ? undefined : `${algorithm}:${hex}`;
  return { digest, length, sha1, sha256, sha512 };
}

/**
 * The document of a package: UTF-8, two spaces of indentation, members in a fixed order, a line feed at the end. What
 * {@link decodeMetadata} reads from it equals what went in.
 */
export function encodeMetadata(metadata: PackageMetadata, resource: ResourceClaims = {}): Buffer {
  const { fqn, name, version, ecosystem, architecture, os, description, preference, control } = metadata;
  const hasResource = Object.values(resource).some((value) => value !== undefined);
  const document = {
    fqn,
    name,
    version,
    ecosystem: ecosystem === "apcera" ? undefined : ecosystem,
    architecture,
    os,
    description,
    provides: metadata.provides,
    dependencies: metadata.dependencies.map(({ anyOf, strict }) => documentAlternatives(anyOf, strict)),
    conflicts: metadata.conflicts.map((anyOf) => documentAlternatives(anyOf)),
    environment: metadata.environment,
    tags: metadata.tags,
    preference,
    control,
    resource: hasResource ? documentResource(resource) : undefined,
    state: "ready",
  };
  return Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
}
