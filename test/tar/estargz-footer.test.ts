import * as assert from "uvu/assert";
import { decodeEstargzFooter, encodeEstargzFooter } from "../../src/tar/estargz-footer.js";
import { decodeZstdChunkedFooter, encodeZstdChunkedFooter } from "../../src/tar/zstd-chunked-footer.js";
import { suite } from "../support/suite.js";

const test = suite("tar/footers");

const ESTARGZ =
  "1f8b08040000000000ff1a00534716003030303030303030303030303132333453544152475a010000ffff0000000000000000";

test("encodeEstargzFooter() gives the known bytes for 0x1234, and they come back", () => {
  assert.is(Buffer.from(encodeEstargzFooter(0x1234)).toString("hex"), ESTARGZ);
  assert.is(decodeEstargzFooter(Buffer.from(ESTARGZ, "hex")), 0x1234);
  assert.is(decodeEstargzFooter(encodeEstargzFooter(Number.MAX_SAFE_INTEGER)), Number.MAX_SAFE_INTEGER);
});

test("decodeEstargzFooter() takes nothing else", () => {
  const footer = Buffer.from(ESTARGZ, "hex");
  for (let at = 0; at < footer.length; at++) {
    const wrong = Buffer.from(footer);
    wrong[at] = (wrong[at] ?? 0) ^ 0xc0;
    assert.is(decodeEstargzFooter(wrong), undefined, `byte ${at}`);
  }
  assert.is(decodeEstargzFooter(footer.subarray(1)), undefined);
  assert.is(
    decodeEstargzFooter(Buffer.concat([footer.subarray(0, 16), Buffer.alloc(16, "f"), footer.subarray(32)])),
    undefined,
  );
});

const POSITIONS = {
  toc: { offset: 0x1122334455, size: 2, uncompressedSize: 3 },
  tarSplit: { offset: 5, size: 6, uncompressedSize: 7 },
};
const ZSTD = [
  ["5544332211000000", "0200000000000000", "0300000000000000", "0100000000000000"],
  ["0500000000000000", "0600000000000000", "0700000000000000", "474e556c496e5578"],
].flat();

test("encodeZstdChunkedFooter() gives seven numbers and the magic, and they come back", () => {
  assert.is(Buffer.from(encodeZstdChunkedFooter(POSITIONS)).toString("hex"), ZSTD.join(""));
  assert.equal(decodeZstdChunkedFooter(Buffer.from(ZSTD.join(""), "hex")), POSITIONS);
});

test("decodeZstdChunkedFooter() takes no other length, type, magic, or number out of range", () => {
  const bytes = (at: number, hex: string) =>
    Buffer.from(ZSTD.map((field, index) => (index === at ? hex : field)).join(""), "hex");
  assert.is(decodeZstdChunkedFooter(Buffer.alloc(40)), undefined);
  assert.is(decodeZstdChunkedFooter(bytes(3, "0200000000000000")), undefined);
  assert.is(decodeZstdChunkedFooter(bytes(7, "476e556c496e5578")), undefined);
  assert.is(decodeZstdChunkedFooter(bytes(0, "ffffffffffffffff")), undefined);
});

test.run();
