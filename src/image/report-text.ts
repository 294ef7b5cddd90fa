/**
 * Reports as lines for people. Texts that come from images cannot move the cursor or forge a line.
 *
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import type { ConfigChange, FileChange, ImageDiff } from "./diff.js";
import type { FileReport, FilesReport } from "./files-report.js";
import { formatSize } from "./format-size.js";
import type { LayerReport, LayersReport } from "./layers-report.js";
import type { Tally } from "./rootfs.js";

/** How many paths of one content, and how many contents, are shown. */
const SHOWN_PATHS = 5;
const SHOWN_CONTENTS = 20;
const SIZE_WIDTH = 9;

const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A text with escapes for what cannot be seen. */
export function formatVisible(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

const size = (bytes: number) => formatSize(bytes).padStart(SIZE_WIDTH);
const counted = (count: number, noun: string, plural = `${noun}s`) => `${count} ${count === 1 ? noun : plural}`;
const octal = (mode: number) => mode.toString(8).padStart(4, "0");

function percent(part: number, whole: number): string {
  return whole === 0 ? "0%" : `${((part / whole) * 100).toFixed(1)}%`;
}

/** What a person would call a layer: its package, else its line of history, else its digest. */
export function formatLayerName(layer: LayerReport): string {
  const { package: pkg, createdBy, descriptor } = layer;
  if (pkg !== undefined) return formatVisible(`${pkg.fqn}${pkg.version === undefined ? "" : ` ${pkg.version}`}`);
  return createdBy === undefined || createdBy === "" ? descriptor.digest : formatVisible(createdBy);
}

function effectLines(layer: LayerReport): readonly string[] {
  const { adds, replaces, repeats, removes, whiteouts, opaques, wasted } = layer;
  const line = (sign: string, word: string, { count, bytes }: Tally, note = "") =>
    count === 0 ? [] : [`   ${sign} ${word.padEnd(8)} ${String(count).padStart(7)} ${size(bytes)}${note}`];
  const by = [
    ...(whiteouts > 0 ? [counted(whiteouts, "whiteout")] : []),
    ...(opaques > 0 ? [counted(opaques, "opaque folder")] : []),
  ];
  return [
    ...line("+", "adds", adds),
    ...line("~", "replaces", replaces),
    ...line("=", "repeats", repeats, "  the same again"),
    ...line("-", "removes", removes, by.length === 0 ? "" : `  by ${by.join(" and ")}`),
    ...line("!", "wasted", wasted, "  replaced or removed later"),
  ];
}

/** The report on an image's layers, lowest first, as lines. */
export function formatLayers(report: LayersReport): readonly string[] {
  const { layers, wasted, uncompressedSize } = report;
  const lines = layers.flatMap((layer, index) => [
    `${String(index).padStart(2)} ${layer.descriptor.digest} ${size(layer.descriptor.size)} (${formatSize(layer.uncompressedSize)} of tar)`,
    `   ${formatLayerName(layer)}`,
    ...effectLines(layer),
  ]);
  const share = percent(wasted.bytes, uncompressedSize);
  const files = counted(wasted.count, "file");
  const head = `${counted(layers.length, "layer")}, ${formatSize(report.size)} (${formatSize(uncompressedSize)} of tar)`;
  return [...lines, `${head}; wasted: ${formatSize(wasted.bytes)} in ${files} (${share})`];
}

const TYPE_LETTERS: Readonly<Record<FileReport["type"], string>> = {
  file: "-",
  directory: "d",
  symlink: "l",
  hardlink: "h",
  char: "c",
  block: "b",
  fifo: "p",
};

function fileLine(file: FileReport): string {
  const { type, mode, uid, gid, path, target, layer } = file;
  const owner = `${uid}:${gid}`.padEnd(11);
  const arrow = target === undefined ? "" : type === "hardlink" ? ` == ${target}` : ` -> ${target}`;
  const bytes = file.device === undefined ? size(file.size) : file.device.padStart(SIZE_WIDTH);
  return `${TYPE_LETTERS[type]} ${octal(mode)} ${owner} ${bytes}  ${String(layer).padStart(2)}  ${path}${arrow}`;
}

function duplicateLines({ duplicates, duplicated }: FilesReport): readonly string[] {
  if (duplicates.length === 0) return [];
  const lines = duplicates.slice(0, SHOWN_CONTENTS).flatMap(({ wasted, size: bytes, paths }) => {
    const more = paths.length > SHOWN_PATHS ? [`   and ${paths.length - SHOWN_PATHS} more`] : [];
    const head = `${size(wasted)}  ${paths.length} times ${formatSize(bytes)}`;
    return [head, ...paths.slice(0, SHOWN_PATHS).map((path) => `   ${path}`), ...more];
  });
  const rest = duplicates.length - SHOWN_CONTENTS;
  const more = rest > 0 ? [`and ${counted(rest, "more content", "more contents")}`] : [];
  const head = `duplicates: ${counted(duplicated.count, "file")} that another file holds too, ${formatSize(duplicated.bytes)}`;
  return ["", head, ...lines, ...more];
}

/**
 * The report on an image's files as lines: type, mode, owner, size, layer and path of each, then contents that are there
 * twice, then a summary.
 *
 * @param options `onlyLargest` lists the largest files alone, largest first (false).
 */
export function formatFiles(
  report: FilesReport,
  options: { readonly onlyLargest?: boolean | undefined } = {},
): readonly string[] {
  const { files, largest, total, duplicated } = report;
  const folders = files.filter(({ type }) => type === "directory").length;
  const others = files.length - folders - total.count;
  const counts = [
    `${counted(total.count, "file")}, ${formatSize(total.bytes)}`,
    counted(folders, "folder"),
    counted(others, "link or device", "links and devices"),
  ];
  const share = `duplicated: ${formatSize(duplicated.bytes)} (${percent(duplicated.bytes, total.bytes)})`;
  const listed = options.onlyLargest ? largest : files;
  return [...listed.map(fileLine), ...duplicateLines(report), "", `${counts.join("; ")}; ${share}`];
}

function changedLine({ before, after, path, differences }: Extract<FileChange, { kind: "changed" }>): string {
  const details = differences.map((difference) => {
    if (difference === "type") return `${before.type} -> ${after.type}`;
    if (difference === "mode") return `mode ${octal(before.mode)} -> ${octal(after.mode)}`;
    if (difference === "owner") return `owner ${before.uid}:${before.gid} -> ${after.uid}:${after.gid}`;
    if (difference === "target") return `target ${before.target} -> ${after.target}`;
    if (difference === "device") return `device ${before.device} -> ${after.device}`;
    return difference === "content" ? `content ${formatSize(before.size)} -> ${formatSize(after.size)}` : difference;
  });
  return `~ ${size(after.size)}  ${path}  (${details.join(", ")})`;
}

function changeLine(change: FileChange): string {
  if (change.kind === "changed") return changedLine(change);
  const file = change.kind === "added" ? change.after : change.before;
  const slash = file.type === "directory" && file.path !== "/" ? "/" : "";
  const arrow = file.target === undefined ? "" : ` -> ${file.target}`;
  return `${change.kind === "added" ? "+" : "-"} ${size(file.size)}  ${file.path}${slash}${arrow}`;
}

function configLine({ name, before, after }: ConfigChange): string {
  const shown = formatVisible(name);
  const quote = (text: string | undefined) => formatVisible(JSON.stringify(text ?? ""));
  if (before === undefined) return `+ config ${shown} ${quote(after)}`;
  if (after === undefined) return `- config ${shown} ${quote(before)}`;
  return `~ config ${shown} ${quote(before)} -> ${quote(after)}`;
}

const bytesOf = (descriptors: readonly Descriptor[]) => descriptors.reduce((sum, { size }) => sum + size, 0);

/** How two images differ as lines: `+` for what is only in B, `-` for what is only in A, `~` for what changed; a summary. */
export function formatDiff(diff: ImageDiff): readonly string[] {
  const { files, config, added, removed, changed, shared, onlyA, onlyB } = diff;
  const layers = (some: readonly Descriptor[], what: string) => `${counted(some.length, "layer")} ${what}`;
  const growth = `${changed.bytes < 0 ? "" : "+"}${formatSize(changed.bytes)}`;
  const counts = [
    `${added.count} added (${formatSize(added.bytes)})`,
    `${removed.count} removed (${formatSize(removed.bytes)})`,
    `${changed.count} changed (${growth})`,
    `${counted(config.length, "difference")} in config`,
  ];
  const sizes = `${layers(shared, `shared (${formatSize(bytesOf(shared))})`)}, ${layers(onlyA, "only in A")}, ${layers(onlyB, "only in B")}`;
  const isSame = files.length === 0 && config.length === 0;
  const summary = isSame ? "no difference" : counts.join(", ");
  return [...files.map(changeLine), ...config.map(configLine), `${summary}; ${sizes}`];
}
