/**
 * An image's files as a page: a treemap of bytes by path, coloured by layer, with the largest files and what is there twice.
 *
 * The page is one file that loads nothing. Its policy lets run only the script that stands in it, by digest, so that nothing
 * which comes from an image could, even if it were not escaped; and it is.
 *
 * @see https://www.w3.org/TR/CSP3/#match-element-to-source-list
 * @module
 */

import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { LadingError } from "../errors.js";
import { formatPlatform } from "../oci/platform.js";
import { writeFileAtomic } from "../store/write-file.js";
import type { FilesReport } from "./files-report.js";
import { formatSize } from "./format-size.js";
import { formatLayerName, formatVisible } from "./report-text.js";
import { TREEMAP_SCRIPT } from "./treemap-script.js";
import { treemapStyle } from "./treemap-style.js";
import { createTreemapTree } from "./treemap-tree.js";

/** How a page is made. */
export interface TreemapOptions {
  /** What the page is called (the image's digest). */
  readonly title?: string | undefined;
  /** Files and folders that are drawn; the smaller ones of each folder are drawn as one (10 000). */
  readonly budget?: number | undefined;
}

const BUDGET = 10_000;
const SHOWN_CONTENTS = 50;
const SHOWN_PATHS = 10;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

/** JSON that ends no element and starts none. */
function toScriptJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

const sourceHash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const number = (text: string | number) => `<td class="number">${text}</td>`;
const path = (text: string) => `<td class="path">${text}</td>`;
const swatch = (layer: number) => `<span class="swatch l${layer}"></span>`;

function table(heads: readonly string[], rows: readonly string[]): string {
  if (rows.length === 0) return `<p class="none">None.</p>`;
  const cells = heads.map((head) => (head.startsWith("#") ? `<th class="number">${head.slice(1)}` : `<th>${head}`));
  return `<table><thead><tr>${cells.join("")}</tr></thead><tbody>\n${rows.join("\n")}\n</tbody></table>`;
}

function layerTable({ layers, files }: FilesReport): string {
  const shown = new Map<number, number>();
  for (const { layer, size } of files) shown.set(layer, (shown.get(layer) ?? 0) + size);
  const rows = layers.map((layer, index) => {
    const name = escapeHtml(formatLayerName(layer));
    const sizes = [layer.descriptor.size, shown.get(index) ?? 0, layer.wasted.bytes].map((size) =>
      number(formatSize(size)),
    );
    const counts = [layer.adds.count, layer.replaces.count + layer.repeats.count, layer.removes.count].map(number);
    return `<tr data-layer="${index}"><td>${swatch(index)}</td>${number(index)}<td class="grow">${name}</td>${counts.join("")}${sizes.join("")}</tr>`;
  });
  return table(["", "#", "made by", "#adds", "#replaces", "#removes", "#stored", "#shows", "#wasted"], rows);
}

function largestTable({ largest }: FilesReport): string {
  const rows = largest.map(
    (file) => `<tr><td>${swatch(file.layer)}</td>${number(formatSize(file.size))}${path(escapeHtml(file.path))}</tr>`,
  );
  return table(["", "#size", "path"], rows);
}

function duplicateTable({ duplicates }: FilesReport): string {
  const rows = duplicates.slice(0, SHOWN_CONTENTS).map(({ wasted, size, paths }) => {
    const more = paths.length > SHOWN_PATHS ? `<br>and ${paths.length - SHOWN_PATHS} more` : "";
    const list = paths.slice(0, SHOWN_PATHS).map(escapeHtml).join("<br>");
    return `<tr>${number(formatSize(wasted))}${number(`${paths.length} × ${formatSize(size)}`)}${path(list + more)}</tr>`;
  });
  return table(["#wasted", "#copies", "paths"], rows);
}

function facts(report: FilesReport): string {
  const { platform, layers, size, total, wasted, duplicated } = report;
  const items = [
    ...(platform === undefined ? [] : [["platform", formatVisible(formatPlatform(platform))] as const]),
    ["layers", String(layers.length)] as const,
    ["stored", formatSize(size)] as const,
    ["files", total.count.toLocaleString("en-US")] as const,
    ["unpacked", formatSize(total.bytes)] as const,
    ["wasted by layers", formatSize(wasted.bytes)] as const,
    ["duplicated", formatSize(duplicated.bytes)] as const,
  ];
  return `<dl>${items.map(([term, value]) => `<div><dt>${term}</dt><dd>${escapeHtml(value)}</dd></div>`).join("")}</dl>`;
}

