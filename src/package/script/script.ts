/**
 * Package scripts (`.conf`): what a package is made of, what it provides and depends on, and the commands that make it.
 *
 * ```text
 * name: "tool-2.1.0"                     else the file's name
 * namespace: "/acme/pkg"
 * sources [ { url: "https://…/t.tgz", sha256: "…" } ]
 * include_files [ "tool.cfg" ]           of the script's own folder
 * build_depends [ { package: "build-essential" } ]
 * depends  [ { os: "linux" } ]
 * provides [ { package: "tool" } ]
 * environment { "PATH": "/opt/tool/bin:$PATH" }
 * cleanup [ "/root" ]                    left out of the result
 * snapshot_path "/rootfs"                only what is below it is the result
 * build (
 *   tar xzf t.tgz
 * )
 * ```
 *
 * @module
 */

import { basename } from "node:path";
import { isLadingError } from "../../errors.js";
import type { Capability, Requirement } from "../capability.js";
import { CAPABILITY_TYPES } from "../capability.js";
import { formatFqn, parseFqn } from "../fqn.js";
import { nearest } from "../nearest.js";
import type { ResourceClaims } from "../package.js";
import { isVersionText, parseCapability, parseRequirement } from "../requirement.js";
import { parseScriptValues } from "./parse.js";
import { type MapValue, type Place, refuseScript, type ScriptMember, type ScriptValue, shown } from "./value.js";

/** Something that the build takes from elsewhere. */
export interface ScriptSource extends Omit<ResourceClaims, "length"> {
  readonly url: string;
}

/** A package script. Plain data. */
export interface PackageScript {
  /** `package::/namespace::name`. */
  readonly fqn: string;
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  readonly provides: readonly Capability[];
  readonly depends: readonly Requirement[];
  /** What is there while it is built, and not afterwards. */
  readonly buildDepends: readonly Requirement[];
  readonly environment: Readonly<Record<string, string>>;
  readonly sources: readonly ScriptSource[];
  /** Paths below the script's folder. */
  readonly includeFiles: readonly string[];
  /** Absolute paths that are left out of the result. */
  readonly cleanup: readonly string[];
  /** The absolute path whose content is the result (`/`). */
  readonly snapshotPath?: string;
  /** The commands, line for line. */
  readonly build: string;
}

/** How a script is read. */
export interface ScriptOptions {
  /** What messages call the script; its name without `.conf` is the package's where the script gives none. */
  readonly path: string;
  /** Where the package stands, whatever the script says (what it says, else `/`). */
  readonly namespace?: string | undefined;
}

const KEYS = [
  "name",
  "namespace",
  "version",
  "description",
  "sources",
  "include_files",
  "build_depends",
  "depends",
  "provides",
  "environment",
  "cleanup",
  "snapshot_path",
  "build",
] as const;
type Key = (typeof KEYS)[number];

const HEX = { sha1: 40, sha256: 64, sha512: 128 } as const;
const SOURCE_KEYS = ["url", "sha1", "sha256", "sha512"] as const;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const KINDS = { text: "a text", block: "a block", list: "a list", map: "a map" } as const;

type Refuse = (place: Place, why: string) => Error;

/** The members of a map by their keys, of which only certain ones may be. */
function membersOf<K extends string>(map: MapValue, keys: readonly K[], refuse: Refuse): ReadonlyMap<K, ScriptMember> {
  const known = new Map<K, ScriptMember>();
  for (const member of map.members) {
    const key = keys.find((each) => each === member.key);
    if (key === undefined) {
      const near = nearest(member.key, keys);
      const hint = near === undefined ? `expected one of ${keys.join(", ")}` : `did you mean ${shown(near)}?`;
      throw refuse(member, `unknown key ${shown(member.key)}; ${hint}`);
    }
    known.set(key, member);
  }
  return known;
}

function textOf(value: ScriptValue, what: string, refuse: Refuse): string {
  const isText = value.kind === "text" && value.text.trim() !== "" && !/[\0\n\r]/.test(value.text);
  if (isText) return value.text;
  throw refuse(
    value,
    `${what} is ${value.kind === "text" ? "empty, or not one line" : KINDS[value.kind]}, expected a text`,
  );
}

/** The items of a list; a lone value is a list of one. */
const itemsOf = (value: ScriptValue): readonly ScriptValue[] => (value.kind === "list" ? value.items : [value]);

function parsed<T>(place: Place, refuse: Refuse, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!isLadingError(error, "SYNTAX")) throw error;
    throw refuse(place, error.message);
  }
}

/** `{ runtime: "node-6" }` or `"runtime.node-6"`, as one text. */
function requirementText(value: ScriptValue, what: string, refuse: Refuse): string {
  if (value.kind !== "map") return textOf(value, `an item of ${what}`, refuse);
  const [member, ...others] = [...membersOf(value, CAPABILITY_TYPES, refuse).values()];
  if (member !== undefined && others.length === 0) return `${member.key}=${textOf(member.value, member.key, refuse)}`;
  throw refuse(value, `an item of ${what} has ${value.members.length} keys, expected one: { TYPE: "NAME" }`);
}

function pathOf(value: ScriptValue, what: string, isAbsolute: boolean, refuse: Refuse): string {
  const path = textOf(value, what, refuse);
  const parts = path.split("/");
  if (path.startsWith("/") === isAbsolute && !parts.includes("..")) return path;
  const wanted = isAbsolute ? "an absolute path" : "a path in the script's folder";
  throw refuse(value, `${what} is ${shown(path)}, expected ${wanted} without ..`);
}

