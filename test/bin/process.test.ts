import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { open, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { header } from "../support/hostile-tar.js";
import { suite, type TestContext } from "../support/suite.js";
import { type Command, createCommand, createFilledCommand, LADING } from "./command.js";

const test = suite("bin as a process");

/** Starts `lading` and gives the process, and all that it prints until it ends. */
function start(context: TestContext, { folder, env }: Command, args: readonly string[]) {
  const child = spawn(process.execPath, [LADING, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: "pipe",
  });
  context.defer(() => void child.kill("SIGKILL"));
  const text = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    text.stdout += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    text.stderr += chunk;
  });
  const ended = once(child, "close").then(([code, signal]) => ({ code: code as number | null, signal, ...text }));
  return { child, text, ended };
}

/** An archive of 8 GB that takes no room on the disk. */
async function writeLongTar(path: string): Promise<void> {
  const size = 2 ** 33 - 512;
  const handle = await open(path, "w");
  await handle.write(header({ name: "zeros", size }));
  await handle.close();
  await truncate(path, 512 + size + 1024);
}

const temporaries = async (store: string) =>
  (await readdir(join(store, ".lading"), { recursive: true })).filter((name) => !/^(own|cache\b.*)$/.test(name));

/** Waits until the program has begun to write. */
async function untilWriting(store: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null && (await temporaries(store).catch(() => [])).length === 0) await sleep(5);
  await sleep(100);
}

const STOPPED: readonly (readonly [signal: "SIGINT" | "SIGTERM", status: number, args: readonly string[]])[] = [
  ["SIGINT", 130, ["package", "create", "zeros", "--from", "zeros.tar"]],
  ["SIGTERM", 143, ["build", "zeros.tar"]],
  ["SIGINT", 130, ["build", "zeros.tar", "--json"]],
];

for (const [signal, status, args] of STOPPED) {
  test(`${signal} stops lading ${args.join(" ")} within a second, and nothing is left`, async (context) => {
    const command = await createFilledCommand(context);
    const store = join(command.folder, "home/.local/share/lading");
    const index = await readFile(join(store, "index.json"), "utf8");
    await writeLongTar(join(command.folder, "zeros.tar"));
    const { child, ended } = start(context, command, args);
    await untilWriting(store, child);
    assert.is(child.exitCode, null, "it is still at work");
    const begin = performance.now();
    child.kill(signal);
    const { code, stdout, stderr } = await ended;
    const took = performance.now() - begin;
    assert.ok(took < 1000, `${Math.round(took)} ms`);
    assert.equal([code, stdout], [status, ""], stderr);
    assert.match(stderr, /STOPPED/);
    assert.is(stderr.split("\n").length, 2);
    assert.equal(await temporaries(store), []);
    assert.is(await readFile(join(store, "index.json"), "utf8"), index);
  });
}

test("serve prints its address, answers, and ends on a signal", async (context) => {
  const command = await createFilledCommand(context);
  const { child, text, ended } = start(context, command, ["serve", "--root", "registry"]);
  while (!text.stdout.includes("\n") && child.exitCode === null) await sleep(10);
  const url = text.stdout.trim();
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.is((await fetch(`${url}/v2/`)).status, 200);
  await command.ok("build", "-o", `docker://${url.slice(7)}/team/x:1`);
  assert.ok((await readdir(join(command.folder, "registry"), { recursive: true })).includes("team"));
  const taken = await command.lading(["serve", "--listen", url.slice(7)]);
  assert.equal([taken.code, taken.stdout], [1, ""]);
  assert.match(taken.stderr, /^IO: Cannot listen on "127\.0\.0\.1:\d+": EADDRINUSE[^\n]*\n$/);
  child.kill("SIGINT");
  assert.is((await ended).code, 130);
});

test("serve refuses to be reached from other machines, and prints JSON where it is asked to", async (context) => {
  const command = await createCommand(context);
  assert.match(await command.fails(1, "serve", "--listen", "0.0.0.0:0"), /^UNSUPPORTED: Cannot listen on "0\.0\.0\.0"/);
  const { child, text, ended } = start(context, command, ["serve", "--json"]);
  while (!text.stdout.includes("\n") && child.exitCode === null) await sleep(10);
  const { url, root } = JSON.parse(text.stdout) as { url: string; root: string };
  assert.match(url, /^http:/);
  assert.is(root, join(command.folder, "home/.local/share/lading/registry"));
  child.kill("SIGTERM");
  assert.is((await ended).code, 143);
});

test("serve says at its start that it can keep nothing where a file is", async (context) => {
  const command = await createFilledCommand(context);
  await writeFile(join(command.folder, "file"), "");
  assert.match(await command.fails(1, "serve", "--root", "file"), /^IO: Cannot serve "file"/);
});

test("what a layout says of itself does not bring a damaged blob into the store", async (context) => {
  const command = await createFilledCommand(context);
  await command.ok("build", "-o", "oci:evil:1");
  const blobs = join(command.folder, "evil/blobs/sha256");
  await writeFile(join(command.folder, "evil/.lading/own"), "");
  const sized = await Promise.all(
    (await readdir(blobs)).map(async (name) => [name, (await stat(join(blobs, name))).size] as const),
  );
  const [largest] = sized.sort(([, a], [, b]) => b - a);
  const path = join(blobs, largest?.[0] ?? "");
  const bytes = await readFile(path);
  await rm(path);
  await writeFile(path, bytes.fill(0, 40, 41));
  const other = ["--store", join(command.folder, "other")];
  assert.match(
    await command.fails(1, "copy", "-q", "oci:evil:1", "store:e:1", ...other),
    /^DIGEST_MISMATCH: .*; remove ".*", then copy/,
  );
  assert.match(await command.fails(1, "verify", "store:e:1", ...other), /^NOT_FOUND: /);
});

test("a reader that goes away ends it in silence", async (context) => {
  const command = await createFilledCommand(context);
  await command.ok("build", "-t", "x:1");
  for (const args of [["package", "list"], ["inspect", "store:x:1", "--json"], ["--help"]]) {
    const { child, ended } = start(context, command, args);
    child.stdout.destroy();
    assert.equal(await ended, { code: 0, signal: null, stdout: "", stderr: "" }, args.join(" "));
  }
});

test("where nobody reads stderr, the status still tells", async (context) => {
  const command = await createFilledCommand(context);
  const cases = [
    { args: ["build"], status: 0 },
    { args: ["package", "show", "none"], status: 1 },
    { args: ["biuld"], status: 2 },
  ];
  for (const { args, status } of cases) {
    const { child, ended } = start(context, command, args);
    child.stderr.destroy();
    assert.equal([args, (await ended).code], [args, status]);
  }
});

test.run();
