import * as assert from "uvu/assert";
import { headerFormat, headerName, isHeader, isZeroBlock } from "../../src/tar/header.js";
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

test("isHeader() sees every byte change", () => {
  const block = header({ name: "a", prefix: "b" });
  for (let at = 0; at < 512; at++) {
    const changed = Buffer.from(block);
    changed[at] = (block[at] ?? 0) ^ 1;
    // A blank or NUL in the checksum's own padding may stand for the other.
    if (at < 154 || at >= 156) assert.not(isHeader(changed, 0), `byte ${at}`);
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
  assert.is(headerName(header(fields), 0, 0), `${fields.prefix}/${fields.name}`);
  assert.is(headerName(header({ ...fields, magic: V7_MAGIC }), 0, 0), fields.name);
  throws(() => headerName(header({ ...fields, magic: GNU_MAGIC }), 0, 0), "CORRUPT");
});

test.run();
