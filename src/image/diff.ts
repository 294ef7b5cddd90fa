/**
 * How two images differ: in files, in how they run, and in layers.
 *
 * @module
 */

import type { ImageConfig } from "../oci/config.js";
import type { Descriptor } from "../oci/descriptor.js";
import { formatPlatform } from "../oci/platform.js";
import type { FileReport, FilesReport } from "./files-report.js";
import type { Tally } from "./rootfs.js";
import { isSameRecord } from "./rootfs-node.js";

/** What may differ between two files of one path. With `type`, nothing else is told. */
export type FileDifference = "type" | "content" | "mode" | "owner" | "target" | "device" | "xattrs";

/** One path that is not the same in both images. `layer` of `before` and `after` is each image's own. */
export type FileChange =
  | { readonly kind: "added"; readonly path: string; readonly after: FileReport }
  | { readonly kind: "removed"; readonly path: string; readonly before: FileReport }
  | {
      readonly kind: "changed";
      readonly path: string;
      readonly before: FileReport;
      readonly after: FileReport;
      readonly differences: readonly FileDifference[];
    };

/** One value of config or annotations that is not the same in both images; absent where an image has none. */
export interface ConfigChange {
  /** `Entrypoint`, `Env PATH`, `Labels org.example` … */
  readonly name: string;
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** How image B differs from image A. */
export interface ImageDiff {
  readonly a: Descriptor;
  readonly b: Descriptor;
  /** Sorted by path. */
  readonly files: readonly FileChange[];
  /** Sorted by name. */
  readonly config: readonly ConfigChange[];
  /** Layers that both have, in the order of B; compared by digest. */
  readonly shared: readonly Descriptor[];
  readonly onlyA: readonly Descriptor[];
  readonly onlyB: readonly Descriptor[];
  /** Bytes of added and removed are theirs; of changed, what B's have more than A's: below 0 where they have less. */
  readonly added: Tally;
  readonly removed: Tally;
  readonly changed: Tally;
}

function differencesOf(a: FileReport, b: FileReport): readonly FileDifference[] {
  if (a.type !== b.type) return ["type"];
  const found: readonly (readonly [FileDifference, boolean])[] = [
    // The content of a hard link is told at its target.
    ["content", a.type === "file" && a.digest !== b.digest],
    ["mode", a.mode !== b.mode],
    ["owner", a.uid !== b.uid || a.gid !== b.gid],
    ["target", a.target !== b.target],
    ["device", a.device !== b.device],
    ["xattrs", !isSameRecord(a.xattrs, b.xattrs)],
  ];
  return found.flatMap(([name, differs]) => (differs ? [name] : []));
}

function diffFiles(a: readonly FileReport[], b: readonly FileReport[]): readonly FileChange[] {
  const before = new Map(a.map((file) => [file.path, file]));
  const after = new Set(b.map(({ path }) => path));
  const changes: FileChange[] = a.flatMap((file) =>
    after.has(file.path) ? [] : [{ kind: "removed" as const, path: file.path, before: file }],
  );
  for (const file of b) {
    const { path } = file;
    const old = before.get(path);
    if (old === undefined) {
      changes.push({ kind: "added", path, after: file });
      continue;
    }
    const differences = differencesOf(old, file);
    if (differences.length > 0) changes.push({ kind: "changed", path, before: old, after: file, differences });
  }
  return changes.sort((x, y) => (x.path < y.path ? -1 : x.path > y.path ? 1 : 0));
}

/** Everything that a config and annotations say, one text for each name. What layers tell is not among it. */
function flatten({ config, annotations }: FilesReport): ReadonlyMap<string, string> {
  const { rootfs: _rootfs, history: _history, config: run = {}, ...rest } = config;
  const { Env = [], Labels = {}, ...others } = run;
  const flat = new Map<string, string>();
  const set = (name: string, value: unknown) => {
    if (value === undefined) return;
    flat.set(name, typeof value === "string" ? value : JSON.stringify(value));
  };
  const { os, architecture, variant, ...more } = rest as ImageConfig;
  if (os !== "" && architecture !== "") {
    set("platform", formatPlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) }));
  }
  for (const [name, value] of Object.entries(more)) set(name, value);
  for (const [name, value] of Object.entries(others)) set(name, value);
  for (const item of Env) set(`Env ${item.slice(0, item.indexOf("="))}`, item.slice(item.indexOf("=") + 1));
  for (const [name, value] of Object.entries(Labels)) set(`Labels ${name}`, value);
  for (const [name, value] of Object.entries(annotations)) set(`annotation ${name}`, value);
  return flat;
}

function diffConfigs(a: FilesReport, b: FilesReport): readonly ConfigChange[] {
  const before = flatten(a);
  const after = flatten(b);
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => ({
      name,
      ...(before.has(name) ? { before: before.get(name) } : {}),
      ...(after.has(name) ? { after: after.get(name) } : {}),
    }));
}

function sizeOf(change: FileChange): number {
  if (change.kind === "added") return change.after.size;
  return change.kind === "removed" ? change.before.size : change.after.size - change.before.size;
}

function tallyOf(files: readonly FileChange[], kind: FileChange["kind"]): Tally {
  const some = files.filter((change) => change.kind === kind);
  return { count: some.length, bytes: some.reduce((sum, change) => sum + sizeOf(change), 0) };
}

/**
 * Compares two images by what they hold: paths, contents, modes, owners, targets, devices, extended attributes, config and
 * annotations. Times of files and the layers' history do not count.
 */
export function diffImages(a: FilesReport, b: FilesReport): ImageDiff {
  const files = diffFiles(a.files, b.files);
  const descriptors = (report: FilesReport) => report.layers.map(({ descriptor }) => descriptor);
  const without = (all: readonly Descriptor[], others: readonly Descriptor[], has: boolean) => {
    const digests = new Set<string>(others.map(({ digest }) => digest));
    return all.filter(({ digest }) => digests.has(digest) === has);
  };
  return {
    a: a.descriptor,
    b: b.descriptor,
    files,
    config: diffConfigs(a, b),
    shared: without(descriptors(b), descriptors(a), true),
    onlyA: without(descriptors(a), descriptors(b), false),
    onlyB: without(descriptors(b), descriptors(a), false),
    added: tallyOf(files, "added"),
    removed: tallyOf(files, "removed"),
    changed: tallyOf(files, "changed"),
  };
}
