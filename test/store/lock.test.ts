import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { acquireLock } from "../../src/store/lock.js";
import { createOwner, encodeOwner, ownerState, parseOwner } from "../../src/store/owner.js";
import { missing, output } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { childModule, runTogether, startChild } from "./children.js";

const test = suite("store/lock");

/** A process that held the lock and was ended. */
async function leaveDeadLock(context: TestContext, path: string): Promise<string> {
  const child = startChild(context, "hold", path);
  assert.is(await child.said, "held");
  child.process.kill("SIGKILL");
  await child.ended;
  return await readFile(path, "utf8");
}

/** Eight processes count to 40 together; a lock that two of them held at once loses a count. */
async function countTogether(context: TestContext, folder: string): Promise<void> {
  const counter = join(folder, "counter");
  await writeFile(counter, "0");
  const words = ["add", join(folder, "lock"), counter, "5"];
  await runTogether(
    context,
    Array.from({ length: 8 }, () => words),
  );
  assert.is(await readFile(counter, "utf8"), "40");
  assert.equal(await readdir(folder), ["counter"]);
}

test("acquireLock() lets one in at a time, of one process too", async (context) => {
  const path = join(await tempFolder(context), "lock");
  let inside = 0;
  const work = Array.from({ length: 12 }, async () => {
    const lock = await acquireLock(path);
    assert.is(++inside, 1);
    assert.ok(await lock.isHeld());
    await sleep(2);
    inside--;
    await lock.release();
    assert.not.ok(await lock.isHeld());
  });
  await Promise.all(work);
});

test("eight processes", async (context) => {
  await countTogether(context, await tempFolder(context));
});

test.needs(missing("strace"), "neither links nor flock are used", async (context) => {
  const folder = await tempFolder(context);
  const counter = join(folder, "counter");
  await writeFile(counter, "0");
  const inject = "inject=link,linkat,flock:error=EPERM";
  const calls = ["-f", "-qq", "-o", join(folder, "trace"), "-e", "trace=link,linkat,flock", "-e", inject];
  await output("strace", [...calls, process.execPath, childModule, "add", join(folder, "lock"), counter, "3"]);
  assert.is(await readFile(counter, "utf8"), "3");
  assert.not.match(await readFile(join(folder, "trace"), "utf8"), /link|flock/);
});

test("the lock of a dead process of this machine is taken over at once", async (context) => {
  const folder = await tempFolder(context);
  const path = join(folder, "lock");
  await leaveDeadLock(context, path);
  const start = performance.now();
  const lock = await acquireLock(path);
  assert.ok(performance.now() - start < 2000);
  assert.equal(await readdir(folder), ["lock"]);
  await lock.release();
  assert.equal(await readdir(folder), []);
});

test("a number that another process has now does not make the dead one alive", async (context) => {
  const path = join(await tempFolder(context), "lock");
  await writeFile(path, encodeOwner({ ...createOwner(), started: "1" }));
  await (await acquireLock(path)).release();
});

/** An owner of this machine that does not live. */
const createDead = () => ({ ...createOwner(), pid: 2 ** 22 + 1 });

/** A lock that the dead left, and the claims of so many that died while they took it over. */
async function writeDeadLock(path: string, claimants: number): Promise<void> {
  let dead = createDead();
  await writeFile(path, encodeOwner(dead));
  for (let count = 0; count < claimants; count++) {
    const claimant = createDead();
    await writeFile(`${path}.claim-${dead.nonce}`, encodeOwner(claimant));
    dead = claimant;
  }
}

test("several at once take a dead lock over one after the other, dead claimants or not, round after round", async (context) => {
  const folder = await tempFolder(context);
  const path = join(folder, "lock");
  for (let round = 0; round < 32; round++) {
    await writeDeadLock(path, round % 4);
    let inside = 0;
    const work = Array.from({ length: 5 }, async () => {
      const lock = await acquireLock(path);
      assert.is(++inside, 1, `round ${round}`);
      await sleep(1);
      assert.ok(await lock.isHeld(), `round ${round}`);
      inside--;
      await lock.release();
    });
    await Promise.all(work);
    assert.equal(await readdir(folder), []);
  }
});

test("eight processes at once do so", async (context) => {
  for (const claimants of [0, 2]) {
    const folder = await tempFolder(context);
    await writeDeadLock(join(folder, "lock"), claimants);
    await countTogether(context, folder);
  }
});

test("a file that nobody can read is taken over once it has stayed unchanged", async (context) => {
  for (const content of ["", "{", "null", '{"pid":1}', "\0".repeat(100)]) {
    const path = join(await tempFolder(context), "lock");
    await writeFile(path, content);
    const start = performance.now();
    await (await acquireLock(path, { patienceMs: 150 })).release();
    const waited = performance.now() - start;
    assert.ok(waited > 150 && waited < 5000, `${JSON.stringify(content)}: ${waited} ms`);
  }
});

test("so is the claim of a process that died before it could write", async (context) => {
  const folder = await tempFolder(context);
  const path = join(folder, "lock");
  const dead = parseOwner(await leaveDeadLock(context, path));
  await writeFile(`${path}.claim-${dead?.nonce}`, "");
  await (await acquireLock(path, { patienceMs: 150 })).release();
  assert.equal(await readdir(folder), []);
});

