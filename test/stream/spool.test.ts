import { readdir } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createLayoutStore } from "../../src/store/layout.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { createSpool, type OpenScratch } from "../../src/stream/spool.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("stream/spool");

/** More than a spool gathers. */
const SIZE = 700_001;
const BYTES = Buffer.from(Array.from({ length: SIZE }, (_, index) => (index * 7) % 251));

function check(scratch: OpenScratch | undefined): void {
  const spool = createSpool(scratch);
  for (let at = 0; at < SIZE; at += 33_333) spool.append(BYTES.subarray(at, at + 33_333));
  assert.is(spool.size, SIZE);
  for (const _again of [1, 2]) {
    const read: Buffer[] = [];
    for (const chunk of spool.read()) read.push(Buffer.from(chunk));
    assert.ok(Buffer.concat(read).equals(BYTES));
  }
  spool.close();
  assert.is(spool.size, 0);
}

test("what was appended is read in its order, as often as it is asked for", () => check(undefined));

test("a layout's scratch file has no name, and takes what a spool gives it", async (context) => {
  const folder = await tempFolder(context);
  const store = createLayoutStore(join(folder, "layout"));
  await store.put("text/plain", fromBytes("made"));
  const before = await readdir(join(folder, "layout", ".lading"));
  check(() => {
    const file = store.scratch?.();
    if (file === undefined) throw new Error("A layout has scratch files");
    return file;
  });
  const file = store.scratch?.();
  file?.write(Buffer.from("here"));
  assert.equal(await readdir(join(folder, "layout", ".lading")), before);
  file?.close();
});

test.run();
