/**
 * The whole sweep: `node dist/test/fault/run.js [--jobs N] [--part I/N] [--call NAME] [--errno NAME]`.
 *
 * Ends and fails every command of `sweep.ts` at every one of its calls, and prints each fault after which something does not
 * hold. Takes about a second for each of some four thousand faults; `--part 3/8` does the third of eight parts, so that several
 * machines can share them. The exit status is 0 when everything holds.
 *
 * @module
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { mapConcurrent } from "../../src/stream/pool.js";
import { allFaults, checkFolder, ERRNOS, findCalls, SCENARIOS, tryFault, writeInputs } from "./sweep.js";

const { values } = parseArgs({
  options: {
    jobs: { type: "string", default: "2" },
    part: { type: "string", default: "1/1" },
    call: { type: "string" },
    errno: { type: "string" },
  },
});
const print = (line: string) => process.stdout.write(`${line}\n`);
const [part = 1, parts = 1] = values.part.split("/").map(Number);
const folder = await mkdtemp(join(tmpdir(), "lading-sweep-"));
let count = 0;
let bad = 0;
try {
  for (const scenario of SCENARIOS) {
    const whole = join(folder, scenario.name);
    await writeInputs(whole);
    const found = await findCalls(whole, scenario);
    const expected = await checkFolder(whole);
    const faults = allFaults(found, ["KILL", ...ERRNOS])
      .filter(({ call, errno }) => (values.call ?? call) === call && (values.errno ?? errno) === errno)
      .filter((_, at) => at % parts === part - 1);
    print(`${scenario.name}: ${faults.length} faults`);
    await mapConcurrent(faults, Number(values.jobs), async (fault) => {
      const each = join(folder, `fault-${count++}`);
      await tryFault(each, scenario, fault, expected).catch((error: Error) => {
        bad++;
        print(error.message);
      });
      await rm(each, { recursive: true, force: true });
    });
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
print(`${count} faults, ${bad} bad`);
process.exitCode = bad === 0 && count > 0 ? 0 : 1;
