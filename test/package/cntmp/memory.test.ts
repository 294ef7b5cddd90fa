import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { output } from "../../support/programs.js";
import { suite } from "../../support/suite.js";
import { tempFolder } from "../../support/temp.js";

const test = suite("package/cntmp/memory", { deadlineMs: 120_000 });
const SCRIPT = fileURLToPath(new URL("./round-trip.js", import.meta.url));
const MB = 1024 * 1024;

test("writing and reading eight packages takes no more memory where they are large", async (context) => {
  const peak = async (size: number) => {
    const folder = await tempFolder(context);
    return Number(await output(process.execPath, [SCRIPT, folder, "8", String(size)]));
  };
  const [small, large] = [await peak(2 * MB), await peak(24 * MB)];
  // 176 MB more to carry.
  assert.ok(large < small + 64 * MB, `${Math.round(small / MB)} MB, then ${Math.round(large / MB)} MB`);
});

test.run();
