/**
 * `Package`: metadata and resource; `PackageFormat`: an ecosystem of packages.
 *
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import type { Alternatives, Capability } from "./capability.js";

/** A scheme of versions and the rules that come with it. */
export type Ecosystem = "apcera" | "debian";

/** What one dependency says, beside which package may meet it. */
export interface Dependency {
  readonly anyOf: Alternatives;
  /** True where the dependency has to come first even inside a cycle (Debian's `Pre-Depends`). */
  readonly strict?: boolean;
}

/** All that resolving and composing need to know of a package. Plain data, JSON as it stands. */
export interface PackageMetadata {
  /** `package::/namespace/path::name`. */
  readonly fqn: string;
  /** The local name. */
  readonly name: string;
  readonly version?: string;
  readonly ecosystem: Ecosystem;
  /** The specification's names (`amd64`, `arm64`); absent where the package runs on any. */
  readonly architecture?: string;
  /** The specification's name (`linux`). */
  readonly os?: string;
  readonly provides: readonly Capability[];
  readonly dependencies: readonly Dependency[];
  /** Packages that must not be in the same image. */
  readonly conflicts: readonly Alternatives[];
  /** Values may name earlier ones, `$PATH`. Folded in layer order. */
  readonly environment: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly description?: string;
  /** How much the ecosystem wants the package where several would do; lower is wanted more (Debian's `Priority`). */
  readonly preference?: number;
  /** Debian's control paragraph, verbatim, for `var/lib/dpkg/status.d`. */
  readonly control?: string;
}

/** What is known of a package's layer. */
export interface PackageLayer {
  /** The layer, an ordinary image layer. */
  readonly descriptor: Descriptor;
  /** Digest of the uncompressed tar. */
  readonly diffId: Digest;
  /** Bytes of the uncompressed tar. */
  readonly uncompressedSize: number;
  /** Count of tar entries. */
  readonly entries: number;
  /** The list of files. */
  readonly files: Descriptor;
  /** Why the layer's bytes are not the resource's; empty where they are. */
  readonly normalized: readonly string[];
}

/** A package at rest in a store. */
export interface Package extends PackageMetadata {
  /** The manifest of the package's artifact. */
  readonly manifest: Descriptor;
  /** The package's layer: media type, digest and size. */
  readonly layer: PackageLayer;
}

/** What a document claims of the resource, to be checked against its bytes. */
export interface ResourceClaims {
  readonly sha1?: string;
  readonly sha256?: string;
  readonly sha512?: string;
  /** Bytes. */
  readonly length?: number;
}

/** A package file taken apart: its metadata, and its resource still as bytes. */
export interface PackageSource {
  readonly metadata: PackageMetadata;
  readonly claims: ResourceClaims;
  /** MD5 (hex) of files in the resource, by path as in `Entry.path`, where the package carries such a list. */
  readonly fileChecksums?: ReadonlyMap<string, string>;
  /** Where the resource stands in the file, in bytes, `end` exclusive; absent where it is no plain range of it. */
  readonly range?: { readonly start: number; readonly end: number };
  /** The resource, afresh at each call. */
  open(options?: IoOptions): ByteStream;
}

/** A file on disk that may be a package. */
export interface PackageFile {
  /** As the user named it. */
  readonly path: string;
  /** The first bytes of the file, up to 512. */
  readonly head: Uint8Array;
  /** Bytes. */
  readonly size: number;
  /** Tells one state of the file from another. */
  readonly identity: string;
  /** Bytes `start` (0) to `end` (size, exclusive), afresh at each call. Throws `CHANGED` when the file changed meanwhile. */
  read(options?: IoOptions & { readonly start?: number; readonly end?: number }): ByteStream;
}

/** How a package file is taken apart. */
export interface OpenPackageOptions extends IoOptions {
  /** Where a package stands whose document has a name alone (`/`). */
  readonly namespace?: string | undefined;
}

/** An ecosystem of packages. Adding one is adding a file in `formats/` and a line in `formats/index.ts`. */
export interface PackageFormat {
  readonly ecosystem: Ecosystem;
  /** Negative, zero or positive as `left` is older than, equal to or newer than `right`. */
  compareVersions(left: string, right: string): number;
  /** Is the file of this format, judged by content? */
  matches(file: PackageFile): Promise<boolean>;
  /** Takes it apart. Throws `CORRUPT`, `SYNTAX`, `FORMAT`. */
  open(file: PackageFile, options?: OpenPackageOptions): Promise<PackageSource>;
  /** May packages of this ecosystem need each other in a circle? (Debian: yes, unless every edge is strict.) */
  readonly acceptsCycles: boolean;
}
