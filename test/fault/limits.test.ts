/**
 * Limits that are really there: of files, threads, room, inodes, and of what may be written.
 */

import { randomBytes } from "node:crypto";
import { cp, mkdir, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { LADING } from "../bin/command.js";
import { archive, file } from "../support/hostile-tar.js";
import { missing, type RunResult, run } from "../support/programs.js";
import { root } from "../support/root.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { checkFolder, checkLayout, runWell, SCENARIOS, writeInputs } from "./sweep.js";

const test = suite("fault/limits", { deadlineMs: 180_000 });

const isRoot = process.getuid?.() === 0;
const hasSpaces = async (...flags: readonly string[]) => (await run("unshare", [...flags, "true"])).code === 0;
const noSpaces = missing("unshare", "mount") ?? ((await hasSpaces("-Urm")) ? undefined : "user namespaces");

/** Runs a script of bash in a folder, where `lading` is a function. */
function shell(folder: string, script: string, wrap: readonly string[] = []): Promise<RunResult> {
  const start = `lading() { "${process.execPath}" "${LADING}" "$@"; }\n`;
  const env = { HOME: folder, LADING_STORE: undefined, XDG_DATA_HOME: undefined, UV_THREADPOOL_SIZE: undefined };
  const [command = "bash", ...words] = [...wrap, "bash", "--norc", "-euc", start + script];
  return run(command, words, { cwd: folder, env });
}

const inSpace = (folder: string, script: string) => shell(folder, script, ["unshare", "-Urm"]);

/** One line, status 1: what failed, and the way out of it. */
function assertRefused({ code, stdout, stderr }: RunResult, errno: string, remedy: string): void {
  assert.equal([code, stdout], [1, ""], stderr);
  assert.match(stderr, new RegExp(`^IO: Cannot [^\\n]*"[^"\\n]+": ${errno}, [^\\n]*${remedy}[^\\n]*\\n$`));
}

/** A package of noise, `size` bytes of it. */
async function writeNoise(folder: string, name: string, size: number): Promise<string> {
  const tar = archive(file(`srv/${name}`, randomBytes(size).toString("latin1")));
  await writeFile(join(folder, `${name}.tar.gz`), gzipSync(tar, { level: 1 }));
  await writeFile(join(folder, `${name}.tar.gz.json`), JSON.stringify({ name }));
  return `${name}.tar.gz`;
}

const SCENARIO_LINES = SCENARIOS.map(({ words }) => `lading ${words.join(" ")}`);

/** The names that both scenarios lead to where nothing is in their way. */
async function expectedNames(context: TestContext): Promise<readonly string[]> {
  const folder = join(await tempFolder(context), "whole");
  await writeInputs(folder);
  for (const scenario of SCENARIOS) assert.is((await runWell(folder, scenario)).code, 0);
  return await checkFolder(folder);
}

test("case 139: a limit on the size of files is told, with the way to raise it", async (context) => {
  const folder = await tempFolder(context);
  const path = await writeNoise(folder, "noise", 400_000);
  const result = await shell(folder, `ulimit -f 100; lading package import ${path} --store store`);
  assertRefused(result, "EFBIG", "ulimit -f");
  assert.equal(await checkLayout(join(folder, "store")), []);
});

test("case 139: 32 open files are enough", async (context) => {
  const folder = await tempFolder(context);
  await writeInputs(folder);
  const { code, stderr } = await shell(folder, `ulimit -n 32\n${SCENARIO_LINES.join("\n")}`);
  assert.is(code, 0, stderr);
  assert.equal(await checkFolder(folder), await expectedNames(context));
});

test("case 139: too few open files are told", async (context) => {
  const folder = await tempFolder(context);
  const paths: string[] = [];
  for (let at = 0; at < 16; at++) paths.push(await writeNoise(folder, `n${at}`, 1000));
  for (const limit of [21, 22, 23, 24, 25, 26]) {
    const script = `ulimit -n ${limit}; lading package import ${paths.join(" ")} --store store --jobs 16`;
    const result = await shell(folder, script);
    // Below some number Node itself cannot start.
    if (result.code === 1 && result.stderr.startsWith("IO:")) assertRefused(result, "EMFILE", "ulimit -n");
    await checkLayout(join(folder, "store"));
  }
});

const noThreadLimit = isRoot ? "an ordinary user" : missing("ps");

test.needs(noThreadLimit, "where no more threads can be made the work is done all the same", async (context) => {
  const folder = await tempFolder(context);
  const paths = [await writeNoise(folder, "a", 6_000_000), await writeNoise(folder, "b", 6_000_000)];
  const script = (extra: number) => `
    threads=$(ps -L -u "$(id -un)" --no-headers | wc -l)
    ulimit -u $((threads + ${extra}))
    lading package import ${paths.join(" ")} --store store-${extra} --jobs 4`;
  for (const extra of [12, 14, 16, 20]) {
    const { code, stderr } = await shell(folder, script(extra));
    // Too few for Node itself, which then ends before it runs anything; others may have started threads, too.
    if (code === 134 || /uv_thread_create|Resource temporarily unavailable/.test(stderr)) continue;
    assert.is(code, 0, `${extra}: ${stderr}`);
    assert.is((await checkLayout(join(folder, `store-${extra}`))).length, 2);
  }
});

const ROOM = [
  ["size=16k", "ENOSPC", "free some space"],
  ["size=40k", "ENOSPC", "free some space"],
  ["size=80k", "ENOSPC", "free some space"],
  ["nr_inodes=4", "ENOSPC", "free some space"],
  ["nr_inodes=9", "ENOSPC", "free some space"],
  ["nr_inodes=16", "ENOSPC", "free some space"],
] as const;

for (const [limit, errno, remedy] of ROOM) {
  test.needs(
    noSpaces,
    `case 139: a file system with ${limit} is told to be full, and holds what is whole`,
    async (context) => {
      const folder = await tempFolder(context);
      await writeInputs(folder);
      const noise = await writeNoise(folder, "noise", 100_000);
      const script = `
      mkdir disk && mount -t tmpfs -o ${limit} t disk
      status=0; lading build ${noise} demo.deb bare.tar -o oci:disk/out:t --store disk/store || status=$?
      cp -r disk kept
      exit $status`;
      assertRefused(await inSpace(folder, script), errno, remedy);
      for (const name of ["store", "out"]) await checkLayout(join(folder, "kept", name));
      const left = await readdir(join(folder, "kept"), { recursive: true });
      assert.equal(
        left.filter((name) => /tmp-[0-9a-f]/.test(name)),
        [],
      );
    },
  );
}

test.needs(noSpaces, "case 138: a read-only file system is refused, and read from", async (context) => {
  const folder = await tempFolder(context);
  await writeInputs(folder);
  const script = `
    mkdir disk kept && mount -t tmpfs t kept
    lading package import clean.tar.gz --store kept/store >/dev/null
    mount --bind kept disk && mount -o remount,bind,ro disk
    lading package list --store disk/store >listed
    status=0; lading build bare.tar --store store -o oci:disk/out:t || status=$?
    lading build bare.tar --store disk/store 2>second && exit 9
    exit $status`;
  assertRefused(await inSpace(folder, script), "EROFS", "name another place");
});

test.needs(
  noSpaces,
  "a store and an output on file systems of their own, one without extended attributes",
  async (context) => {
    const folder = await tempFolder(context);
    await writeInputs(folder);
    const script = `
    mkdir one two && mount -t tmpfs t one && mount -t ramfs t two
    lading build clean.tar.gz bare.tar demo.deb -o oci:two/out:t --store one/store
    cp -r one/store store && cp -r two/out out`;
    const { code, stderr } = await inSpace(folder, script);
    assert.is(code, 0, stderr);
    const expected = await expectedNames(context);
    assert.equal(
      (await checkFolder(folder)).filter((name) => !expected.includes(name)),
      [],
    );
  },
);

const isHidden = root.startsWith(`${tmpdir()}/`) ? "a repository outside of the temporary folder" : undefined;

test.needs(
  noSpaces ?? isHidden,
  "nothing is written to the system's temporary folder, which may be tiny or absent",
  async (context) => {
    const folder = await tempFolder(context);
    const path = await writeNoise(folder, "noise", 24_000_000);
    const script = `
    mount --bind . /mnt && mount -t tmpfs -o size=1m,nr_inodes=8 t "${tmpdir()}"
    cd /mnt
    TMPDIR=/nonexistent lading build ${path} -o oci:out:t --store store
    [ -z "$(ls -A "${tmpdir()}")" ]`;
    const { code, stderr } = await inSpace(folder, script);
    assert.is(code, 0, stderr);
    await checkFolder(folder);
  },
);

test.needs(noSpaces, "a tarball of 100,000 files needs 64 inodes", async (context) => {
  const folder = await tempFolder(context);
  const files = Array.from({ length: 100_000 }, (_, at) => file(`d${at % 100}/${at}`));
  await writeFile(join(folder, "many.tar.gz"), gzipSync(archive(...files), { level: 1 }));
  const script = `
    mkdir disk && mount -t tmpfs -o nr_inodes=64 t disk
    lading build many.tar.gz -o oci:disk/out:t --store disk/store`;
  const { code, stderr } = await inSpace(folder, script);
  assert.is(code, 0, stderr);
});

test("an output below a folder that is missing is made", async (context) => {
  const folder = await tempFolder(context);
  await writeInputs(folder);
  await mkdir(join(folder, "other"));
  await cp(join(folder, "bare.tar"), join(folder, "other/bare.tar"));
  const { code, stderr } = await shell(folder, "lading build other/bare.tar -o oci:a/b/c:t --store s/t");
  assert.is(code, 0, stderr);
  assert.is((await checkLayout(join(folder, "a/b/c"))).length, 1);
});

test.run();
