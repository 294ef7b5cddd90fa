import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { createLayoutStore } from "../../src/store/layout.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("several writers of one layout", { deadlineMs: 180_000 });
const tagger = fileURLToPath(new URL("tagger.js", import.meta.url));

interface Writer {
  readonly child: ChildProcess;
  start(): void;
  readonly ended: Promise<unknown>;
}

/** A tagger that stands ready. */
async function startWriter(context: TestContext, layout: string, name: string, count = 1): Promise<Writer> {
  const child = spawn(process.execPath, [tagger, layout, name, String(count)], { stdio: ["pipe", "pipe", "inherit"] });
  context.defer(() => void child.kill("SIGKILL"));
  const ended = once(child, "exit").then(([code]) => code);
  child.stdin.on("error", () => {});
  await once(child.stdout, "data");
  return { child, ended, start: () => void child.stdin.write("go\n") };
}

/** Eight processes at once, each with a name of its own; all of them have to end well. */
async function runEight(context: TestContext, layout: string, round: number): Promise<string[]> {
  const names = Array.from({ length: 8 }, (_, at) => `round${round}-writer${at}`);
  const writers = await Promise.all(names.map((name) => startWriter(context, layout, name)));
  for (const writer of writers) writer.start();
  assert.equal(
    await Promise.all(writers.map(({ ended }) => ended)),
    names.map(() => 0),
  );
  return names.map((name) => `${name}-1`);
}

/** The layout's names, after every content that they lead to was read and verified. */
async function readNames(layout: string): Promise<string[]> {
  const store = createLayoutStore(layout);
  const tags = await store.tags();
  for (const { name, descriptor } of tags) {
    assert.is((await collect(store.open(descriptor), 1000)).toString(), `content of ${name}`);
  }
  return tags.map(({ name }) => name ?? "");
}

test("case 142: eight processes that tag eight names keep all eight, in a layout that none of them found", async (context) => {
  const folder = await tempFolder(context);
  for (let round = 0; round < 4; round++) {
    const layout = join(folder, `layout-${round}`);
    const names = await runEight(context, layout, round);
    assert.equal((await readNames(layout)).sort(), names.sort());
  }
});

test("they do so where a dead process left the lock", async (context) => {
  const layout = await tempFolder(context);
  const before = await runEight(context, layout, 0);
  const dead = spawn(process.execPath, [tagger, layout, "--die-with-lock"], { stdio: "ignore" });
  await once(dead, "exit");
  assert.ok((await readdir(join(layout, ".lading"))).includes("lock"));
  const start = performance.now();
  const after = await runEight(context, layout, 1);
  assert.ok(performance.now() - start < 12_000, "a dead process of this machine is known at once");
  assert.equal((await readNames(layout)).sort(), [...before, ...after].sort());
});

test("a lock that nobody can read is taken over when it stays unchanged", async (context) => {
  const layout = await tempFolder(context);
  const [name = ""] = await runEight(context, layout, 0);
  await writeFile(join(layout, ".lading", "lock"), "");
  const store = createLayoutStore(layout, { patienceMs: 300 });
  const descriptor = await store.put("text/plain", fromBytes("content of late"));
  await store.tag([{ name: "late", descriptor }]);
  const names = await readNames(layout);
  assert.ok(names.includes("late") && names.includes(name));
});

test("kill -9 at any moment leaves a layout that loads, and loses no name that was reported", async (context) => {
  const layout = await tempFolder(context);
  let known: string[] = [];
  for (let round = 0; round < 12; round++) {
    const names = [0, 1, 2].map((at) => `round${round}-writer${at}`);
    const writers = await Promise.all(names.map((name) => startWriter(context, layout, name, 1_000_000)));
    for (const writer of writers) writer.start();
    await sleep(20 + 40 * round * Math.random());
    for (const { child } of writers) child.kill("SIGKILL");
    await Promise.all(writers.map(({ ended }) => ended));
    const found = await readNames(layout);
    assert.equal(
      known.filter((name) => !found.includes(name)),
      [],
    );
    known = found;
  }
  const store = createLayoutStore(layout);
  await store.tag([{ name: "last", descriptor: await store.put("text/plain", fromBytes("content of last")) }]);
  assert.equal((await readNames(layout)).length, known.length + 1);
  assert.equal(await readdir(join(layout, ".lading")), ["own"]);
});

test.run();
