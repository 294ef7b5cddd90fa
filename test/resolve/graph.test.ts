import * as assert from "uvu/assert";
import { formatMermaid, graphResolution } from "../../src/resolve/graph.js";
import { renderGraph } from "../../src/resolve/graph-svg.js";
import { resolve } from "../../src/resolve/resolve.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { ask, make, OPTIONS } from "./make.js";

const test = suite("resolve/graph");

const catalog = [
  make("app 1", { needs: ["lib", "base", "none | tool"] }),
  make("lib 1", { needs: ["base"] }),
  make("tool 1", { needs: ["lib", "ring"] }),
  make("ring 1", { needs: ["ring2"] }),
  make("ring2 1", { needs: ["ring"] }),
  make("base 1"),
];

const graphOf = (packages = catalog, requests = ask("app")) =>
  graphResolution(requests, resolve(requests, packages, OPTIONS), OPTIONS);

test("graphResolution() shows who needs whom, and leaves out what a longer way says", () => {
  const { nodes, edges } = graphOf();
  const named = edges.map(([from, to]) => `${from < 0 ? "recipe" : nodes[from]} > ${nodes[to]}`).sort();
  assert.equal(named, [
    "app 1 > tool 1",
    "lib 1 > base 1",
    "recipe > app 1",
    "ring 1 > ring2 1",
    "ring2 1 > ring 1",
    "tool 1 > lib 1",
    "tool 1 > ring 1",
  ]);
});

test("graphResolution() gives the same graph for any order of the catalog", () => {
  assert.equal(graphOf([...catalog].reverse()), graphOf());
  assert.is(renderGraph(graphOf([...catalog].reverse())), renderGraph(graphOf()));
});

test("formatMermaid() writes a flowchart in which names are names", () => {
  const [app, lib] = [make('a"]b<i>`; 1'), make("lib 1")];
  const lines = formatMermaid(graphOf([{ ...app, version: "1" }, lib], ask("lib"))).split("\n");
  assert.equal(lines, ["flowchart LR", "  recipe([recipe])", '  p0["lib 1"]', "  recipe --> p0", ""]);
  const [, , hostile] = formatMermaid({ nodes: ['a"]\nb<i>`#'], edges: [] }).split("\n");
  assert.is(hostile, '  p0["a#34;#93;#10;b#60;i#62;#96;#35;"]');
});

test("renderGraph() draws every package and arrow, and nothing that runs or loads", () => {
  const svg = renderGraph(graphOf());
  assert.is(svg.match(/<rect /g)?.length, catalog.length + 1);
  assert.is(svg.match(/<path class="edge"/g)?.length, graphOf().edges.length);
  assert.is(/NaN|undefined/.test(svg), false);
  const hostile = renderGraph({ nodes: ['</text><script>"&\u0000', "x".repeat(100)], edges: [[0, 1]] });
  assert.not.match(hostile, /<script/);
  assert.is(hostile.includes("\0"), false);
  assert.match(hostile, /&lt;\/text&gt;&lt;script&gt;&quot;&amp;\?/);
  assert.match(hostile, `<title>${"x".repeat(100)}</title>`);
});

test("renderGraph() draws some hundred packages, none over another, and refuses what nobody could read", () => {
  const places = Array.from({ length: 300 }, (_, at) => at);
  const many = places.map((at) =>
    make(`p${at} 1`, { needs: [2 * at + 1, 2 * at + 2, 3 * at + 5].filter((to) => to < 300).map((to) => `p${to}`) }),
  );
  const svg = renderGraph(graphOf(many, ask("p0")));
  const boxes = [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"/g)].map((match) =>
    match.slice(1).map(Number),
  );
  assert.is(boxes.length, 301);
  const overlap = boxes.some(([x = 0, y = 0, wide = 0], at) =>
    boxes.slice(at + 1).some(([left = 0, top = 0, width = 0]) => {
      return Math.abs(y - top) < 24 && x < left + width && left < x + wide;
    }),
  );
  assert.is(overlap, false);
  throws(() => renderGraph({ nodes: Array.from({ length: 1001 }, String), edges: [] }), "TOO_LARGE");
});

test("graphResolution() takes a chain of 10,000 packages, each of which needs all of the first ten", () => {
  const places = Array.from({ length: 10_000 }, (_, at) => at);
  const chain = places.map((at) =>
    make(`p${at} 1`, {
      needs: [...(at > 0 ? [`p${at - 1}`] : []), ...places.slice(0, Math.min(at, 10)).map((to) => `p${to}`)],
    }),
  );
  assert.is(graphOf(chain, ask("p9999")).edges.length, 10_000);
});

test.run();
