import fc from "fast-check";
import * as assert from "uvu/assert";
import { type Packable, packLayers } from "../../src/image/pack.js";
import { suite } from "../support/suite.js";

const test = suite("image/pack");

const layer: fc.Arbitrary<Packable> = fc.record({
  name: fc.string({ maxLength: 8 }),
  size: fc.integer({ min: 0, max: 2 ** 30 }),
});
const layers = fc.array(layer, { maxLength: 60 });
const most = fc.integer({ min: 1, max: 20 });

test("packLayers() keeps every layer and their order, in no more groups than allowed", () => {
  fc.assert(
    fc.property(layers, most, (all, limit) => {
      const groups = packLayers(all, limit);
      assert.equal(groups.flat(), all);
      assert.ok(groups.length <= limit && groups.every(({ length }) => length > 0), `${groups.length} of ${limit}`);
    }),
  );
});

test("packLayers() packs nothing where there is room", () => {
  const all = Array.from({ length: 5 }, (_, at) => ({ name: `${at}`, size: at }));
  assert.is(packLayers(all, 5).length, 5);
  assert.is(packLayers([], 1).length, 0);
  assert.throws(() => packLayers(all, 0), /expected 1 or more/);
});

const named = (count: number): Packable[] =>
  Array.from({ length: count }, (_, at) => ({ name: `package::/debian::p${at}`, size: 1000 + at }));

test("as many groups are made as may be", () => {
  for (const [count, most] of [
    [127, 126],
    [300, 120],
    [500, 126],
  ] as const)
    assert.is(packLayers(named(count), most).length, most);
});

test("large layers stay alone", () => {
  const all = named(300).map((each, at) => (at % 30 === 0 ? { ...each, size: 1e9 } : each));
  const groups = packLayers(all, 120);
  assert.is(groups.filter((group) => group.length === 1 && group[0]?.size === 1e9).length, 10);
});

test("a layer that comes or goes touches four groups at most, and one that changes its own", () => {
  const texts = (all: readonly Packable[]) => packLayers(all, 120).map((group) => group.map(({ name }) => name).join());
  const before = new Set(texts(named(300)));
  for (const at of [0, 77, 150, 299]) {
    const without = texts(named(300).toSpliced(at, 1));
    assert.ok(without.filter((text) => !before.has(text)).length <= 4, `without ${at}`);
    const more = texts(named(300).toSpliced(at, 0, { name: "package::/debian::new", size: 900 }));
    assert.ok(more.filter((text) => !before.has(text)).length <= 4, `with another at ${at}`);
  }
});

test.run();
