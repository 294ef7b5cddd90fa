/**
 * A graph as a picture: one SVG file that loads nothing and runs nothing.
 *
 * @module
 */

import { Graph, layout } from "@dagrejs/dagre";
import { LadingError } from "../errors.js";
import { compareBytewise } from "./bytewise.js";
import type { ResolutionGraph } from "./graph.js";

/** Packages that are drawn: nobody could follow more, and placing them would take minutes. */
const MAX_NODES = 1000;
/** Characters of a name that are shown; all of it stands in the title. */
const MAX_LABEL = 40;
/** Pixels. */
const CHARACTER = 7.3;
const HEIGHT = 24;
const MARGIN = 12;

const STYLE = `svg{background:#fff;color:#1c2733}rect{fill:#eef3f9;stroke:#5b7ba0}.recipe rect{fill:#1c2733}.recipe text{fill:#fff}text{font:12px ui-monospace,monospace;fill:currentColor;text-anchor:middle;dominant-baseline:central}.edge{fill:none;stroke:#8597aa}@media(prefers-color-scheme:dark){svg{background:#14191f;color:#e6edf3}rect{fill:#22303f;stroke:#6d8db3}.recipe rect{fill:#e6edf3}.recipe text{fill:#14191f}}`;

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
/** What XML 1.0 has no way to write is shown as `?`. */
const UNWRITABLE = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

function escapeXml(text: string): string {
  return text.replace(UNWRITABLE, "?").replace(/[&<>"]/g, (character) => ENTITIES[character] ?? "");
}

const shorten = (label: string) => (label.length > MAX_LABEL ? `${label.slice(0, MAX_LABEL - 1)}…` : label);
const round = (value: number) => String(Math.round(value * 10) / 10);

interface Point {
  readonly x: number;
  readonly y: number;
}

/** A line through the points, rounded at the inner ones. */
function toPath(points: readonly Point[]): string {
  const at = ({ x, y }: Point) => `${round(x)} ${round(y)}`;
  const [first, ...others] = points;
  if (first === undefined) return "";
  const steps = others.map((point, nth) => {
    const next = others[nth + 1];
    if (next === undefined) return `L${at(point)}`;
    return `Q${at(point)} ${at({ x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 })}`;
  });
  return `M${at(first)}${steps.join("")}`;
}

/** Places nodes and arrows, left to right. */
function place({ nodes, edges }: ResolutionGraph) {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 8, edgesep: 4, ranksep: 48, marginx: MARGIN, marginy: MARGIN });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const [at, label] of ["recipe", ...nodes].entries()) {
    graph.setNode(String(at - 1), { width: Math.ceil(shorten(label).length * CHARACTER) + 16, height: HEIGHT });
  }
  for (const [from, to] of edges) graph.setEdge(String(from), String(to));
  layout(graph);
  return graph;
}

/**
 * Draws a graph: the recipe on the left, what each package needs to its right. The same graph gives the same text.
 *
 * @throws {LadingError} `TOO_LARGE` above 1000 packages; `formatMermaid` takes any number.
 */
export function renderGraph(graph: ResolutionGraph): string {
  const { nodes, edges } = graph;
  if (nodes.length > MAX_NODES) {
    const message = `Cannot draw ${nodes.length} packages: expected at most ${MAX_NODES}; write Mermaid text instead (--graph without a file), or resolve a part of them`;
    throw new LadingError("TOO_LARGE", message, { what: "packages", limit: MAX_NODES, actual: nodes.length });
  }
  const placed = place(graph);
  const { width = 0, height = 0 } = placed.graph();
  const boxes = ["recipe", ...nodes].map((label, at) => {
    const { x, y, width: wide } = placed.node(String(at - 1));
    const box = `<rect x="${round(x - wide / 2)}" y="${round(y - HEIGHT / 2)}" width="${round(wide)}" height="${HEIGHT}" rx="4"/>`;
    const text = `<text x="${round(x)}" y="${round(y)}">${escapeXml(shorten(label))}</text>`;
    return `<g${at === 0 ? ' class="recipe"' : ""}><title>${escapeXml(label)}</title>${box}${text}</g>`;
  });
  const lines = edges.map(([from, to]) => {
    const { points = [] } = placed.edge(String(from), String(to));
    return `<path class="edge" marker-end="url(#tip)" d="${toPath(points)}"/>`;
  });
  const size = `width="${Math.ceil(width)}" height="${Math.ceil(height)}" viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}"`;
  const tip =
    '<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#8597aa"/></marker>';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="packages and what they need" ${size}>`,
    `<style>${STYLE}</style><defs>${tip}</defs>`,
    ...lines.sort(compareBytewise),
    ...boxes,
    "</svg>",
    "",
  ].join("\n");
}
