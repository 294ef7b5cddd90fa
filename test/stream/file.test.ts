import { execFileSync } from "node:child_process";
import { link, mkdir, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { readFile } from "../../src/stream/file.js";
import { missing } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { corpus, gather } from "./pieces.js";

const test = suite("stream/file");
const bytes = corpus(1000);

async function fileWith(context: TestContext, content: Uint8Array): Promise<string> {
  const path = join(await tempFolder(context), "file");
  await writeFile(path, content);
  return path;
}

/** Reads a file and does something to it after the first chunk. */
async function readWhile(path: string, action: () => Promise<unknown>): Promise<void> {
  let done = false;
  for await (const _ of readFile(path, { chunkSize: 100, quick: true })) {
    if (!done) await action();
    done = true;
  }
}

test("readFile() gives any range, in one buffer", async (context) => {
  const path = await fileWith(context, bytes);
  const at = fc.integer({ min: 0, max: bytes.length });

  await fc.assert(
    fc.asyncProperty(at, at, fc.integer({ min: 1, max: 1200 }), fc.boolean(), async (one, other, chunkSize, quick) => {
      const [start, end] = one < other ? [one, other] : [other, one];
      const read = await gather(readFile(path, { start, end, chunkSize, quick }));
      assert.ok(read.equals(bytes.subarray(start, end)));
    }),
    { numRuns: 60 },
  );
  const buffers = new Set<ArrayBufferLike>();
  for await (const chunk of readFile(path, { chunkSize: 64 })) buffers.add(chunk.buffer);
  assert.is(buffers.size, 1);
});

test("readFile() that reads in its caller's thread lets others have their turn", async (context) => {
  const path = await fileWith(context, Buffer.alloc(0));
  await truncate(path, 32 * 1024 * 1024);
  let [count, heard, heardInTime] = [0, false, false];
  for await (const _ of readFile(path, { quick: true })) {
    if (++count === 2) setImmediate(() => (heard = true));
    heardInTime = heard;
  }
  assert.ok(heardInTime);
});

test("readFile() reads an empty file, and through a symbolic link", async (context) => {
  const path = await fileWith(context, Buffer.alloc(0));
  assert.is((await gather(readFile(path))).length, 0);
  await writeFile(path, bytes);
  await symlink(path, `${path}.link`);
  assert.ok((await gather(readFile(`${path}.link`))).equals(bytes));
});

test("readFile() refuses a range that is none", async (context) => {
  const path = await fileWith(context, bytes);
  for (const range of [{ start: -1 }, { start: 5, end: 4 }, { start: 0.5 }, { end: Number.NaN }, { chunkSize: 0 }]) {
    const error = await gather(readFile(path, range)).catch((thrown: unknown) => thrown);
    assert.instance(error, RangeError);
  }
});

test("readFile() says what is not there", async (context) => {
  const error = await rejects(gather(readFile(join(await tempFolder(context), "absent"))), "IO");
  assert.is(error.detail.errno, "ENOENT");
});

test("readFile() refuses what is no file, by its kind", async (context) => {
  const folder = await tempFolder(context);
  await mkdir(join(folder, "folder"));
  const error = await rejects(gather(readFile(join(folder, "folder"))), "FORMAT");
  assert.is(error.detail.found, "a folder");
  assert.is((await rejects(gather(readFile("/dev/null")), "FORMAT")).detail.found, "a device");
  const socket = join(folder, "socket");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  context.defer(() => new Promise((resolve) => server.close(() => resolve())));
  await rejects(gather(readFile(socket)), "IO");
});

test.needs(missing("mkfifo"), "readFile() does not wait for the other end of a named pipe", async (context) => {
  const pipe = join(await tempFolder(context), "pipe");
  execFileSync("mkfifo", [pipe]);
  assert.is((await rejects(gather(readFile(pipe)), "FORMAT")).detail.found, "a named pipe");
});

const CHANGES: readonly (readonly [string, (path: string) => Promise<unknown>])[] = [
  ["grows", (path) => writeFile(path, "more", { flag: "a" })],
  ["shrinks", (path) => truncate(path, 150)],
  ["is written again with the same size", (path) => writeFile(path, Buffer.alloc(bytes.length))],
  [
    "is written again and given an old time",
    async (path) => {
      await writeFile(path, Buffer.alloc(bytes.length));
      await utimes(path, 1, 1);
    },
  ],
];
for (const [title, action] of CHANGES) {
  test(`readFile() sees that a file ${title}`, async (context) => {
    const path = await fileWith(context, bytes);
    const error = await rejects(
      readWhile(path, () => action(path)),
      "CHANGED",
    );
    assert.is(error.detail.path, path);
  });
}

test("readFile() does not mind a new hard link", async (context) => {
  const path = await fileWith(context, bytes);
  await readWhile(path, () => link(path, `${path}.other`));
});

test("readFile() sees a range that the file does not have any more", async (context) => {
  const path = await fileWith(context, bytes);
  await rejects(gather(readFile(path, { end: bytes.length + 1 })), "CHANGED");
});

test("readFile() stops for its signal", async (context) => {
  const path = await fileWith(context, bytes);
  const controller = new AbortController();
  const read = async () => {
    for await (const _ of readFile(path, { chunkSize: 10, signal: controller.signal })) controller.abort();
  };
  const error = await read().catch((thrown: unknown) => thrown);
  assert.is((error as Error).name, "AbortError");
});

test.run();
