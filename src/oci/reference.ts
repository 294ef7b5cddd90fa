/**
 * References: where an image is in a registry.
 *
 * `[domain[:port]/]path[:tag][@digest]`, as Docker's tools read it: the first part is a domain only where it holds a `.`
 * or a `:`, has an upper-case letter, or is `localhost`; else the registry is `docker.io`, where a path of one part means
 * `library/` and that part.
 *
 * @see https://github.com/distribution/reference/blob/v0.6.0/reference.go
 * @module
 */

import { LadingError } from "../errors.js";
import { type Digest, parseDigest } from "./digest.js";

/** A place in a registry. With neither tag nor digest it means {@link DEFAULT_TAG}; with both, the digest counts. */
export interface Reference {
  /** Host, and port if one was given: `docker.io`, `127.0.0.1:5000`, `[::1]:5000`. */
  readonly registry: string;
  /** `library/debian`; lower case, never empty. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** The tag that a reference without tag and digest means. */
export const DEFAULT_TAG = "latest";

const DOCKER_HUB = "docker.io";
/** Characters of `registry/repository`. */
const MAX_NAME = 255;
/** Longer than any good reference, so that the expressions below run on short texts only. */
const MAX_TEXT = 255 + 1 + 128 + 1 + 7 + 128;

const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
const DOMAIN = new RegExp(`^(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9A-Fa-f:]+\\])(?::([0-9]{1,5}))?$`);
const PART = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const PATH = new RegExp(`^${PART}(?:/${PART})*$`);
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** Is it a tag that registries take? */
export function isTag(text: unknown): text is string {
  return typeof text === "string" && TAG.test(text);
}

/** Is it the path of a repository, such as `team/py`, short enough for a registry? */
export function isRepository(text: unknown): text is string {
  return typeof text === "string" && text.length <= MAX_NAME && PATH.test(text);
}

/**
 * Reads a reference, with the rules for Docker Hub applied.
 *
 * @throws {LadingError} `SYNTAX` when the text is not of the grammar, when registry and repository have more than 255
 * characters, or when all of it is 64 hexadecimal digits, which other tools take for an image's id.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseReference } from "lading";
 *
 * assert.deepEqual(parseReference("debian:12"), { registry: "docker.io", repository: "library/debian", tag: "12" });
 * assert.equal(parseReference("127.0.0.1:5000/team/py").registry, "127.0.0.1:5000");
 * ```
 */
export function parseReference(text: string): Reference {
  if (text.length > MAX_TEXT) throw refuse(text, `it has ${text.length} characters, expected at most ${MAX_TEXT}`);
  if (/^[0-9a-f]{64}$/.test(text))
    throw refuse(text, "64 hexadecimal digits alone are no name, expected a name before");
  if (text.includes("://")) throw refuse(text, "it starts with a scheme, expected HOST/NAME; leave the scheme out");
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : digestPart(text, text.slice(at + 1));
  const { name, tag } = splitTag(at < 0 ? text : text.slice(0, at));
  if (tag !== undefined && !TAG.test(tag)) {
    throw refuse(text, "the tag is not 1 to 128 letters, digits, dots, dashes and underscores");
  }
  const reference = { ...splitName(text, name), ...(tag && { tag }), ...(digest && { digest }) };
  const length = reference.registry.length + 1 + reference.repository.length;
  if (length > MAX_NAME) throw refuse(text, `registry and repository have ${length} characters, expected ${MAX_NAME}`);
  return reference;
}

/** The whole text of a reference; the registry is always named. {@link parseReference} gives the same value back. */
export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag ? `:${tag}` : ""}${digest ? `@${digest}` : ""}`;
}

/** A colon after the last slash comes before a tag; any other belongs to a port. */
function splitTag(text: string): { readonly name: string; readonly tag: string | undefined } {
  const colon = text.lastIndexOf(":");
  if (colon <= text.lastIndexOf("/")) return { name: text, tag: undefined };
  return { name: text.slice(0, colon), tag: text.slice(colon + 1) };
}

function splitName(text: string, name: string): { readonly registry: string; readonly repository: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const named = first === "localhost" || /[.:A-Z]/.test(first);
  const registry = !named || first === "index.docker.io" ? DOCKER_HUB : first;
  const path = named ? name.slice(slash + 1) : name;
  const port = DOMAIN.exec(registry)?.[1];
  if (!DOMAIN.test(registry) || Number(port ?? 1) > 65535 || Number(port ?? 1) < 1) {
    throw refuse(text, "the registry is not HOST or HOST:PORT");
  }
  if (!PATH.test(path)) throw refuse(text, pathProblem(path));
  return { registry, repository: registry === DOCKER_HUB && !path.includes("/") ? `library/${path}` : path };
}

function pathProblem(path: string): string {
  if (path === "") return "the name is empty, expected [HOST/]NAME[:TAG][@DIGEST]";
  if (PATH.test(path.toLowerCase())) return `the name has upper-case letters, expected "${path.toLowerCase()}"`;
  return "the name is not lower-case letters and digits with single . _ - or / between them";
}

function digestPart(text: string, digest: string): Digest {
  try {
    return parseDigest(digest);
  } catch (error) {
    throw refuse(text, "after @ comes no digest, expected sha256:<64 lower-case hex digits> or sha512:<128>", error);
  }
}

function refuse(text: string, why: string, cause?: unknown): LadingError<"SYNTAX"> {
  const shown = redact(text).slice(0, 200);
  const options = cause === undefined ? undefined : { cause };
  const detail = { kind: "reference", input: shown };
  return new LadingError("SYNTAX", `Cannot parse reference ${JSON.stringify(shown)}: ${why}`, detail, options);
}

/** What stands before an `@` that no digest follows may be a password. */
function redact(text: string): string {
  const name = text.replace(/@(?:md5|sha[0-9]+|blake3):[^@]*$/, "");
  const at = name.lastIndexOf("@");
  return at < 0 ? text : `***${text.slice(at)}`;
}
