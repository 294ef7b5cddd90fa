/**
 * Which system calls a build makes, and how many.
 */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { LADING } from "../bin/command.js";
import { corpus } from "../stream/pieces.js";
import { debOf } from "../support/deb.js";
import { archive, file } from "../support/hostile-tar.js";
import { missing, run } from "../support/programs.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { checkLayout } from "./sweep.js";

const test = suite("fault/calls", { deadlineMs: 180_000 });

const isStraceUsable = async () => (await run("strace", ["-qq", "-o", "/dev/null", "true"])).code === 0;
const strace = missing("strace") ?? ((await isStraceUsable()) ? undefined : "leave to trace");

/** The lines that strace writes of these calls while `lading` runs to a good end in a folder. */
async function trace(folder: string, calls: string, words: readonly string[]): Promise<readonly string[]> {
  const log = join(folder, "log");
  const args = [
    "-f",
    "-qq",
    "-y",
    "-o",
    log,
    "-e",
    `trace=${calls}`,
    "-e",
    "signal=none",
    process.execPath,
    LADING,
    ...words,
  ];
  const { code, stderr } = await run("strace", args, { cwd: folder, env: { HOME: folder } });
  assert.is(code, 0, stderr);
  return (await readFile(log, "utf8")).split("\n").filter((line) => /^\d+ +\w+\(/.test(line));
}

const PRIVILEGED = "unshare,setns,mount,umount2,chroot,pivot_root,chown,fchown,lchown,fchownat,mknod,mknodat";
const ATTRIBUTES = "setxattr,lsetxattr,fsetxattr,setuid,setgid,setgroups,capset";

test.needs(strace, "a build asks for no privilege, starts no program, and speaks to nobody", async (context) => {
  const folder = await tempFolder(context);
  // Enough for threads to be worth starting.
  for (const name of ["a", "b"]) {
    await writeFile(join(folder, `${name}.tar`), archive(file(name, corpus(5_000_000).toString("latin1"))));
  }
  await writeFile(join(folder, "demo.deb"), debOf());
  const build = ["build", "a.tar", "b.tar", "demo.deb", "-o", "oci:out:t", "--store", "s", "--jobs", "2"];
  const lines = await trace(folder, `${PRIVILEGED},${ATTRIBUTES},execve,execveat,connect,sendto`, build);
  assert.is(lines.length, 1, lines.join("\n"));
  assert.match(lines[0] ?? "", "execve(");
});

test.needs(strace, "files that are made are as many as blobs, however many entries there are", async (context) => {
  const folder = await tempFolder(context);
  const files = Array.from({ length: 100_000 }, (_, at) => file(`d${at % 100}/${at}`));
  await writeFile(join(folder, "many.tar.gz"), gzipSync(archive(...files), { level: 1 }));
  const lines = await trace(folder, "open,openat,mkdir,mkdirat", [
    "build",
    "many.tar.gz",
    "-o",
    "oci:out:t",
    "--store",
    "s",
  ]);
  const made = lines.filter((line) => line.includes("O_CREAT") || line.includes("mkdir"));
  // Layer, list of files, generated layer and its list, config, manifest in one place or both; folders, indexes, locks, cache.
  assert.ok(made.length <= 60, made.join("\n"));
  await checkLayout(join(folder, "out"));
});

test.needs(strace, "an input file costs a handful of calls", async (context) => {
  const folder = await tempFolder(context);
  const count = 2000;
  await mkdir(join(folder, "src"));
  for (let at = 0; at < count; at++) await writeFile(join(folder, "src", `${at}`), `content ${at}`);
  await writeFile(join(folder, "lading.yaml"), "files:\n  - { from: src, to: /srv }\n");
  const all = "%file,read,pread64,close,fstat,getdents64,statx";
  const lines = await trace(folder, all, ["build", ".", "-t", "t:1", "--store", "s"]);
  const ours = lines.filter((line) => line.includes(join(folder, "src")));
  assert.ok(ours.length / count <= 10, `${ours.length / count} calls for each file`);
  const opened = ours.filter((line) => line.includes("openat("));
  assert.ok(opened.length <= count + 20, `${opened.length} opens`);
  const asked = lines.filter((line) => /"\/etc\/(passwd|group|nsswitch\.conf)"/.test(line));
  assert.equal(asked, []);
});

test.run();
