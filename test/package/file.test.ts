import { execFileSync } from "node:child_process";
import { appendFile, chmod, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { identifyFile, openPackageFile } from "../../src/package/file.js";
import { gather } from "../stream/pieces.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("package/file");
/** More than is read when a file is opened. */
const LARGE = Buffer.alloc(100_000, "content");

test("openPackageFile() gives head, size, and ranges, as often as they are asked for", async (context) => {
  const path = join(await tempFolder(context), "a");
  const bytes = Buffer.from(Array.from({ length: 2000 }, (_, at) => at % 251));
  await writeFile(path, bytes);
  const file = await openPackageFile(path);
  assert.equal([file.path, file.size], [path, 2000]);
  assert.ok(bytes.subarray(0, 512).equals(file.head));
  for (const [start, end] of [
    [0, 2000],
    [5, 9],
    [1999, 2000],
    [7, 7],
  ] as const) {
    assert.ok((await gather(file.read({ start, end }))).equals(bytes.subarray(start, end)));
  }
  assert.ok((await gather(file.read())).equals(bytes));
  await writeFile(path, "");
  assert.is((await openPackageFile(path)).head.length, 0);
});

test("a file that was changed or replaced since it was opened is not read", async (context) => {
  const changes: readonly ((path: string) => Promise<void>)[] = [
    (path) => appendFile(path, "more"),
    (path) => writeFile(path, "CONTENT"),
    (path) => chmod(path, 0o600),
    (path) => rename(`${path}.new`, path),
    (path) => rename(path, `${path}.gone`),
  ];
  for (const change of changes) {
    const path = join(await tempFolder(context), "a");
    await writeFile(path, LARGE);
    await writeFile(`${path}.new`, LARGE);
    const file = await openPackageFile(path);
    await change(path);
    const { detail, message } = await rejects(gather(file.read()), "CHANGED");
    assert.is(detail.path, path);
    assert.match(message, /; run again when it is complete$/);
  }
});

test("a small file that was changed since it was opened is what it was", async (context) => {
  const path = join(await tempFolder(context), "a");
  await writeFile(path, "content");
  const file = await openPackageFile(path);
  await writeFile(path, "CONTENT");
  assert.is((await gather(file.read({ start: 1 }))).toString(), "ontent");
});

test("a file that is not the one that was meant is not opened", async (context) => {
  const path = join(await tempFolder(context), "a");
  await writeFile(path, "content");
  const { key: identity, size } = await identifyFile(path);
  assert.is(size, 7);
  assert.is((await openPackageFile(path, { identity })).identity, identity);
  await writeFile(path, "CONTENT");
  await rejects(openPackageFile(path, { identity }), "CHANGED");
});

test("identifyFile() tells states of a file apart, follows links, and takes files alone", async (context) => {
  const folder = await tempFolder(context);
  const path = join(folder, "a");
  await writeFile(path, "1");
  const first = await identifyFile(path);
  assert.equal(await identifyFile(path), first);
  await symlink("a", join(folder, "link"));
  assert.equal(await identifyFile(join(folder, "link")), first);
  await writeFile(join(folder, "b"), "1");
  assert.is.not((await identifyFile(join(folder, "b"))).key, first.key);
  assert.is((await rejects(identifyFile(folder), "FORMAT")).detail.found, "a folder");
  execFileSync("mkfifo", [join(folder, "pipe")]);
  assert.is((await rejects(identifyFile(join(folder, "pipe")), "FORMAT")).detail.found, "not a regular file");
  assert.is((await rejects(identifyFile(join(folder, "absent")), "IO")).detail.errno, "ENOENT");
});

test.run();
