import * as assert from "uvu/assert";
import { createBatch } from "../../src/tar/batch.js";
import { suite } from "../support/suite.js";

const test = suite("tar/batch");

test("createBatch() gathers bytes in order, grows as needed, and starts anew after flush()", () => {
  const batch = createBatch(4);
  batch.append(Buffer.from("abc"));
  const at = batch.room(2);
  batch.bytes.write("de", at);
  batch.pad(3);
  assert.is(batch.length, 8);
  assert.equal(Buffer.from(batch.flush()), Buffer.from("abcde\0\0\0"));
  batch.pad(2);
  assert.equal(Buffer.from(batch.flush()), Buffer.from("\0\0"));
  assert.is(batch.flush().length, 0);
});

test("pad() writes zeros over whatever was there, as many as are asked for", () => {
  for (const count of [0, 1, 511, 512, 513, 2000]) {
    const batch = createBatch(8);
    batch.append(new Uint8Array(4096).fill(7));
    batch.flush();
    batch.append(Buffer.from("a"));
    batch.pad(count);
    batch.append(Buffer.from("b"));
    assert.equal(Buffer.from(batch.flush()), Buffer.concat([Buffer.from("a"), Buffer.alloc(count), Buffer.from("b")]));
  }
});

test.run();
