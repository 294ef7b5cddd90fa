/**
 * How the treemap's page looks.
 *
 * @module
 */

/** Degrees between the hues of neighbours: the golden angle, so that no two of a few layers look alike. */
const GOLDEN_ANGLE = 137.508;
const FIRST_HUE = 250;

const STYLE = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #1b1f24; --soft: #5b6470; --line: #d9dee4;
  --folder: #eceff3; --edge: #c4cbd4; --accent: #0b5fc0; --light: .83; --chroma: .085; --ink: #14181d; }
@media (prefers-color-scheme: dark) {
  :root { --page: #121519; --card: #1a1e24; --text: #e4e8ed; --soft: #98a2ae; --line: #2c323a;
    --folder: #20252c; --edge: #39414b; --accent: #77b2ff; --light: .43; --chroma: .085; --ink: #f3f5f7; }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; padding: 20px 24px 40px; background: var(--page); color: var(--text);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 20px; margin-bottom: 14px; }
h1 { margin: 0; font-size: 20px; font-weight: 650; overflow-wrap: anywhere; }
h2 { margin: 0 0 8px; font-size: 15px; font-weight: 650; }
h2 small { font-weight: 400; color: var(--soft); margin-left: 6px; }
code, td.path, #path { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 12.5px; }
header code { color: var(--soft); overflow-wrap: anywhere; }
dl { display: flex; flex-wrap: wrap; gap: 10px; margin: 0 0 16px; }
dl div { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 8px 14px; min-width: 110px; }
dt { color: var(--soft); font-size: 12px; }
dd { margin: 0; font-size: 17px; font-weight: 600; font-variant-numeric: tabular-nums; }
.bar { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; justify-content: space-between; margin-bottom: 8px; }
#crumbs button { border: 0; background: none; color: var(--accent); font: inherit; padding: 3px 6px; border-radius: 5px; cursor: pointer; }
#crumbs button:hover { background: var(--folder); }
#crumbs button.here { color: var(--text); font-weight: 600; }
.finder { position: relative; flex: 0 1 300px; }
#search { width: 100%; padding: 6px 10px; border: 1px solid var(--edge); border-radius: 7px; background: var(--card); color: inherit; font: inherit; }
#found { position: absolute; right: 0; top: 36px; z-index: 9; width: min(620px, 90vw); max-height: 380px; overflow: auto; padding: 5px;
  background: var(--card); border: 1px solid var(--edge); border-radius: 8px; box-shadow: 0 8px 28px #0004; }
#found button { display: flex; gap: 10px; width: 100%; border: 0; background: none; color: inherit; text-align: left; padding: 4px 6px; border-radius: 5px;
  cursor: pointer; overflow-wrap: anywhere; font: 12.5px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
#found button:hover, #found button:focus { background: var(--folder); }
#found b { flex: 0 0 72px; text-align: right; color: var(--soft); font-weight: 400; }
#found p { margin: 4px 6px; color: var(--soft); }
#map { position: relative; height: min(64vh, 760px); min-height: 340px; background: var(--card); border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.cell { position: absolute; overflow: hidden; cursor: pointer; border: 1px solid var(--card); }
.folder { background: var(--folder); border: 1px solid var(--edge); border-radius: 3px; }
.leaf { background: oklch(var(--light) var(--chroma) var(--hue)); color: var(--ink); border-radius: 2px; transition: opacity .12s; }
.leaf:hover { filter: brightness(1.07) saturate(1.25); }
.folder:hover { border-color: var(--accent); }
.cell:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
.dim { opacity: .16; }
.name { display: block; padding: 1px 4px; font-size: 11.5px; line-height: 16px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; pointer-events: none; }
.folder > .name { font-weight: 600; }
.name small { opacity: .72; font-size: 10.5px; font-weight: 400; }
.name .line { display: block; line-height: 12px; }
#status { display: flex; flex-wrap: wrap; gap: 2px 10px; align-items: center; min-height: 44px; padding: 8px 2px; }
#path { overflow-wrap: anywhere; }
#facts { color: var(--soft); overflow-wrap: anywhere; }
.swatch { display: inline-block; width: 12px; height: 12px; border-radius: 3px; background: oklch(var(--light) calc(var(--chroma) * 1.3) var(--hue)); }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: 16px; align-items: start; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 14px 16px; min-width: 0; overflow-x: auto; }
section.wide { grid-column: 1 / -1; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; color: var(--soft); font-weight: 500; font-size: 12px; }
th, td { padding: 4px 10px 4px 0; vertical-align: top; border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.path, td.grow { width: 100%; min-width: 220px; overflow-wrap: anywhere; }
tr[data-layer] { cursor: pointer; }
tr[data-layer]:hover td, tr.chosen td { background: var(--folder); }
.none { color: var(--soft); margin: 0; }
@media print { .bar, #status { display: none; } }
`;

/** The page's style, with a hue for each layer. */
export function treemapStyle(layers: number): string {
  const hues = Array.from({ length: layers }, (_, index) => {
    const hue = (FIRST_HUE + index * GOLDEN_ANGLE) % 360;
    return `.l${index} { --hue: ${hue.toFixed(1)}; }`;
  });
  return `${STYLE}${hues.join("\n")}\n`;
}
