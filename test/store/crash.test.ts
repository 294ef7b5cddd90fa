import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { createLayoutStore } from "../../src/store/layout.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { mapConcurrent } from "../../src/stream/pool.js";
import { listTree } from "../support/folder.js";
import { missing, type RunResult, run } from "../support/programs.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { checkLayout, checkNextWriter, childModule, startChild } from "./children.js";

const test = suite("store: crashes", { deadlineMs: 120_000 });

const NAMES = ["one", "two"];
/** System calls that change what is on disk, or stand between two that do. */
const CALLS = ["openat", "write", "fsync", "rename", "unlink", "mkdir"];

/** The child that tags two names in a layout, under strace. One thread does its work on files, so that calls are in order. */
function trace(layout: string, ...options: readonly string[]): Promise<RunResult> {
  const env = { UV_THREADPOOL_SIZE: "1", CHILD_TRACED: "1" };
  const words = ["-f", "-qq", ...options, process.execPath, childModule, "tag", layout, ...NAMES];
  return run("strace", words, { env });
}

/** For each system call, its places in the order of calls of the thread that works on files. */
async function findCalls(folder: string): Promise<ReadonlyMap<string, readonly number[]>> {
  const log = join(folder, "trace");
  const layout = join(folder, "layout");
  const { code } = await trace(layout, "-y", "-o", log, "-e", `trace=${CALLS.join()}`);
  assert.is(code, 0);
  const counts = new Map<string, number>();
  const places = new Map<string, number[]>();
  for (const line of (await readFile(log, "utf8")).split("\n")) {
    const [, thread = "", call = ""] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
    if (call === "") continue;
    const key = `${thread} ${call}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (line.includes(layout)) places.set(call, [...(places.get(call) ?? []), count]);
  }
  return places;
}

const isStraceUsable = async () => (await run("strace", ["-qq", "-o", "/dev/null", "true"])).code === 0;
const strace = missing("strace") ?? ((await isStraceUsable()) ? undefined : "leave to trace");

test.needs(strace, "kill -9 at every system call that changes a layout", async (context) => {
  const places = await findCalls(await tempFolder(context));
  // Folders are made and files are opened so often that every other place will do.
  const isChosen = (call: string, at: number) => at % 2 === 0 || (call !== "openat" && call !== "mkdir");
  const kills = [...places].flatMap(([call, counts]) =>
    counts.filter((_, at) => isChosen(call, at)).map((count) => ({ call, count })),
  );
  assert.equal([...places.keys()].sort(), ["fsync", "mkdir", "openat", "rename", "unlink", "write"]);
  const reported: number[] = [];
  let killed = 0;
  await mapConcurrent(kills, 2, async ({ call, count }) => {
    const folder = await tempFolder(context);
    const layout = join(folder, "layout");
    const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:signal=KILL:when=${count}`];
    const { code, stdout } = await trace(layout, "-o", "/dev/null", ...inject);
    // A run may have a call fewer than the one that was looked at: node loads its modules on the same thread.
    assert.ok(code === 137 || code === 0, `${call} ${count}: ${code}`);
    if (code === 137) killed++;
    const names = await checkLayout(layout);
    const told = stdout.split("\n").filter(Boolean);
    assert.equal(
      told.filter((name) => !names.includes(name)),
      [],
      `${call} ${count}`,
    );
    reported.push(told.length);
    await checkNextWriter(layout);
  });
  assert.ok(killed > 30, `${killed} of ${kills.length} runs were ended`);
  assert.ok(reported.includes(0) && reported.includes(1), "kills fell before and after the first name was reported");
});

test.needs(strace, "a file system that knows no fsync is written to all the same", async (context) => {
  for (const errno of ["EINVAL", "EOPNOTSUPP", "ENOSYS"]) {
    const layout = join(await tempFolder(context), "layout");
    const inject = ["-e", "trace=fsync", "-e", `inject=fsync:error=${errno}`];
    const { code, stderr } = await trace(layout, "-o", "/dev/null", ...inject);
    assert.is(code, 0, stderr);
    assert.equal(await checkLayout(layout), NAMES);
  }
});

const FAILURES = [
  ["fsync", "EIO"],
  ["write", "ENOSPC"],
  ["write", "EDQUOT"],
  ["rename", "EROFS"],
  ["rename", "EIO"],
  ["unlink", "EACCES"],
] as const;

