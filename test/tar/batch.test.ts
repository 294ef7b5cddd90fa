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

test.run();
