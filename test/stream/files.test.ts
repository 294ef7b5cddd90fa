import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { files, isWorkThread } from "../../src/stream/files.js";
import { createWorkerPool } from "../../src/stream/worker-pool.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { useFiles } from "./files-thread.js";

const test = suite("stream/files");

test("a thread of lading's own asks directly, and gives what any other thread gives", async (context) => {
  const folder = await tempFolder(context);
  const here = async ({ job }: { readonly job: string }) => await useFiles(job);
  const pool = createWorkerPool<string, Awaited<ReturnType<typeof useFiles>>, never>(
    new URL("./files-thread.js", import.meta.url),
    1,
    here,
  );
  context.defer(pool.close);
  const [mine, theirs] = [join(folder, "mine"), join(folder, "theirs")];
  await Promise.all([mkdir(mine), mkdir(theirs)]);
  const [direct, pooled] = [await pool.run({ job: theirs }), await useFiles(mine)];
  assert.equal([direct.isWorkThread, pooled.isWorkThread, isWorkThread], [true, false, false]);
  assert.equal(direct.seen, pooled.seen);
  assert.equal(direct.refused, ["ENOENT", "EEXIST", "EBADF"]);
  assert.equal(pooled.refused.slice(0, 2), ["ENOENT", "EEXIST"]);
  assert.is(await readFile(join(theirs, "b"), "utf8"), "first second");
  assert.is(await files.readFile(join(mine, "b"), "utf8"), "first second");
});

test.run();
