/**
 * The lock: a resolution written down, every package by the digest of its manifest.
 *
 * ```json
 * {
 *   "lockVersion": 1,
 *   "requests": ["jq", { "runtime": "node" }],
 *   "platforms": [{ "platform": "linux/amd64", "packages": [{ "fqn": "package::/debian::jq", "manifest": …, "layer": … }] }]
 * }
 * ```
 *
 * Packages stand in layer order, requests and platforms in an order of their own: the same resolution is the same text.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Digest } from "../oci/digest.js";
import { formatPlatform } from "../oci/platform.js";
import { formatRequirement, type PackageRequest } from "../package/capability.js";
import { compareBytewise } from "./bytewise.js";
import type { Resolution, ResolvedPackage } from "./resolution.js";

/** The version of the document that is written, and the only one that is read. */
export const LOCK_VERSION = 1;

/** What was asked for, as a recipe writes it: a package's name, or `{"runtime": "node"}`. */
export type LockedRequest = string | Readonly<Record<string, string>>;

/** One package, pinned. */
export interface LockedPackage {
  readonly fqn: string;
  readonly version?: string;
  readonly architecture?: string;
  /** The package itself. `size` in bytes. */
  readonly manifest: { readonly digest: Digest; readonly size: number };
  /** Its layer as it is stored, `size` in bytes; `diffId` is of the uncompressed tar. */
  readonly layer: { readonly digest: Digest; readonly size: number; readonly diffId: Digest };
  /** The way that led to it, outermost first. */
  readonly because: readonly string[];
}

/** What is pinned for one platform. */
export interface LockedPlatform {
  /** `linux/amd64`. */
  readonly platform: string;
  /** In layer order. */
  readonly packages: readonly LockedPackage[];
}

/** A lock file's document: plain data, JSON as it stands. */
export interface Lock {
  readonly lockVersion: typeof LOCK_VERSION;
  readonly requests: readonly LockedRequest[];
  /** One for each platform, in the order of their names. */
  readonly platforms: readonly LockedPlatform[];
}

function lockRequest(request: PackageRequest): LockedRequest {
  if (request.kind === "name") return request.name;
  const { type, ...rest } = request.requirement;
  return { [type]: formatRequirement({ ...rest, type: "package" }) };
}

/** The requests as a lock holds them, each once and in order. */
export function lockRequests(requests: readonly PackageRequest[]): readonly LockedRequest[] {
  const byText = new Map(requests.map(lockRequest).map((request) => [JSON.stringify(request), request]));
  return [...byText].sort(([left], [right]) => compareBytewise(left, right)).map(([, request]) => request);
}

function lockPackage({ package: { fqn, version, architecture, manifest, layer }, because }: ResolvedPackage) {
  return {
    fqn,
    ...(version === undefined ? {} : { version }),
    ...(architecture === undefined ? {} : { architecture }),
    manifest: { digest: manifest.digest, size: manifest.size },
    layer: { digest: layer.descriptor.digest, size: layer.descriptor.size, diffId: layer.diffId },
    because,
  };
}

/**
 * Writes resolutions of the same requests down, one for each platform.
 *
 * @throws {LadingError} `CONFLICT` for two resolutions of one platform.
 */
export function createLock(requests: readonly PackageRequest[], resolutions: readonly Resolution[]): Lock {
  const platforms = resolutions.map(({ platform, packages }) => ({
    platform: formatPlatform(platform),
    packages: packages.map(lockPackage),
  }));
  platforms.sort((left, right) => compareBytewise(left.platform, right.platform));
  const twice = platforms.find(({ platform }, at) => platform === platforms[at + 1]?.platform);
  if (twice !== undefined) {
    const message = `Cannot lock "${twice.platform}" twice: expected one resolution for each platform; leave one out`;
    throw new LadingError("CONFLICT", message, { packages: [], chain: [] });
  }
  return { lockVersion: LOCK_VERSION, requests: lockRequests(requests), platforms };
}

/** The text of a lock file: JSON with two blanks for each level and a line end. The same lock gives the same text. */
export function encodeLock(lock: Lock): string {
  return `${JSON.stringify(lock, undefined, 2)}\n`;
}
