/** Uses the file system, on a thread of the pool or wherever it is called. */

import { join } from "node:path";
import { parentPort } from "node:worker_threads";
import { files, isWorkThread } from "../../src/stream/files.js";
import { toThreadError } from "../../src/stream/worker-pool.js";

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "done",
    (error: NodeJS.ErrnoException) => error.code ?? error.name,
  );

export async function useFiles(folder: string) {
  const path = join(folder, "a");
  const file = await files.open(path, "wx+");
  await file.writeFile("first ");
  const { bytesWritten } = await file.write(Buffer.from("the second"), 4);
  await file.sync();
  const buffer = Buffer.alloc(8);
  const { bytesRead } = await file.read(buffer, 0, 8, 6);
  const { size } = await file.stat({ bigint: true });
  await file.close();
  const closed = await codeOf(file.sync());
  await files.mkdir(join(folder, "sub"));
  await files.writeFile(join(folder, "c"), "c", { flag: "wx" });
  await files.link(path, join(folder, "linked"));
  await files.rename(path, join(folder, "b"));
  await files.rm(join(folder, "gone"), { force: true });
  const refused = [
    await codeOf(files.stat(path)),
    await codeOf(files.writeFile(join(folder, "c"), "again", { flag: "wx" })),
    closed,
  ];
  const stats = await files.lstat(join(folder, "b"));
  const names = (await files.readdir(folder)).sort();
  const seen = {
    bytesWritten,
    bytesRead,
    text: String(buffer.subarray(0, bytesRead)),
    size,
    names,
    links: stats.nlink,
  };
  return { isWorkThread, seen, refused };
}

parentPort?.on("message", ({ job }: { job: string }) => {
  void useFiles(job).then(
    (result) => parentPort?.postMessage({ type: "result", result }),
    (error) => parentPort?.postMessage({ type: "error", error: toThreadError(error) }),
  );
});
