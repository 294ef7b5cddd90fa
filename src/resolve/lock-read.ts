/**
 * From the text of a lock file to a {@link Lock}. Anybody may have written or merged it, so every value is checked.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { isDigest } from "../oci/digest.js";
import { decodeJson } from "../oci/json.js";
import { formatPlatform, parsePlatform } from "../oci/platform.js";
import { CAPABILITY_TYPES } from "../package/capability.js";
import { isFqn } from "../package/fqn.js";
import { LOCK_VERSION, type Lock, type LockedPackage, type LockedPlatform, type LockedRequest } from "./lock.js";

/** Bytes of a lock file that are read: some fifty thousand packages. */
const MAX_BYTES = 64 * 1024 * 1024;

/** How a lock file is read. */
export interface DecodeLockOptions {
  /** Names the document in messages (`lading.lock.json`). */
  readonly path?: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** Refuses a value at a place of the document. */
type Refuse = (at: string, wanted: string) => never;

function object(value: unknown, at: string, refuse: Refuse, keys: readonly string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(at, "an object");
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) return refuse(`${at}.${unknown}`, `no other key than ${keys.join(", ")}`);
  return value as Fields;
}

function list(value: unknown, at: string, refuse: Refuse): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(at, "a list");
}

function text(value: unknown, at: string, refuse: Refuse): string {
  return typeof value === "string" ? value : refuse(at, "a text");
}

function bytes(value: unknown, at: string, refuse: Refuse): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : refuse(at, "a size in bytes");
}

function digest(value: unknown, at: string, refuse: Refuse) {
  return isDigest(value) ? value : refuse(at, "a digest");
}

function readRequest(value: unknown, at: string, refuse: Refuse): LockedRequest {
  if (typeof value === "string") return value;
  const fields = object(value, at, refuse, CAPABILITY_TYPES);
  const entries = Object.entries(fields).map(([key, name]) => [key, text(name, `${at}.${key}`, refuse)] as const);
  return entries.length === 1 ? Object.fromEntries(entries) : refuse(at, "a name or one capability");
}

function readPackage(value: unknown, at: string, refuse: Refuse): LockedPackage {
  const keys = ["fqn", "version", "architecture", "manifest", "layer", "because"];
  const fields = object(value, at, refuse, keys);
  const manifest = object(fields.manifest, `${at}.manifest`, refuse, ["digest", "size"]);
  const layer = object(fields.layer, `${at}.layer`, refuse, ["digest", "size", "diffId"]);
  const optional = ["version", "architecture"].filter((key) => fields[key] !== undefined);
  return {
    fqn: isFqn(fields.fqn) ? fields.fqn : refuse(`${at}.fqn`, "a full name, package::/namespace::name"),
    ...Object.fromEntries(optional.map((key) => [key, text(fields[key], `${at}.${key}`, refuse)])),
    manifest: {
      digest: digest(manifest.digest, `${at}.manifest.digest`, refuse),
      size: bytes(manifest.size, `${at}.manifest.size`, refuse),
    },
    layer: {
      digest: digest(layer.digest, `${at}.layer.digest`, refuse),
      size: bytes(layer.size, `${at}.layer.size`, refuse),
      diffId: digest(layer.diffId, `${at}.layer.diffId`, refuse),
    },
    because: list(fields.because, `${at}.because`, refuse).map((step, nth) =>
      text(step, `${at}.because[${nth}]`, refuse),
    ),
  };
}

function isPlatform(value: string): boolean {
  try {
    return formatPlatform(parsePlatform(value)) === value;
  } catch {
    return false;
  }
}

function readPlatform(value: unknown, at: string, refuse: Refuse): LockedPlatform {
  const fields = object(value, at, refuse, ["platform", "packages"]);
  const platform = text(fields.platform, `${at}.platform`, refuse);
  if (!isPlatform(platform)) return refuse(`${at}.platform`, "a platform such as linux/amd64");
  const packages = list(fields.packages, `${at}.packages`, refuse);
  const read = packages.map((each, nth) => readPackage(each, `${at}.packages[${nth}]`, refuse));
  const names = new Set<string>();
  for (const [nth, { fqn }] of read.entries()) {
    if (names.has(fqn)) refuse(`${at}.packages[${nth}].fqn`, `${fqn} once`);
    names.add(fqn);
  }
  return { platform, packages: read };
}

/**
 * Reads a lock file.
 *
 * @throws {LadingError} `TOO_LARGE` above 64 MiB.
 * @throws {LadingError} `SYNTAX` when it is no JSON, or not of the form that `encodeLock` writes.
 * @throws {LadingError} `UNSUPPORTED` when it says another version of that form.
 */
export function decodeLock(document: Uint8Array, { path = "lading.lock.json" }: DecodeLockOptions = {}): Lock {
  const refuse: Refuse = (at, wanted) => {
    const message = `Cannot read the lock file "${path}": at ${at}, expected ${wanted}; take it back as it was written, or remove it and run lading resolve --lock`;
    throw new LadingError("SYNTAX", message, { kind: "lock file", path });
  };
  const value = decodeJson(document, { what: `lock file "${path}"`, maxBytes: MAX_BYTES });
  const version = (value as { readonly lockVersion?: unknown } | null)?.lockVersion;
  if (typeof version === "number" && version !== LOCK_VERSION) {
    const message = `Cannot read the lock file "${path}": its form is of version ${version}, wanted ${LOCK_VERSION}; use a lading that knows it, or remove it and run lading resolve --lock`;
    throw new LadingError("UNSUPPORTED", message, { what: `lock file of version ${version}` });
  }
  const fields = object(value, "the top", refuse, ["lockVersion", "requests", "platforms"]);
  if (version !== LOCK_VERSION) refuse("lockVersion", String(LOCK_VERSION));
  const platforms = list(fields.platforms, "platforms", refuse).map((each, nth) =>
    readPlatform(each, `platforms[${nth}]`, refuse),
  );
  const names = platforms.map(({ platform }) => platform);
  const twice = names.find((name, nth) => names.indexOf(name) !== nth);
  if (twice !== undefined) refuse("platforms", `${twice} once`);
  const requests = list(fields.requests, "requests", refuse).map((each, nth) =>
    readRequest(each, `requests[${nth}]`, refuse),
  );
  return { lockVersion: LOCK_VERSION, requests, platforms };
}
