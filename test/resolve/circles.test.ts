import fc from "fast-check";
import * as assert from "uvu/assert";
import { numberCircles } from "../../src/resolve/circles.js";
import { suite } from "../support/suite.js";

const test = suite("resolve/circles");

const graphs = fc
  .integer({ min: 1, max: 8 })
  .chain((size) =>
    fc.array(fc.uniqueArray(fc.nat({ max: size - 1 }), { maxLength: 3 }), { minLength: size, maxLength: size }),
  );

/** Everything that can be reached from a node, itself included. */
function reach(edges: readonly (readonly number[])[], from: number): ReadonlySet<number> {
  const found = new Set([from]);
  for (const node of found) for (const to of edges[node] ?? []) found.add(to);
  return found;
}

test("numberCircles() puts together what can reach each other, and numbers what is reached lower", () => {
  fc.assert(
    fc.property(graphs, (edges) => {
      const circles = numberCircles(edges);
      const reached = edges.map((_, node) => reach(edges, node));
      for (const [left, from] of reached.entries()) {
        for (const right of from) {
          const together = reached[right]?.has(left) ?? false;
          assert.is(circles[left] === circles[right], together);
          assert.ok((circles[right] ?? 0) <= (circles[left] ?? 0));
        }
      }
    }),
    { numRuns: 3000 },
  );
});

test("numberCircles() takes a path of a million nodes", () => {
  const edges = Array.from({ length: 1_000_000 }, (_, node) => (node < 999_999 ? [node + 1] : []));
  assert.is(numberCircles(edges)[0], 999_999);
});

test.run();
