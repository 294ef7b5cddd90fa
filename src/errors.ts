/**
 * Every way in which lading says no.
 *
 * One class, typed by `code`: {@link ErrorDetails} lists each code and what its `detail` carries. A message says what
 * failed, on which value, what was wanted and what to do; it never holds a secret. Programmer mistakes stay `TypeError`
 * and `RangeError`, an aborted call stays `AbortError`.
 *
 * @module
 */

import { constants } from "node:os";

/** One step of the way from a request to the thing that failed, outermost first, as a person would read it. */
export type Chain = readonly string[];

/** Each code and what its error carries. */
export interface ErrorDetails {
  /** A text could not be read as the thing it should be. `line` and `column` count from 1. */
  SYNTAX: {
    readonly kind: string;
    readonly input?: string;
    readonly path?: string;
    readonly line?: number;
    readonly column?: number;
  };
  /** Bytes are not what their name or a document claims: a digest, checksum or size differs. */
  DIGEST_MISMATCH: { readonly what: string; readonly expected: string; readonly actual: string };
  /** Something named is not there. */
  NOT_FOUND: {
    readonly what:
      | "blob"
      | "layer"
      | "tag"
      | "package"
      | "file"
      | "layout"
      | "repository"
      | "upload"
      | "platform"
      | "catalog";
    readonly name: string;
  };
  /** Something of that name is there already, and is something else. */
  EXISTS: { readonly what: string; readonly name: string };
  /** A limit was passed. `limit` is in bytes unless `what` says another unit. */
  TOO_LARGE: { readonly what: string; readonly limit: number; readonly actual?: number };
  /** The input is another kind of thing than was said. */
  FORMAT: { readonly wanted: string; readonly found: string; readonly path?: string };
  /** Bytes end early, fail their own checks, or break their format. `offset` is in bytes from the start. */
  CORRUPT: { readonly what: string; readonly why: string; readonly offset?: number };
  /** A tar entry would escape the root, loop, clash, or be something that lading does not carry. */
  UNSAFE_ENTRY: { readonly path: string; readonly why: string };
  /** A file changed while it was read. */
  CHANGED: { readonly path: string };
  /** No package provides what is required. */
  MISSING: { readonly missing: readonly { readonly requirement: string; readonly chain: Chain }[] };
  /** Several packages provide what is required and nothing says which to take. */
  AMBIGUOUS: { readonly requirement: string; readonly candidates: readonly string[]; readonly chain: Chain };
  /** Packages that are required together exclude each other. */
  CONFLICT: { readonly packages: readonly string[]; readonly chain: Chain };
  /** Packages need each other in a circle that their ecosystem does not accept. */
  CYCLE: { readonly cycle: readonly string[] };
  /** A lock file is not of what it is used for: it was made for another recipe, or what it pins does not go together. */
  OUTDATED: { readonly what: "lock file"; readonly changes: readonly string[] };
  /** The registry said no. `url` is redacted; `errors` as the distribution specification gives them. */
  REGISTRY: {
    readonly status: number;
    readonly method: string;
    readonly url: string;
    readonly errors: readonly { readonly code: string; readonly message: string }[];
    readonly retryable: boolean;
    /** Milliseconds that the registry asks to wait, where it says so. */
    readonly retryAfterMs?: number;
  };
  /** A login could not be looked up or kept: a credential helper failed, or there is no place for it. */
  CREDENTIALS: { readonly registry: string; readonly why: string };
  /** The network failed before an answer came. `url` is redacted. */
  NETWORK: { readonly url: string; readonly why: string };
  /** The operating system said no. `errno` is its name, such as `ENOSPC`. */
  IO: { readonly path: string; readonly errno: string };
  /** Something well formed that lading does not do. */
  UNSUPPORTED: { readonly what: string };
  /** A command line or option that makes no sense. */
  USAGE: { readonly argument?: string };
}

/** A code of {@link ErrorDetails}. */
export type ErrorCode = keyof ErrorDetails;

const BRAND = Symbol.for("lading.error");

/** What could break the line, move a terminal's cursor, or turn the text around. */
const UNSEEN = /[\p{Cc}\p{Bidi_Control}]/gu;

/** Messages quote names that strangers chose: `\u001b` for an escape character. */
function oneLine(message: string): string {
  return message.replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** An error that lading throws on purpose. Test for it with {@link isLadingError}, not `instanceof`. */
export class LadingError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "LadingError";
  readonly code: C;
  readonly detail: ErrorDetails[C];
  readonly [BRAND] = true;

  constructor(code: C, message: string, detail: ErrorDetails[C], options?: ErrorOptions) {
    super(oneLine(message), options);
    this.code = code;
    this.detail = detail;
  }
}

/**
 * Is `error` one of lading's, and of this code if one is given? Two installed copies of lading agree.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { isLadingError, parseDigest } from "lading";
 *
 * try {
 *   parseDigest("md5:0");
 * } catch (error) {
 *   assert.ok(isLadingError(error, "SYNTAX"));
 *   assert.equal(error.detail.kind, "digest");
 * }
 * ```
 */
export function isLadingError<C extends ErrorCode>(error: unknown, code?: C): error is LadingError<C> {
  if (typeof error !== "object" || error === null || !(BRAND in error)) return false;
  return code === undefined || (error as LadingError).code === code;
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: "free some space there, or name another place",
  EDQUOT: "the disk quota is used up: free some space or inodes there, or name another place",
  EROFS: "the file system is read-only: name another place",
  EACCES: "permission is missing: name a place that you may use",
  EPERM: "permission is missing: name a place that you may use",
  EEXIST: "something else has that name: name another place",
  ENOENT: "check the path",
  ENOTDIR: "a parent of it is not a folder: check the path",
  EISDIR: "it is a folder: name a file",
  EMFILE: "too many open files: raise the limit with `ulimit -n`, or lower --jobs",
  ENFILE: "too many open files on this machine: try again later",
  EXDEV: "its folder is made of several file systems: name a place on one",
  EFBIG: "the file size limit is too low: raise it with `ulimit -f`",
  EIO: "the disk or network file system failed: try again, or name another place",
  ESTALE: "the network file system lost the file: try again",
  ELOOP: "it is a symbolic link, or a chain of them: name the file itself",
};

/**
 * The name of an operating system's error, such as `ENOSPC`; undefined for anything else. Node itself has no name for some
 * of them: to it a full quota (`EDQUOT`) is an "Unknown system error -122".
 */
export function errnoOf(error: unknown): string | undefined {
  const { code, errno } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if (typeof code !== "string") return undefined;
  if (!code.startsWith("Unknown system error")) return /^E[A-Z0-9]+$/.test(code) ? code : undefined;
  return Object.entries(constants.errno).find(([, number]) => number === -(errno ?? 0))?.[0];
}

/**
 * Turns an error of the operating system into an {@link LadingError} of code `IO` that says what failed, where, and what
 * to do; anything else comes back as it is.
 *
 * @param action What was being done, as it follows "Cannot", for example `write`.
 * @param path The path that the caller knows it by.
 */
export function ioError(error: unknown, action: string, path: string): unknown {
  const errno = errnoOf(error);
  if (isLadingError(error) || errno === undefined) return error;
  const remedy = REMEDIES[errno] ?? "see the cause";
  return new LadingError("IO", `Cannot ${action} "${path}": ${errno}, ${remedy}`, { path, errno }, { cause: error });
}
