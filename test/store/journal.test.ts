import { spawnSync } from "node:child_process";
import { readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { createFolderJournal } from "../../src/store/journal.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("store/journal");
const MODULE = fileURLToPath(new URL("../../src/store/journal.js", import.meta.url));

/** Notes a record in a process that then dies without a word. */
function noteAndDie(folder: string, key: string, record: unknown): void {
  const code = `const { createFolderJournal } = await import(${JSON.stringify(MODULE)});
    await createFolderJournal(${JSON.stringify(folder)}).note(${JSON.stringify(key)}, ${JSON.stringify(record)});
    process.kill(process.pid, "SIGKILL");`;
  assert.is(spawnSync(process.execPath, ["--input-type=module", "-e", code]).signal, "SIGKILL");
}

test("what a dead process noted is taken by one of those that want it", async (context) => {
  const folder = await tempFolder(context);
  noteAndDie(folder, "k", { at: 1 });
  assert.is(await createFolderJournal(folder).take("other"), undefined);
  const taken = await Promise.all(Array.from({ length: 8 }, () => createFolderJournal(folder).take("k")));
  assert.equal(
    taken.filter((record) => record !== undefined),
    [{ at: 1 }],
  );
});

test("what a living process holds is its own until it lets go", async (context) => {
  const folder = await tempFolder(context);
  const [one, two] = [createFolderJournal(folder), createFolderJournal(folder)];
  await one.note("k", 1);
  await one.note("k", 2);
  assert.is(await two.take("k"), undefined);
  await one.release("k");
  assert.is(await two.take("k"), 2);
  await one.drop("k");
  assert.is((await readdir(folder)).length, 1);
  await two.drop("k");
  assert.equal(await readdir(folder), []);
});

test("a record is for its owner's eyes, and gone after a day", async (context) => {
  const folder = await tempFolder(context);
  const journal = createFolderJournal(folder);
  await journal.note("k", "secret");
  await journal.release("k");
  const [name = ""] = await readdir(folder);
  const path = join(folder, name);
  assert.is((await stat(path)).mode & 0o777, 0o600);
  const kept = JSON.parse(await readFile(path, "utf8"));
  await writeFile(path, JSON.stringify({ ...kept, at: Date.now() - 25 * 3600 * 1000 }));
  assert.is(await journal.take("k"), undefined);
  const yesterday = new Date(Date.now() - 25 * 3600 * 1000);
  await utimes(path, yesterday, yesterday);
  assert.is(await journal.take("another"), undefined);
  assert.equal(await readdir(folder), []);
});

test("damage is nothing, and a folder that cannot be is no error", async (context) => {
  const folder = await tempFolder(context);
  const journal = createFolderJournal(folder);
  await journal.note("k", 1);
  await journal.release("k");
  const [name = ""] = await readdir(folder);
  await writeFile(join(folder, name), "{");
  assert.is(await journal.take("k"), undefined);
  const nowhere = createFolderJournal(join(folder, name, "below a file"));
  await nowhere.note("k", 1);
  await nowhere.release("k");
  assert.is(await nowhere.take("k"), undefined);
});

test.run();
