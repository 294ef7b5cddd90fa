import fc from "fast-check";
import * as assert from "uvu/assert";
import {
  checkDeviceNumbers,
  headerFormat,
  headerIn,
  headerName,
  headerOwner,
  headerTime,
  isHeader,
  isZeroBlock,
} from "../../src/tar/header.js";
import { entryPath } from "../../src/tar/path.js";
import { GNU_MAGIC, header, V7_MAGIC } from "../support/hostile-tar.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("tar/header");

const shifted = (block: Buffer): Buffer => Buffer.concat([Buffer.alloc(3, 0xff), block]);

test("isHeader() knows the right checksum, summed either way, and no other", () => {
  const fields = { name: "caf\xe9", linkname: "\xff" };
  assert.ok(isHeader(headerIn(shifted(header(fields)), 3)));
  assert.ok(isHeader(headerIn(shifted(header({ ...fields, checksum: "signed" })), 3)));
  assert.not(isHeader(headerIn(shifted(header({ ...fields, checksum: "wrong" })), 3)));
  assert.not(isHeader(headerIn(Buffer.alloc(512))));
});

test("isHeader() sees every byte change, the header before known or not", () => {
  const block = header({ name: "a", prefix: "b" });
  const moving = headerIn(block);
  for (let at = 0; at < 512; at++) {
    const changed = Buffer.from(block);
    changed[at] = (block[at] ?? 0) ^ 1;
    // A blank or NUL in the checksum's own padding may stand for the other.
    if (at >= 154 && at < 156) continue;
    assert.not(isHeader(headerIn(changed)), `byte ${at}`);
    assert.ok(isHeader(moving));
    assert.not(isHeader({ ...headerIn(changed), memory: moving.memory }), `byte ${at} after another header`);
  }
});

test("isZeroBlock() sees every byte", () => {
  assert.ok(isZeroBlock(headerIn(Buffer.alloc(512))));
  for (let at = 0; at < 512; at++) {
    const block = Buffer.alloc(512);
    block[at] = 1;
    assert.not(isZeroBlock(headerIn(block)));
  }
});

test("headerFormat() decides by the magic", () => {
  assert.is(headerFormat(headerIn(header({}))), "ustar");
  assert.is(headerFormat(headerIn(header({ magic: GNU_MAGIC }))), "gnu");
  assert.is(headerFormat(headerIn(header({ magic: V7_MAGIC }))), "v7");
  assert.is(headerFormat(headerIn(header({ magic: "ustar  x" }))), "v7");
  assert.is(headerFormat(headerIn(header({ patch: [[508, "tar\0"]] }))), "star");
});

test("headerName() puts prefix and name together where the dialect has a prefix", () => {
  const fields = { name: "n".repeat(100), prefix: "p".repeat(155) };
  assert.is(headerName(headerIn(header(fields))), `${fields.prefix}/${fields.name}`);
  assert.is(headerName(headerIn(header({ ...fields, magic: V7_MAGIC }))), fields.name);
  throws(() => headerName(headerIn(header({ ...fields, magic: GNU_MAGIC }))), "CORRUPT");
});

test("a name that is said to be a path is what entryPath() makes of it", () => {
  const part = fc.constantFrom("a", "bc", ".", "..", "...", ".x", "", "\\", "\xff");
  let paths = 0;
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
      const name = parts.join("/");
      fc.pre(name !== "");
      const block = headerIn(header({ name }));
      assert.is(headerName(block), name);
      if (block.pathStart < 0) return;
      paths++;
      assert.is(name.slice(block.pathStart), entryPath(name, false));
    }),
  );
  assert.ok(paths > 0);
  for (const name of ["a/b.c", "./a/b", "a".repeat(100)]) {
    const block = headerIn(header({ name }));
    headerName(block);
    assert.is(block.pathStart, name.startsWith("./") ? 2 : 0);
  }
  const prefixed = headerIn(header({ name: "a", prefix: "../b" }));
  headerName(prefixed);
  assert.ok(prefixed.pathStart < 0);
});

test("owner and time of a header are its own, whatever the header before it said", () => {
  const { memory } = headerIn(header({}));
  const read = (...patch: readonly (readonly [number, string])[]): string => {
    const next = { ...headerIn(header({ name: "n", patch })), memory };
    assert.ok(isHeader(next));
    const { mode, uid, gid } = headerOwner(next);
    return `${mode.toString(8)} ${uid} ${gid} ${headerTime(next)}`;
  };
  const usual = read();
  assert.is(read([100, "0000711\0"]).split(" ")[0], "711");
  assert.is(read([108, "0000012\0"]).split(" ")[1], "10");
  assert.is(read([116, "0000013\0"]).split(" ")[2], "11");
  assert.is(read([136, "00000000014\0"]).split(" ")[3], "12");
  assert.is(read(), usual);
  throws(() => read([108, "x"]), "CORRUPT");
  throws(() => read([136, "x"]), "CORRUPT");
  assert.is(read(), usual);
});

test("a header's second half is its own, whatever the header before it said", () => {
  const { memory } = headerIn(header({}));
  const read = (block: Buffer): string => {
    const next = { ...headerIn(block), memory };
    assert.ok(isHeader(next));
    const name = headerName(next);
    checkDeviceNumbers(next);
    return name;
  };
  assert.is(read(header({ name: "n", prefix: "p" })), "p/n");
  assert.is(read(header({ name: "m", prefix: "p" })), "p/m");
  assert.is(read(header({ name: "n", prefix: "q" })), "q/n");
  assert.is(read(header({ name: "n", prefix: "q", magic: V7_MAGIC })), "n");
  assert.is(read(header({ name: "n" })), "n");
  throws(() => read(header({ name: "n", patch: [[329, "x"]] })), "CORRUPT");
});

test.run();
