/**
 * The same input gives the same bytes: a part of the matrix that `run.ts` goes through whole.
 */

import { join } from "node:path";
import * as assert from "uvu/assert";
import { missing } from "../support/programs.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { readGolden } from "./golden.js";
import { buildUnder, CONDITIONS } from "./matrix.js";
import { findNode } from "./nodes.js";

const test = suite("determinism", { deadlineMs: 240_000 });

/** The whole of a line of Node is tried by `run.ts`; here one older and one newer than most. */
const NODES = ["20.18.1", "24.9.0"];

for (const [title, conditions] of CONDITIONS) {
  test(`the digests are what they always were: ${title}`, async (context) => {
    assert.equal(await buildUnder(join(await tempFolder(context), "in"), conditions), await readGolden());
  });
}

test.needs(missing("taskset"), "the digests are what they always were: on one core", async (context) => {
  const conditions = { wrap: ["taskset", "-c", "0"], jobs: 2 };
  assert.equal(await buildUnder(join(await tempFolder(context), "in"), conditions), await readGolden());
});

for (const version of NODES) {
  const node = await findNode(version);
  const needs = node === undefined ? `Node ${version}, or a network to fetch it from` : undefined;
  test.needs(needs, `the digests are what they always were: on Node ${version}`, async (context) => {
    const conditions = { node: node ?? process.execPath, jobs: 2 };
    assert.equal(await buildUnder(join(await tempFolder(context), "in"), conditions), await readGolden());
  });
}

test.run();
