import { execFileSync } from "node:child_process";
import { chmodSync, linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { appendFile, chmod, mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { fromBytes } from "../../src/stream/bytes.js";
import { createFilter } from "../../src/tar/filter.js";
import { readFolder } from "../../src/tar/folder.js";
import { writeTar } from "../../src/tar/write.js";
import { gather, sha256 } from "../stream/pieces.js";
import { missing } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("tar/folder");

/** A small tree, made in this order of names and with these modes as the umask leaves them. */
function makeTree(folder: string, { umask = 0o022, reverse = false, time = 1_000_000_000 } = {}): void {
  const before = process.umask(umask);
  try {
    const steps = [
      () => mkdirSync(join(folder, "bin")),
      () => writeFileSync(join(folder, "bin/run"), "#!/bin/sh\n", { mode: 0o777 }),
      () => writeFileSync(join(folder, "bin/data"), "data", { mode: 0o666 }),
    ];
    const others = [
      () => symlinkSync("../nowhere", join(folder, "link")),
      () => writeFileSync(join(folder, "bin-a"), "a"),
      () => writeFileSync(join(folder, ".hidden"), ""),
      () => mkdirSync(join(folder, "Empty")),
    ];
    for (const step of reverse ? [...others.reverse(), ...steps] : [...steps, ...others]) step();
    for (const name of ["bin/run", "bin/data", "bin-a", "bin"]) utimesSync(join(folder, name), time, time);
  } finally {
    process.umask(before);
  }
}

test("readFolder() gives everything below, in the order of a walk by bytes", async (context) => {
  const folder = await tempFolder(context);
  makeTree(folder);
  const entries = await readFolder(folder, { mtime: 7 });
  assert.equal(
    entries.map(({ path, type, mode, size, linkpath }) => [path, type, mode.toString(8), size, linkpath]),
    [
      [".hidden", "file", "644", 0, undefined],
      ["Empty", "directory", "755", 0, undefined],
      ["bin", "directory", "755", 0, undefined],
      ["bin/data", "file", "644", 4, undefined],
      ["bin/run", "file", "755", 10, undefined],
      ["bin-a", "file", "644", 1, undefined],
      ["link", "symlink", "777", 0, "../nowhere"],
    ],
  );
  assert.ok(entries.every(({ uid, gid, mtime }) => uid === 0 && gid === 0 && mtime === 7));
  const data = entries.find(({ path }) => path === "bin/data");
  for (const _ of [1, 2]) assert.is((await gather(data?.open?.() ?? fromBytes(""))).toString(), "data");
});

test("the archive depends on neither umask, nor the order of creation, nor times", async (context) => {
  const digests = new Set<string>();
  for (const options of [{}, { umask: 0o077, reverse: true, time: 1_500_000_000 }, { umask: 0, time: 5 }]) {
    const folder = await tempFolder(context);
    makeTree(folder, options);
    digests.add(sha256(await gather(writeTar(await readFolder(folder)))));
  }
  assert.equal([...digests], ["b8ad68dd3d7bdef68f79cf1c7b7063001081160026ae7bb0ca8f0982fe06fd88"]);
});

test("a folder is named with slashes at its end or through a symlink", async (context) => {
  const folder = await tempFolder(context);
  await mkdir(join(folder, "real"));
  await writeFile(join(folder, "real/a"), "a");
  await symlink("real", join(folder, "alias"));
  for (const name of ["real", "real//", "alias", "alias/"]) {
    const entries = await readFolder(join(folder, name));
    assert.equal(
      entries.map(({ path }) => path),
      ["a"],
    );
  }
});

test("files that are one inode become hard links to the first that is taken", async (context) => {
  const folder = await tempFolder(context);
  writeFileSync(join(folder, "b"), "same");
  linkSync(join(folder, "b"), join(folder, "a"));
  linkSync(join(folder, "b"), join(folder, "c"));
  const list = async (ignore: readonly string[]) =>
    (await readFolder(folder, { filter: createFilter({ ignore }) })).map(({ path, type, linkpath }) => [
      path,
      type,
      linkpath,
    ]);
  assert.equal(await list([]), [
    ["a", "file", undefined],
    ["b", "hardlink", "a"],
    ["c", "hardlink", "a"],
  ]);
  assert.equal(await list(["a"]), [
    ["b", "file", undefined],
    ["c", "hardlink", "b"],
  ]);
});

test("a filter keeps the walk out of folders", async (context) => {
  const folder = await tempFolder(context);
  makeTree(folder);
  mkdirSync(join(folder, "closed"));
  execFileSync("mkfifo", [join(folder, "closed/fifo")]);
  const entries = await readFolder(folder, { filter: createFilter({ ignore: ["closed/", "bin"] }) });
  assert.equal(
    entries.map(({ path }) => path),
    [".hidden", "Empty", "bin-a", "link"],
  );
});

test("names and targets that are not UTF-8 survive", async (context) => {
  const folder = await tempFolder(context);
  const name = Buffer.from([0x66, 0xff, 0xfe]);
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), name]), "x");
  symlinkSync(Buffer.from([0xe9]), join(folder, "link"));
  const [file, link] = await readFolder(folder);
  assert.is(file?.path, "f\xff\xfe");
  assert.is((await gather(file?.open?.() ?? fromBytes(""))).toString(), "x");
  assert.is(link?.linkpath, "\xe9");
});

