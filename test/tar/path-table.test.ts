import fc from "fast-check";
import * as assert from "uvu/assert";
import { closeTable, createPathTable, hashPath, pathNumber, setPathNumber } from "../../src/tar/path-table.js";
import { suite } from "../support/suite.js";

const test = suite("tar/path-table");

test("hashPath() is HalfSipHash-2-4 in its 64-bit form", () => {
  // The first of the reference implementation's vectors: key 00 to 07, input of no byte and of the byte 00.
  const words = new Int32Array(3);
  hashPath("", [0x03020100, 0x07060504], words);
  assert.is(Buffer.from(words.buffer, 0, 8).toString("hex"), "218d1f59b9b83cc8");
  hashPath("\0", [0x03020100, 0x07060504], words);
  assert.is(Buffer.from(words.buffer, 0, 8).toString("hex"), "be552412f8387315");
});

test("a table behaves as a Map", () => {
  const path = fc.string({ unit: fc.constantFrom("a", "b", "/", "\xff"), maxLength: 9 });
  fc.assert(
    fc.property(fc.array(fc.tuple(path, fc.integer({ min: 1, max: 0xffffffff })), { maxLength: 800 }), (pairs) => {
      const table = createPathTable();
      const map = new Map<string, number>();
      for (const [key, value] of pairs) {
        assert.is(pathNumber(table, key), map.get(key) ?? 0);
        setPathNumber(table, key, value);
        map.set(key, value);
      }
      assert.is(table.numbers.size, map.size);
      for (const [key, value] of map) assert.is(pathNumber(table, key), value);
    }),
  );
});

test("a table keeps a hundred thousand paths apart", () => {
  const table = createPathTable();
  for (let index = 0; index < 100_000; index++) setPathNumber(table, `usr/lib/${index}`, index + 1);
  for (let index = 0; index < 100_000; index++) assert.is(pathNumber(table, `usr/lib/${index}`), index + 1);
  assert.is(pathNumber(table, "usr/lib/100000"), 0);
  assert.is(table.numbers.size, 100_000);
});

test("a closed table is empty, and so is one that takes over its memory", () => {
  for (let round = 0; round < 3; round++) {
    const table = createPathTable();
    for (let index = 0; index < 5000; index++) assert.is(pathNumber(table, `${index}`), 0);
    for (let index = 0; index < 5000; index++) setPathNumber(table, `${index}`, 1);
    closeTable(table.numbers);
    assert.is(table.numbers.size, 0);
    assert.is(pathNumber(table, "1"), 0);
  }
});

test("tables that are open at one time have nothing in common", () => {
  const old = createPathTable();
  for (let index = 0; index < 5000; index++) setPathNumber(old, `${index}`, 1);
  closeTable(old.numbers);
  const [one, other] = [createPathTable(), createPathTable()];
  for (let index = 0; index < 5000; index++) setPathNumber(one, `${index}`, 2);
  for (let index = 0; index < 5000; index++) assert.is(pathNumber(other, `${index}`), 0);
});

test.run();