function body(report: FilesReport, title: string, data: string): string {
  const { duplicates, duplicated, largest } = report;
  const shown = duplicates.length > SHOWN_CONTENTS ? `the ${SHOWN_CONTENTS} most wasteful of ${duplicates.length}` : "";
  const note = duplicated.count === 0 ? "" : `${formatSize(duplicated.bytes)}${shown === "" ? "" : `, ${shown}`}`;
  return `<header><h1>${title}</h1><code>${report.descriptor.digest}</code></header>
${facts(report)}
<div id="tool" hidden>
<div class="bar"><nav id="crumbs" aria-label="folder"></nav><div class="finder"><input id="search" type="search" placeholder="Search paths" aria-label="Search paths" autocomplete="off" spellcheck="false"><div id="found" hidden></div></div></div>
<div id="map" tabindex="-1"></div>
<div id="status"><span id="swatch" class="swatch"></span><span id="path"></span><span id="facts"></span></div>
</div>
<main>
<section class="wide"><h2>Layers<small>lowest first; choose one to see its files</small></h2>${layerTable(report)}</section>
<section><h2>Largest files<small>${largest.length} of ${report.total.count}</small></h2>${largestTable(report)}</section>
<section><h2>Duplicates<small>${note}</small></h2>${duplicateTable(report)}</section>
</main>
<script type="application/json" id="data">${data}</script>
<script>${TREEMAP_SCRIPT}</script>`;
}

/**
 * Renders a report as a self-contained HTML page: a treemap to zoom and search in, the layers, the largest files, and the
 * contents that are there twice. It needs no network, follows the light or dark scheme of its reader, and shows its tables
 * where scripts are off. The same report gives the same page.
 *
 * @param report Its `largest` are the ones listed.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { composeImage, createMemoryStore, renderTreemap, reportFiles } from "lading";
 *
 * const store = createMemoryStore();
 * const settings = { environments: [], labels: {}, ports: [], volumes: [], annotations: {} };
 * const { descriptor } = await composeImage(store, { os: "linux", architecture: "amd64" }, [], settings);
 * assert.match(renderTreemap(await reportFiles(store, descriptor), { title: "empty" }), /<h1>empty<\/h1>/);
 * ```
 */
export function renderTreemap(report: FilesReport, options: TreemapOptions = {}): string {
  const { title = report.descriptor.digest, budget = BUDGET } = options;
  const name = escapeHtml(formatVisible(title));
  const style = treemapStyle(report.layers.length);
  const root = createTreemapTree(report.files, budget);
  const data = toScriptJson({ layers: report.layers.map(formatLayerName), root });
  const policy = `default-src 'none'; script-src ${sourceHash(TREEMAP_SCRIPT)}; style-src ${sourceHash(style)}; base-uri 'none'; form-action 'none'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name}</title>
<style>${style}</style>
</head>
<body>
${body(report, name, data)}
</body>
</html>
`;
}

/**
 * Writes such a page to a file, whole or not at all. A file that is there is replaced; the folder is made where it is missing.
 *
 * @throws {LadingError} `FORMAT` where something other than a file is there: a folder, a device, a pipe.
 * @throws {LadingError} `IO` where the operating system says no.
 */
export async function writeTreemap(file: string, report: FilesReport, options: TreemapOptions = {}): Promise<void> {
  const there = await stat(file).catch(() => undefined);
  if (there !== undefined && !there.isFile()) {
    const found = there.isDirectory() ? "a folder" : "a device or pipe";
    const message = `Cannot write "${file}": it is ${found}, expected a file or nothing; name a file`;
    throw new LadingError("FORMAT", message, { wanted: "a file", found, path: file });
  }
  await writeFileAtomic(file, Buffer.from(renderTreemap(report, options)), dirname(resolve(file)));
}
