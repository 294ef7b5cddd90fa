/**
 * Inputs that are nearly right: some for each target, by fixed seeds; `run.ts` tries more.
 */

import * as assert from "uvu/assert";
import { findProgram, missing } from "../support/programs.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { startPython } from "./python.js";
import { createRandom, mutateBytes } from "./random.js";
import { NEEDS, TARGETS } from "./targets.js";
import { tryInput } from "./try.js";

const test = suite("fuzz", { deadlineMs: 120_000 });

/** Inputs for each target; those that ask a program of the machine each time cost more. */
const COUNT = 300;
const SLOW: Readonly<Record<string, number>> = { deb: 60, xz: 60, bzip2: 60, zstd: 100 };

for (const target of TARGETS) {
  const needs = NEEDS[target.name];
  test.needs(
    needs === undefined ? undefined : missing(needs),
    `${target.name}: any input is read or refused`,
    async (context) => {
      const python = missing("python3") === undefined ? startPython() : undefined;
      context.defer(() => python?.close());
      const tools = {
        python,
        folder: await tempFolder(context),
        has: (name: string) => findProgram(name) !== undefined,
      };
      const counts = { accepted: 0, refused: 0, wrong: 0 };
      for (let seed = 1; seed <= (SLOW[target.name] ?? COUNT); seed++) {
        const outcome = await tryInput(target, seed, tools);
        counts[outcome.kind]++;
        if (outcome.kind === "wrong") throw new Error(`${target.name}, seed ${seed}: ${outcome.message}`);
      }
      assert.ok(counts.accepted > 0 && counts.refused > 0, JSON.stringify(counts));
    },
  );
}

test("the same seed makes the same input", async () => {
  const make = (seed: number) => mutateBytes(createRandom(seed), Buffer.from("lading"));
  assert.equal(make(7), make(7));
  for (const target of TARGETS) {
    assert.equal(await target.make(createRandom(5)), await target.make(createRandom(5)), target.name);
  }
});

test.run();
