import * as assert from "uvu/assert";
import { checkDeviceNumbers, headerFormat, headerName, isHeader, isZeroBlock, viewOf } from "../../src/tar/header.js";
import { createTail } from "../../src/tar/header-tail.js";
import { GNU_MAGIC, header, V7_MAGIC } from "../support/hostile-tar.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("tar/header");

const shifted = (block: Buffer): Buffer => Buffer.concat([Buffer.alloc(3, 0xff), block]);

test("isHeader() knows the right checksum, summed either way, and no other", () => {
  const fields = { name: "caf\xe9", linkname: "\xff" };
  assert.ok(isHeader(shifted(header(fields)), 3));
  assert.ok(isHeader(shifted(header({ ...fields, checksum: "signed" })), 3));
  assert.not(isHeader(shifted(header({ ...fields, checksum: "wrong" })), 3));
  assert.not(isHeader(Buffer.alloc(512), 0));
});

test("isHeader() sees every byte change, the header before known or not", () => {
  const block = header({ name: "a", prefix: "b" });
  const tail = createTail();
  for (let at = 0; at < 512; at++) {
    const changed = Buffer.from(block);
    changed[at] = (block[at] ?? 0) ^ 1;
    // A blank or NUL in the checksum's own padding may stand for the other.
    if (at >= 154 && at < 156) continue;
    assert.not(isHeader(changed, 0), `byte ${at}`);
    assert.ok(isHeader(block, 0, viewOf(block), tail));
    assert.not(isHeader(changed, 0, viewOf(changed), tail), `byte ${at} after another header`);
  }
});

test("isZeroBlock() sees every byte", () => {
  assert.ok(isZeroBlock(Buffer.alloc(512), 0));
  for (let at = 0; at < 512; at++) {
    const block = Buffer.alloc(512);
    block[at] = 1;
    assert.not(isZeroBlock(block, 0));
  }
});

test("headerFormat() decides by the magic", () => {
  assert.is(headerFormat(header({}), 0), "ustar");
  assert.is(headerFormat(header({ magic: GNU_MAGIC }), 0), "gnu");
  assert.is(headerFormat(header({ magic: V7_MAGIC }), 0), "v7");
  assert.is(headerFormat(header({ magic: "ustar  x" }), 0), "v7");
  assert.is(headerFormat(header({ patch: [[508, "tar\0"]] }), 0), "star");
});

test("headerName() puts prefix and name together where the dialect has a prefix", () => {
  const fields = { name: "n".repeat(100), prefix: "p".repeat(155) };
  assert.is(headerName(header(fields), 0, 0, createTail()), `${fields.prefix}/${fields.name}`);
  assert.is(headerName(header({ ...fields, magic: V7_MAGIC }), 0, 0, createTail()), fields.name);
  throws(() => headerName(header({ ...fields, magic: GNU_MAGIC }), 0, 0, createTail()), "CORRUPT");
});

test("a header's second half is its own, whatever the header before it said", () => {
  const tail = createTail();
  const read = (block: Buffer): string => {
    assert.ok(isHeader(block, 0, viewOf(block), tail));
    const name = headerName(block, 0, 0, tail);
    checkDeviceNumbers(block, 0, 0, tail);
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