test.needs(
  strace,
  "an error of the file system at any call is told, and leaves names and blobs whole",
  async (context) => {
    const places = await findCalls(await tempFolder(context));
    const cases = FAILURES.flatMap(([call, errno]) => {
      const counts = places.get(call) ?? [];
      const some = new Set([counts[0], counts.at(-1)]);
      return [...some].flatMap((count) => (count === undefined ? [] : [{ call, errno, count }]));
    });
    await mapConcurrent(cases, 2, async ({ call, errno, count }) => {
      const layout = join(await tempFolder(context), "layout");
      const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:error=${errno}:when=${count}`];
      const { code, stdout, stderr } = await trace(layout, "-o", "/dev/null", ...inject);
      const what = `${call} ${count} ${errno}`;
      // 134: node ends itself when the call was its own, a write that wakes its main thread; that is a crash like others.
      if (code !== 0 && code !== 134) assert.match(stderr, new RegExp(`Cannot .*: ${errno}, `), `${what}: ${stderr}`);
      if (call === "fsync" || call === "rename") assert.is(code, 1, what);
      const names = await checkLayout(layout);
      for (const name of stdout.split("\n").filter(Boolean)) assert.ok(names.includes(name), what);
      await checkNextWriter(layout);
    });
  },
);

test.needs(strace, "a layout that another process makes between two looks is no foreign folder", async (context) => {
  const layout = await tempFolder(context);
  const delay = ["-P", layout, "-e", "trace=getdents64", "-e", "inject=getdents64:delay_enter=700000:when=1"];
  const late = trace(layout, "-o", "/dev/null", ...delay);
  await sleep(400);
  const store = createLayoutStore(layout);
  await store.tag([{ name: "first", descriptor: await store.put("text/plain", fromBytes("content of first")) }]);
  const { code, stderr } = await late;
  assert.is(code, 0, stderr);
  assert.equal(await checkLayout(layout), ["first", ...NAMES]);
});

test.needs(
  strace,
  "a network file system that has lost a file that another host replaced is asked again",
  async (context) => {
    const layout = join(await tempFolder(context), "layout");
    await (await createLayoutStore(layout)).put("text/plain", fromBytes("x"));
    const files = ["index.json", "oci-layout", ".lading/lock"].flatMap((name) => ["-P", join(layout, name)]);
    const inject = ["-e", "trace=read,pread64", "-e", "inject=read,pread64:error=ESTALE:when=1+3"];
    const { code, stderr } = await trace(layout, "-o", "/dev/null", ...files, ...inject);
    assert.is(code, 0, stderr);
    assert.equal(await checkLayout(layout), NAMES);
  },
);

test("kill -9 at random moments, several writers at once", async (context) => {
  const layout = await tempFolder(context);
  let known: readonly string[] = [];
  for (let round = 0; round < 6; round++) {
    const children = [0, 1].map((at) => {
      const names = Array.from({ length: 400 }, (_, number) => `r${round}-w${at}-${number}`);
      return startChild(context, "tag", layout, ...names);
    });
    await Promise.race(children.map(({ said }) => said));
    await sleep(Math.random() * 120);
    for (const { process } of children) process.kill("SIGKILL");
    await Promise.all(children.map(({ ended }) => ended));
    const names = await checkLayout(layout);
    assert.equal(
      known.filter((name) => !names.includes(name)),
      [],
    );
    known = names;
  }
  await checkNextWriter(layout);
});

test("temporaries of the dead go away with the next writer, those of the living and of other hosts stay", async (context) => {
  const layout = await tempFolder(context);
  const store = createLayoutStore(layout);
  await store.put("text/plain", fromBytes("x"));
  const hidden = join(layout, ".lading");
  const living: string[] = [];
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("slow");
    living.push(...(await readdir(hidden)).filter((name) => name.startsWith("tmp-")));
    const [, realm = ""] = /^tmp-([0-9a-f]{12})-/.exec(living[0] ?? "") ?? [];
    await writeFile(join(hidden, `tmp-${realm}-${2 ** 22 + 1}-5-0123456789abcdef`), "dead");
    await writeFile(
      join(hidden, `tmp-${realm}-${process.pid}-5-0123456789abcdef`),
      "an earlier process of this number",
    );
    await writeFile(join(hidden, "tmp-000000000000-1-5-0123456789abcdef"), "of another host");
    await createLayoutStore(layout).put("text/plain", fromBytes("next"));
    assert.equal((await readdir(hidden)).sort(), ["own", "tmp-000000000000-1-5-0123456789abcdef", ...living].sort());
  }
  await store.put("text/plain", slow());
  assert.is(living.length, 1);
  assert.ok((await listTree(join(layout, "blobs"))).length > 3);
});

test.run();
