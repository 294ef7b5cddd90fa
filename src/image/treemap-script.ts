/**
 * What the treemap's page does in the browser. It takes nothing from images but as text, and asks nothing of any network.
 *
 * Squarified layout: M. Bruls, K. Huizing, J. van Wijk, "Squarified Treemaps", 2000.
 *
 * @module
 */

/** The page's script. The tree stands in the element `data` as JSON. */
export const TREEMAP_SCRIPT = `"use strict";
const { layers, root } = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const map = byId("map");
const all = [];
let here = root;
let cells = [];
let query = "";
let onlyLayer = -1;

(function link(node, parent) {
  node.parent = parent;
  const prefix = parent === undefined || parent === root ? "/" : parent.path + "/";
  const rest = node.n === undefined;
  node.path = parent === undefined ? "/" : rest ? parent.path : prefix + node.n;
  node.low = node.path.toLowerCase();
  node.label = rest ? count(node.f, "smaller file") : node.n + (node.d && parent ? "/" : "");
  if (!rest) all.push(node);
  for (const child of node.k || []) link(child, node);
})(root, undefined);

function size(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 999.95 && unit < 4) { bytes /= 1000; unit++; }
  return (unit === 0 ? bytes : bytes.toFixed(1)) + " " + units[unit];
}

function count(number, noun) { return number + " " + noun + (number === 1 ? "" : "s"); }

function share(node, of) { return of.b === 0 ? "" : ((100 * node.b) / of.b).toFixed(1) + " %"; }

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/* The worst ratio of sides in a row of such areas along such a side. */
function worst(sum, least, most, side) {
  const square = sum * sum;
  return Math.max((side * side * most) / square, square / (side * side * least));
}

/* Rectangles of the nodes, which are sorted by size, in the box. */
function squarify(nodes, box) {
  const total = nodes.reduce((sum, node) => sum + node.b, 0);
  const scale = total === 0 ? 0 : (box.w * box.h) / total;
  const placed = [];
  let { x, y, w, h } = box;
  for (let from = 0; from < nodes.length;) {
    const side = Math.min(w, h);
    const first = nodes[from].b * scale;
    let to = from + 1;
    let sum = first;
    let ratio = worst(sum, first, first, side);
    for (; to < nodes.length; to++) {
      const area = nodes[to].b * scale;
      const next = worst(sum + area, area, first, side);
      if (next > ratio) break;
      ratio = next;
      sum += area;
    }
    const thick = side > 0 ? sum / side : 0;
    for (let at = from, along = 0; at < to; at++) {
      const long = thick > 0 ? (nodes[at].b * scale) / thick : 0;
      placed.push(w >= h ? { node: nodes[at], x, y: y + along, w: thick, h: long } : { node: nodes[at], x: x + along, y, w: long, h: thick });
      along += long;
    }
    if (w >= h) { x += thick; w -= thick; } else { y += thick; h -= thick; }
    from = to;
  }
  return placed;
}

function draw(into, { node, x, y, w, h }, depth) {
  if (w < 3 || h < 3) return;
  const opens = node.k !== undefined && w > 26 && h > 26;
  const cell = element("div", "cell " + (opens ? "folder" : "leaf l" + node.l));
  Object.assign(cell.style, { left: x + "px", top: y + "px", width: w + "px", height: h + "px" });
  if (w > 34 && h > (opens ? 40 : 15)) {
    const label = element("span", "name", node.label);
    if (opens || h <= 30) label.append(" ", element("small", "", size(node.b)));
    else if (w > 54) label.append(element("small", "line", size(node.b)));
    cell.append(label);
  }
  if (node.k !== undefined) {
    cell.tabIndex = 0;
    cell.setAttribute("role", "button");
    cell.setAttribute("aria-label", node.path + ", " + size(node.b));
  }
  cell.node = node;
  cells.push(cell);
  into.append(cell);
  if (!opens) return;
  const top = h > 40 ? 19 : 2;
  const inner = { x: 2, y: top, w: w - 6, h: h - top - 4 };
  for (const each of squarify(node.k, inner)) draw(cell, each, depth + 1);
}

function crumbs() {
  const way = [];
  for (let node = here; node !== undefined; node = node.parent) way.unshift(node);
  byId("crumbs").replaceChildren(...way.map((node, at) => {
    const button = element("button", at === way.length - 1 ? "here" : "", node.label);
    button.addEventListener("click", () => zoom(node));
    return button;
  }));
}

function zoom(node) {
  here = node.k === undefined && node.parent !== undefined ? node.parent : node;
  cells = [];
  const box = { x: 0, y: 0, w: map.clientWidth, h: map.clientHeight };
  const fragment = document.createDocumentFragment();
  for (const each of squarify(here.k || [here], box)) draw(fragment, each, 0);
  map.replaceChildren(fragment);
  crumbs();
  tell(here);
  mark();
}

function isMarked(node) {
  return (query === "" || (node.n !== undefined && node.low.includes(query))) && (onlyLayer < 0 || node.l === onlyLayer);
}

function mark() {
  const some = query !== "" || onlyLayer >= 0;
  for (const cell of cells) {
    if (!cell.classList.contains("folder")) cell.classList.toggle("dim", some && !isMarked(cell.node));
  }
  document.querySelectorAll("tr[data-layer]").forEach((row) => {
    row.classList.toggle("chosen", Number(row.dataset.layer) === onlyLayer);
  });
}

function tell(node) {
  const what = [node.n === undefined ? node.label + " of " + node.path : node.path];
  const facts = [size(node.b), share(node, root)];
  if (node.d || node.n === undefined) facts.push(count(node.f, "file"));
  facts.push((node.d ? "mostly " : "") + "layer " + node.l + ": " + (layers[node.l] || ""));
  byId("path").textContent = what.join("");
  byId("facts").textContent = facts.filter(Boolean).join(" · ");
  byId("swatch").className = "swatch l" + node.l;
}

function search() {
  query = byId("search").value.trim().toLowerCase();
  const found = query === "" ? [] : all.filter((node) => node.parent && node.low.includes(query)).sort((a, b) => b.b - a.b);
  const items = found.slice(0, 40).map((node) => {
    const item = element("button", "", node.path + (node.d ? "/" : ""));
    item.prepend(element("b", "", size(node.b)));
    item.addEventListener("click", () => { zoom(node); tell(node); byId("found").hidden = true; });
    return item;
  });
  if (query !== "") items.push(element("p", "", found.length === 0 ? "Nothing of that name is drawn." : count(found.length, "path") + " of that name"));
  byId("found").replaceChildren(...items);
  byId("found").hidden = query === "";
  mark();
}

const cellOf = (event) => event.target.closest && event.target.closest(".cell");
map.addEventListener("mousemove", (event) => { const cell = cellOf(event); if (cell) tell(cell.node); });
map.addEventListener("focusin", (event) => { const cell = cellOf(event); if (cell) tell(cell.node); });
map.addEventListener("mouseleave", () => tell(here));
map.addEventListener("click", (event) => {
  const cell = cellOf(event);
  if (!cell) return;
  /* One step at a time: into the folder of this level that the click is in. */
  let node = cell.node;
  while (node.parent !== here && node.parent !== undefined) node = node.parent;
  zoom(cell.classList.contains("folder") || node === cell.node ? cell.node : node);
});
map.addEventListener("keydown", (event) => {
  const cell = cellOf(event);
  if (cell && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); zoom(cell.node); map.focus(); }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (query !== "") { byId("search").value = ""; search(); }
  else if (here.parent) zoom(here.parent);
});
byId("search").addEventListener("input", search);
byId("search").addEventListener("focus", search);
document.addEventListener("click", (event) => { if (!event.target.closest(".finder")) byId("found").hidden = true; });
document.querySelectorAll("tr[data-layer]").forEach((row) => {
  row.addEventListener("click", () => {
    const layer = Number(row.dataset.layer);
    onlyLayer = onlyLayer === layer ? -1 : layer;
    mark();
  });
});
let timer;
byId("tool").hidden = false;
zoom(root);
new ResizeObserver(() => { clearTimeout(timer); timer = setTimeout(() => zoom(here), 60); }).observe(map);
`;
