import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../src/errors.js";
import { type Node, orderNodes } from "../../src/resolve/order.js";
import { resolve } from "../../src/resolve/resolve.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { ask, make, names, OPTIONS } from "./make.js";

const test = suite("resolve/order");

/** `a: b c|d !e` for each node; `!` is strict. Nodes are numbered in the order of the lines. */
function read(...lines: readonly string[]): readonly Node[] {
  const labels = lines.map((line) => line.split(":")[0] ?? "");
  return lines.map((line, at) => ({
    label: labels[at] ?? "",
    needs: (line.split(":")[1] ?? "")
      .split(" ")
      .filter((need) => need !== "")
      .map((need) => ({
        strict: need.startsWith("!"),
        anyOf: need
          .replace("!", "")
          .split("|")
          .map((label) => labels.indexOf(label)),
      })),
  }));
}

const ORDERS: readonly (readonly [string, readonly string[], string])[] = [
  ["nothing", [], ""],
  ["the smallest first", ["a", "b", "c"], "abc"],
  ["dependencies first", ["a: c", "b", "c: b"], "bca"],
  ["one that became free before larger ones", ["a: c", "b: d", "c", "d"], "cadb"],
  ["all of several alternatives first", ["a: b|c", "b", "c"], "bca"],
  ["a circle by name", ["a: b", "b: a"], "ab"],
  ["a circle after all that it needs, before all that needs it", ["a: b", "b: c", "c: b d", "d"], "dbca"],
  ["a circle with as few breaks as follow from the first", ["a: b", "b: c", "c: a"], "acb"],
  ["a circle by strict dependencies first", ["a: !b", "b: a"], "ba"],
  ["a circle by strict dependencies in a row", ["a: !b", "b: !c", "c: a"], "cba"],
  ["no circle where another alternative avoids it", ["a: !b|c", "b: !a", "c"], "cab"],
  ["two circles, each by itself", ["a: c", "b: d", "c: a", "d: b"], "acbd"],
];

for (const [title, lines, expected] of ORDERS) {
  test(`orderNodes() places ${title}`, () => {
    const nodes = read(...lines);
    assert.is(
      orderNodes(nodes)
        .map((node) => nodes[node]?.label)
        .join(""),
      expected,
    );
  });
}

const CIRCLES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["itself", ["a: !a"], ["a", "a"]],
  ["two", ["a: !b", "b: !a"], ["a", "b", "a"]],
  ["those in the circle alone", ["a: !c", "b: !c", "c: !d", "d: !b", "e: a"], ["b", "c", "d", "b"]],
  ["the strict ones of several", ["a: b", "b: !c a", "c: !b"], ["b", "c", "b"]],
];

for (const [title, lines, expected] of CIRCLES) {
  test(`orderNodes() refuses a strict circle and shows ${title}`, () => {
    assert.equal(throws(() => orderNodes(read(...lines)), "CYCLE").detail.cycle, expected);
  });
}

test("orderNodes() shows the ends of a long circle", () => {
  const lines = Array.from({ length: 20 }, (_, at) => `n${at}: !n${(at + 1) % 20}`);
  const { message, detail } = throws(() => orderNodes(read(...lines)), "CYCLE");
  assert.match(message, /n0 → n1 → .* → n11 → … 8 more … → n0, expected/);
  assert.is(detail.cycle.length, 21);
});

const graphs = fc.integer({ min: 1, max: 7 }).chain((size) =>
  fc.array(
    fc.array(
      fc.record({
        strict: fc.boolean(),
        anyOf: fc.uniqueArray(fc.nat({ max: size - 1 }), { minLength: 1, maxLength: 2 }),
      }),
      { maxLength: 2 },
    ),
    { minLength: size, maxLength: size },
  ),
);

/** Can everything be placed with the needs that `counts` says? */
function canOrder(nodes: readonly Node[], counts: (strict: boolean) => boolean): boolean {
  const placed = new Set<number>();
  for (let round = 0; round < nodes.length; round++) {
    for (const [at, { needs }] of nodes.entries()) {
      if (needs.every(({ anyOf, strict }) => !counts(strict) || anyOf.some((other) => placed.has(other))))
        placed.add(at);
    }
  }
  return placed.size === nodes.length;
}

test("orderNodes() finds an order exactly when there is one, and breaks no need without cause", () => {
  fc.assert(
    fc.property(graphs, (needs) => {
      const nodes = needs.map((own, at) => ({ label: `n${at}`, needs: own }));
      let order: readonly number[] = [];
      try {
        order = orderNodes(nodes);
      } catch (error) {
        if (!isLadingError(error, "CYCLE")) throw error;
        assert.not.ok(canOrder(nodes, (strict) => strict));
        return;
      }
      assert.equal([...order].sort(), [...nodes.keys()]);
      const all = canOrder(nodes, () => true);
      const places = new Map(order.map((node, place) => [node, place]));
      for (const [at, { needs: own }] of nodes.entries()) {
        for (const { strict, anyOf } of own.filter((need) => need.strict || all)) {
          const first = Math.min(...anyOf.map((other) => places.get(other) ?? 0));
          assert.ok(first < (places.get(at) ?? 0), `n${at} needs ${anyOf} ${strict}`);
        }
      }
    }),
    { numRuns: 5000 },
  );
});

test("resolve() puts Debian's own circle in order", () => {
  const catalog = [
    make("libc6 2.36", { needs: ["libgcc-s1"] }),
    make("libgcc-s1 12.2", { needs: ["gcc-12-base (= 12.2)", "libc6 (>= 2.35)"] }),
    make("gcc-12-base 12.2"),
    make("dpkg 1.21", { needs: ["!libc6 (>= 2.34)", "tar"] }),
    make("tar 1.34", { needs: ["!libc6"] }),
  ];
  const expected = ["gcc-12-base 12.2", "libc6 2.36", "libgcc-s1 12.2", "tar 1.34", "dpkg 1.21"];
  assert.equal(names(resolve(ask("dpkg"), catalog, OPTIONS)), expected);
});

test.run();
