import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import type { Row } from "../../bench/table.js";
import { run } from "../support/programs.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("bench/run");
const BENCH = join(dirname(fileURLToPath(import.meta.url)), "../../bench/run.js");

test("rows of the small set run, are compared by content and leave nothing behind", async (context) => {
  const folder = await mkdtemp(join(await tempFolder(context), "bench-"));
  const json = join(folder, "result.json");
  const data = join(folder, "data");
  const args = [BENCH, "cold", "unchanged", "gzip", "headers", "heavy-packages", "--set", "small", "--runs", "1"];
  const { code, stdout, stderr } = await run(process.execPath, [...args, "--data", data, "--json", json]);
  assert.is(code, 0, stderr);
  assert.match(stdout, /^cold +lading build +1 +\d/m);
  const { rows } = JSON.parse(await readFile(json, "utf8")) as { rows: readonly Row[] };
  const refused = rows.flatMap(({ ours, theirs }) => [ours, ...theirs].flatMap((line) => line.refused ?? []));
  // Tiny archives may well come out larger than the other's.
  assert.equal(
    refused.filter((why) => !why.startsWith("ours is larger")),
    [],
  );
  assert.equal(
    rows.map(({ id }) => id),
    ["cold", "unchanged", "gzip", "headers", "headers-checked", "heavy-packages", "memory"],
  );
  const memory = rows.find(({ id }) => id === "heavy-packages")?.ours;
  assert.ok((memory?.value ?? 0) > 1e6 && memory?.value === memory?.peakBytes);
  assert.match(stdout, /^ {2}without heavy-bytes, heavy-files, which ask for most$/m);
  const tar = rows.find(({ id }) => id === "headers")?.theirs[0];
  assert.ok((tar?.value ?? 0) > 0);
  assert.match(stdout, /^ {2}first pass of a process \(cold\): .* × faster; later ones \(warm\): .* × faster$/m);
  assert.equal(await readdir(data), ["small"]);
});

test("all rows are run at once, and --quick leaves out those of the largest inputs", async () => {
  const list = async (...flags: readonly string[]) => {
    const { code, stdout } = await run(process.execPath, [BENCH, "--list", ...flags]);
    assert.is(code, 0);
    return stdout.trimEnd().split("\n");
  };
  const [all, quick] = [await list(), await list("--quick")];
  assert.equal(
    all.filter((id) => !quick.includes(id)),
    ["heavy-bytes", "heavy-files", "heavy-packages"],
  );
  assert.equal(await list("cold", "heavy-files", "--quick"), ["cold", "heavy-files"]);
});

test("an unknown row and a bad count are refused", async () => {
  const unknown = await run(process.execPath, [BENCH, "nothing"]);
  assert.is(unknown.code, 2);
  assert.match(unknown.stderr, /There is no row "nothing"; rows are cold/);
  const runs = await run(process.execPath, [BENCH, "--runs", "0"]);
  assert.is(runs.code, 2);
  assert.match(runs.stderr, /--runs "0" is no count/);
});

test.run();
