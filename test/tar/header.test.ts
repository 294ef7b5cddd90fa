import * as assert from "uvu/assert";
import { checkDeviceNumbers, headerFormat, headerIn, headerName, isHeader, isZeroBlock } from "../../src/tar/header.js";
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
