import { stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { identityOf, isFresh } from "../../src/stream/file-identity.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("stream/file-identity");

test("identityOf() changes with content and times, and not by itself", async (context) => {
  const path = join(await tempFolder(context), "file");
  const identify = async () => identityOf(await stat(path, { bigint: true }));
  await writeFile(path, "a");
  const first = await identify();
  assert.is(await identify(), first);
  await utimes(path, 1, 1);
  assert.is.not(await identify(), first);
});

const SECOND = 1_000_000_000;
for (const [title, identity, ageMs, expected] of [
  ["99 ms old", `1:2:3:${5 * SECOND + 1}:${9 * SECOND + 1_000_000}`, 99, true],
  ["101 ms old", `1:2:3:${5 * SECOND + 1}:${9 * SECOND + 1_000_000}`, 101, false],
  ["2 s old, times in whole seconds", `1:2:3:${5 * SECOND}:${9 * SECOND}`, 2000, true],
  ["2.2 s old, times in whole seconds", `1:2:3:${5 * SECOND}:${9 * SECOND}`, 2200, false],
] as const) {
  test(`isFresh() says ${expected} of a file ${title}`, () => {
    const changed = Number(identity.split(":").at(-1)) / 1e6;
    assert.is(isFresh(identity, changed + ageMs), expected);
  });
}

test.run();
