/**
 * A sample of the sweep over every call and every errno; `run.ts` does the whole.
 */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { mapConcurrent } from "../../src/stream/pool.js";
import { missing, run } from "../support/programs.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import {
  allFaults,
  checkFolder,
  ERRNOS,
  type Fault,
  findCalls,
  runWell,
  SCENARIOS,
  tryFault,
  writeInputs,
} from "./sweep.js";

const test = suite("fault/sweep", { deadlineMs: 300_000 });

const isStraceUsable = async () => (await run("strace", ["-qq", "-o", "/dev/null", "true"])).code === 0;
const strace = missing("strace") ?? ((await isStraceUsable()) ? undefined : "leave to trace");

/** One of so many, each kind of call by itself, so that no kind is left out; which ones differ between the errnos. */
function sample(faults: readonly Fault[], step: number): readonly Fault[] {
  const seen = new Map<string, number>();
  return faults.filter(({ call, errno }) => {
    const kind = `${call} ${errno}`;
    const at = seen.get(kind) ?? (kind.length * 7) % step;
    seen.set(kind, at + 1);
    return at % step === 0;
  });
}

for (const scenario of SCENARIOS) {
  const prepare = async (folder: string) => {
    const whole = join(folder, "whole");
    await writeInputs(whole);
    const places = await findCalls(whole, scenario);
    return { places, expected: await checkFolder(whole) };
  };

  test.needs(strace, `case 140, 141: ${scenario.name} ended by kill -9 at calls of every kind`, async (context) => {
    const folder = await tempFolder(context);
    const { places, expected } = await prepare(folder);
    const faults = sample(allFaults(places, ["KILL"]), 16);
    const results = await mapConcurrent(faults, 2, (fault) =>
      tryFault(join(folder, `${fault.call}-${fault.count}`), scenario, fault, expected),
    );
    const killed = results.filter(({ code }) => code === 137).length;
    assert.ok(killed > faults.length / 2, `${killed} of ${faults.length} runs were ended`);
  });

  test.needs(strace, `case 139: ${scenario.name} with every errno`, async (context) => {
    const folder = await tempFolder(context);
    const { places, expected } = await prepare(folder);
    const faults = sample(allFaults(places, ERRNOS), 70);
    const results = await mapConcurrent(faults, 2, (fault) =>
      tryFault(join(folder, `${fault.call}-${fault.count}-${fault.errno}`), scenario, fault, expected),
    );
    assert.ok(results.some(({ code }) => code === 1));
  });
}

test.needs(strace, "case 139: a file system that knows no fsync is written to all the same", async (context) => {
  const folder = await tempFolder(context);
  for (const scenario of SCENARIOS) {
    const whole = join(folder, scenario.name);
    await writeInputs(whole);
    assert.is((await runWell(whole, scenario)).code, 0);
    const expected = await checkFolder(whole);
    for (const errno of ["EINVAL", "EOPNOTSUPP"]) {
      const each = join(folder, `${scenario.name}-${errno}`);
      await mkdir(each);
      const { code } = await tryFault(each, scenario, { call: "fsync", count: 1, errno }, expected);
      assert.is(code, 0);
    }
  }
});

test.run();
