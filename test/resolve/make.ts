import { createHash } from "node:crypto";
import type { Digest } from "../../src/oci/digest.js";
import type { Alternatives, Capability, PackageRequest, Requirement } from "../../src/package/capability.js";
import type { Dependency, Ecosystem, Package } from "../../src/package/package.js";
import { parseCapability, parseRequirement } from "../../src/package/requirement.js";
import { compareNaturalVersions } from "../../src/package/version.js";
import type { Resolution, ResolveOptions } from "../../src/resolve/resolution.js";

/** What a test says of a package, each list as texts: `a | b (>= 2)`; `!a` is a strict dependency. */
export interface Sketch {
  readonly ecosystem?: Ecosystem;
  readonly namespace?: string;
  readonly provides?: readonly string[];
  readonly needs?: readonly string[];
  readonly conflicts?: readonly string[];
  readonly architecture?: string;
  readonly os?: string;
  readonly preference?: number;
}

const parseAlternatives = (text: string): Alternatives => text.split("|").map((part) => parseRequirement(part));

function parseDependency(text: string): Dependency {
  return text.startsWith("!")
    ? { anyOf: parseAlternatives(text.slice(1)), strict: true }
    : { anyOf: parseAlternatives(text) };
}

/** A package of `name` or `name version`; a Debian one, that provides its name, unless said otherwise. */
export function make(label: string, sketch: Sketch = {}): Package {
  const [name = "", version] = label.split(" ");
  const { ecosystem = "debian", namespace = ecosystem === "debian" ? "/debian" : "/acme", architecture, os } = sketch;
  const fqn = `package::${namespace}::${name}`;
  const own: Capability = { type: "package", name, ...(version === undefined ? {} : { version }) };
  const digest = `sha256:${createHash("sha256")
    .update(JSON.stringify([fqn, version, sketch]))
    .digest("hex")}` as Digest;
  const descriptor = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest, size: 1 };
  return {
    fqn,
    name,
    ...(version === undefined ? {} : { version }),
    ecosystem,
    ...(architecture === undefined ? {} : { architecture }),
    ...(os === undefined ? {} : { os }),
    provides: [...(ecosystem === "debian" ? [own] : []), ...(sketch.provides ?? []).map(parseCapability)],
    dependencies: (sketch.needs ?? []).map(parseDependency),
    conflicts: (sketch.conflicts ?? []).map(parseAlternatives),
    environment: {},
    tags: {},
    ...(sketch.preference === undefined ? {} : { preference: sketch.preference }),
    manifest: descriptor,
    layer: { descriptor, diffId: digest, uncompressedSize: 1, entries: 1, files: descriptor, normalized: [] },
  };
}

/** An Apcera package. */
export function apcera(label: string, sketch: Sketch = {}): Package {
  return make(label, { ecosystem: "apcera", ...sketch });
}

/** Requests: `/ns::name` and `=name` by name, anything else as a capability. */
export function ask(...texts: readonly string[]): readonly PackageRequest[] {
  return texts.map((text) => {
    if (text.startsWith("=")) return { kind: "name", name: text.slice(1) };
    if (text.startsWith("/") || text.startsWith("package::")) return { kind: "name", name: text };
    return { kind: "capability", requirement: parseRequirement(text) };
  });
}

export const wanted = (type: Requirement["type"], name: string): PackageRequest => ({
  kind: "capability",
  requirement: { type, name },
});

export const OPTIONS: ResolveOptions = {
  compareVersions: (_ecosystem, left, right) => compareNaturalVersions(left, right),
  acceptsCycles: (ecosystem) => ecosystem === "debian",
};

/** `name version`, in layer order. */
export function names(resolution: Resolution): readonly string[] {
  return resolution.packages.map(({ package: { name, version } }) => (version ? `${name} ${version}` : name));
}