test("the lock of another host is respected as long as it changes", async (context) => {
  const path = join(await tempFolder(context), "lock");
  const realm = "otherhost 5d0cbe3a pid:[1]";
  await writeFile(path, encodeOwner({ ...createOwner(), realm }));
  const beats = setInterval(() => utimes(path, new Date(), new Date()).catch(() => {}), 40);
  context.defer(() => clearInterval(beats));
  const error = await rejects(acquireLock(path, { patienceMs: 250, deadlineMs: 900 }), "EXISTS");
  assert.match(error.message, /on otherhost has held it for 0\.9 s; end that process, or remove the file/);
  clearInterval(beats);
  const start = performance.now();
  await (await acquireLock(path, { patienceMs: 250 })).release();
  assert.ok(performance.now() - start > 250);
});

test("a holder touches its lock, so that other hosts see that it lives", async (context) => {
  const path = join(await tempFolder(context), "lock");
  const lock = await acquireLock(path, { patienceMs: 100 });
  const before = (await stat(path, { bigint: true })).mtimeNs;
  await sleep(150);
  assert.ok((await stat(path, { bigint: true })).mtimeNs > before);
  await lock.release();
});

test("a living holder of this machine is never robbed, not even a stopped one", async (context) => {
  const folder = await tempFolder(context);
  const path = join(folder, "lock");
  const child = startChild(context, "hold", path);
  assert.is(await child.said, "held");
  child.process.kill("SIGSTOP");
  const before = await readFile(path, "utf8");
  await rejects(acquireLock(path, { patienceMs: 50, deadlineMs: 500 }), "EXISTS");
  assert.is(await readFile(path, "utf8"), before);
  child.process.kill("SIGCONT");
  child.process.stdin?.end();
  assert.is(await child.ended, 0);
  assert.equal(await readdir(folder), []);
});

test("who was robbed sees it, and leaves the lock to its holder", async (context) => {
  const path = join(await tempFolder(context), "lock");
  const robbed = await acquireLock(path);
  const holder = encodeOwner(createOwner());
  await writeFile(path, holder);
  assert.not.ok(await robbed.isHeld());
  await robbed.release();
  assert.is(await readFile(path, "utf8"), holder);
});

test("a signal ends the waiting", async (context) => {
  const path = join(await tempFolder(context), "lock");
  const lock = await acquireLock(path);
  const error = await acquireLock(path, { signal: AbortSignal.timeout(60) }).catch((caught: Error) => caught);
  assert.is((error as Error).name, "TimeoutError");
  await lock.release();
});

test("a folder that is not there, or no folder, is an error of the file system", async (context) => {
  const folder = await tempFolder(context);
  assert.is((await rejects(acquireLock(join(folder, "absent/lock")), "IO")).detail.errno, "ENOENT");
  await mkdir(join(folder, "lock"));
  const error = await rejects(acquireLock(join(folder, "lock"), { deadlineMs: 100 }), "IO");
  assert.is(error.detail.errno, "EISDIR");
});

test("ownerState() knows itself, the dead, zombies, and what it cannot know", async (context) => {
  const me = createOwner();
  assert.is(ownerState(me), "alive");
  assert.is(ownerState({ ...me, realm: "elsewhere" }), "unknown");
  assert.is(ownerState({ ...me, pid: 2 ** 22 + 1 }), "dead");
  assert.is(ownerState({ ...me, pid: 1, started: "" }), "alive");
  const folder = await tempFolder(context);
  await leaveDeadLock(context, join(folder, "lock"));
  const owner = parseOwner(await readFile(join(folder, "lock"), "utf8"));
  assert.is(owner && ownerState(owner), "dead");
  // What `sleep` took over from the shell has ended, and nobody asks for its status.
  const parent = spawn("sh", ["-c", "(exit) & echo $!; exec sleep 30"], { stdio: ["ignore", "pipe", "ignore"] });
  context.defer(() => void parent.kill());
  const [pid] = await once(parent.stdout, "data");
  await sleep(50);
  assert.is(ownerState({ ...me, pid: Number(pid), started: "" }), "dead");
});

test("parseOwner() reads what encodeOwner() wrote, and nothing else", () => {
  const me = createOwner();
  assert.equal(parseOwner(encodeOwner(me)), me);
  for (const text of [
    "",
    "null",
    "[]",
    "{}",
    '"x"',
    encodeOwner({ ...me, pid: -1 }),
    encodeOwner({ ...me, nonce: "x" }),
  ])
    assert.is(parseOwner(text), undefined, text);
});

const isTmpfs =
  process.platform === "linux" && (await stat("/dev/shm").catch(() => undefined)) ? undefined : "a tmpfs at /dev/shm";

test.needs(isTmpfs, "eight processes on tmpfs", async (context) => {
  const { mkdtemp, rm } = await import("node:fs/promises");
  const folder = await mkdtemp("/dev/shm/lading-");
  context.defer(() => rm(folder, { recursive: true, force: true }));
  await countTogether(context, folder);
});

test.run();