function sourceOf(value: ScriptValue, refuse: Refuse): ScriptSource {
  if (value.kind !== "map") return { url: textOf(value, "a source", refuse) };
  const members = membersOf(value, SOURCE_KEYS, refuse);
  const url = members.get("url");
  if (url === undefined) throw refuse(value, "a source has no url");
  const claims = (["sha1", "sha256", "sha512"] as const).flatMap((algorithm) => {
    const member = members.get(algorithm);
    if (member === undefined) return [];
    const hex = textOf(member.value, algorithm, refuse);
    if (hex.length === HEX[algorithm] && /^[0-9a-f]+$/i.test(hex)) return [[algorithm, hex.toLowerCase()] as const];
    throw refuse(member.value, `${algorithm} is ${shown(hex)}, expected ${HEX[algorithm]} hex digits`);
  });
  return { url: textOf(url.value, "url", refuse), ...Object.fromEntries(claims) };
}

function environmentOf(value: ScriptValue, refuse: Refuse): Readonly<Record<string, string>> {
  if (value.kind !== "map") throw refuse(value, `environment is ${KINDS[value.kind]}, expected a map`);
  const entries = value.members.map((member) => {
    const { key } = member;
    if (!VARIABLE.test(key)) {
      throw refuse(member, `${shown(key)} is no variable's name: letters, digits and _, no digit first`);
    }
    if (member.value.kind === "text" && member.value.text === "") return [key, ""] as const;
    return [key, textOf(member.value, key, refuse)] as const;
  });
  return Object.fromEntries(entries);
}

/** Reads a member where it is there. */
type Read = <T>(key: Key, as: (value: ScriptValue) => T) => T | undefined;

function namesOf(read: Read, { path, namespace }: ScriptOptions, refuse: Refuse) {
  const name = read("name", (value) => ({ place: value, text: textOf(value, "name", refuse) }));
  const own = read("namespace", (value) => ({ place: value, text: textOf(value, "namespace", refuse) }));
  const local = name?.text ?? basename(path).replace(/\.conf$/, "");
  const place = name?.place ?? own?.place ?? { line: 1, column: 1 };
  const fqn = parsed(place, refuse, () => parseFqn(`${namespace ?? own?.text ?? "/"}::${local}`));
  return { fqn: formatFqn(fqn), name: fqn.name };
}

function versionOf(value: ScriptValue, refuse: Refuse): string {
  const version = textOf(value, "version", refuse);
  if (isVersionText(version)) return version;
  throw refuse(value, `version is ${shown(version)}, expected one without spaces, parentheses and commas`);
}

function buildOf(value: ScriptValue, refuse: Refuse): string {
  if (value.kind === "block" || value.kind === "text") return value.text;
  throw refuse(value, `build is ${KINDS[value.kind]}, expected a block: build ( … )`);
}

/**
 * Reads a package script. Nothing of it is run.
 *
 * @throws {LadingError} `SYNTAX`, with line and column, for what breaks the grammar, an unknown key (with the nearest known one),
 * a value of a wrong kind or form, and a script without `build`. `TOO_LARGE` above 4 Mi characters.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parsePackageScript } from "lading";
 *
 * const script = parsePackageScript("provides [ { runtime: tool } ]\nbuild (\n  make\n)\n", { path: "tool-2.1.conf" });
 * assert.deepEqual([script.fqn, script.build], ["package::/::tool-2.1", "  make\n"]);
 * ```
 */
export function parsePackageScript(text: string, options: ScriptOptions): PackageScript {
  const { path } = options;
  const refuse: Refuse = (place, why) => refuseScript(path, place, why);
  const root = parseScriptValues(text, path);
  const members = membersOf(root, KEYS, refuse);
  const read: Read = (key, as) => {
    const member = members.get(key);
    return member && as(member.value);
  };
  const list = <T>(key: Key, as: (value: ScriptValue) => T): readonly T[] =>
    read(key, (value) => itemsOf(value).map(as)) ?? [];
  const capabilities = <T>(key: Key, parse: (text: string) => T) =>
    list(key, (value) => parsed(value, refuse, () => parse(requirementText(value, key, refuse))));
  const optional = {
    version: read("version", (value) => versionOf(value, refuse)),
    description: read("description", (value) => textOf(value, "description", refuse)),
    snapshotPath: read("snapshot_path", (value) => pathOf(value, "snapshot_path", true, refuse)),
  };
  const script = {
    ...namesOf(read, options, refuse),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    provides: capabilities("provides", parseCapability),
    depends: capabilities("depends", parseRequirement),
    buildDepends: capabilities("build_depends", parseRequirement),
    environment: read("environment", (value) => environmentOf(value, refuse)) ?? {},
    sources: list("sources", (value) => sourceOf(value, refuse)),
    includeFiles: list("include_files", (value) => pathOf(value, "include_files", false, refuse)),
    cleanup: list("cleanup", (value) => pathOf(value, "cleanup", true, refuse)),
  };
  const build = read("build", (value) => buildOf(value, refuse));
  if (build === undefined) throw refuse(root, 'it has no "build", expected build ( … )');
  return { ...script, build };
}