test("a FIFO and a socket are refused by name", async (context) => {
  const folder = await tempFolder(context);
  execFileSync("mkfifo", [join(folder, "pipe")]);
  const fifo = await rejects(readFolder(folder), "UNSAFE_ENTRY");
  assert.equal(fifo.detail, { path: "pipe", why: "a FIFO" });

  const other = await tempFolder(context);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(other, "socket"), resolve));
  context.defer(() => void server.close());
  const socket = await rejects(readFolder(other), "UNSAFE_ENTRY");
  assert.match(socket.message, /^Cannot take "socket" into a layer: it is a socket; /);
});

test("what is no folder is said so", async (context) => {
  const folder = await tempFolder(context);
  await writeFile(join(folder, "file"), "");
  assert.is((await rejects(readFolder(join(folder, "file")), "FORMAT")).detail.wanted, "folder");
  assert.is((await rejects(readFolder(join(folder, "file/")), "IO")).detail.errno, "ENOTDIR");
  assert.is((await rejects(readFolder(join(folder, "absent")), "IO")).detail.errno, "ENOENT");
  assert.is((await rejects(readFolder(""), "IO")).detail.errno, "ENOENT");
});

const rootUser = process.getuid?.() === 0 ? "an ordinary user" : undefined;

test.needs(rootUser, "a folder that may not be read is named", async (context) => {
  const folder = await tempFolder(context);
  mkdirSync(join(folder, "secret"));
  chmodSync(join(folder, "secret"), 0);
  context.defer(() => chmod(join(folder, "secret"), 0o700));
  assert.is((await rejects(readFolder(folder), "IO")).detail.errno, "EACCES");
});

test("a file that changed since the walk is not read as another", async (context) => {
  const changes: readonly (readonly [string, (path: string) => Promise<void>])[] = [
    ["longer", (path) => appendFile(path, "more")],
    ["rewritten", (path) => writeFile(path, "DATA")],
    [
      "replaced",
      async (path) => {
        await writeFile(`${path}.new`, "DATA");
        await rename(`${path}.new`, path);
      },
    ],
  ];
  for (const [what, change] of changes) {
    const folder = await tempFolder(context);
    makeTree(folder);
    const entries = await readFolder(folder);
    await change(join(folder, "bin/data"));
    const error = await rejects(gather(writeTar(entries)), "CHANGED");
    assert.match(error.message, /data/, what);
  }
});

test("a signal stops the walk", async (context) => {
  const folder = await tempFolder(context);
  makeTree(folder);
  const error = await readFolder(folder, { signal: AbortSignal.abort() }).catch((caught: Error) => caught);
  assert.is((error as Error).name, "AbortError");
});

test.needs(missing("tar"), "tar lists the same files", async (context) => {
  const folder = await tempFolder(context);
  makeTree(folder);
  const archive = join(await tempFolder(context), "a.tar");
  await writeFile(archive, await gather(writeTar(await readFolder(folder))));
  const listed = execFileSync("tar", ["-tf", archive], { encoding: "utf8" }).trimEnd().split("\n");
  assert.equal(listed, [".hidden", "Empty/", "bin/", "bin/data", "bin/run", "bin-a", "link"]);
});

test.run();
