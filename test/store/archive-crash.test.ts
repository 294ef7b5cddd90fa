import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { deliver } from "../../src/deliver.js";
import { verifyImage } from "../../src/image/verify.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { createOciArchiveStore } from "../../src/store/oci-archive.js";
import { mapConcurrent } from "../../src/stream/pool.js";
import { LADING } from "../bin/command.js";
import { putTarImage } from "../support/image.js";
import { missing, run } from "../support/programs.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("store: crashes of archives", { deadlineMs: 120_000 });

/** System calls that change what is on disk, and which of them are tried. */
const KILLS: readonly (readonly [call: string, counts: readonly number[]])[] = [
  ["pwrite64", [1, 2, 3, 5, 8, 12, 16]],
  ["ftruncate", [1]],
  ["fsync", [1, 2, 3]],
  ["rename", [1]],
  ["unlink", [1]],
];

const isStraceUsable = async () => (await run("strace", ["-qq", "-o", "/dev/null", "true"])).code === 0;
const strace = missing("strace") ?? ((await isStraceUsable()) ? undefined : "leave to trace");

test.needs(
  strace,
  "kill -9 while an archive grows: the old one or the new one, and the next writer goes on",
  async (context) => {
    const folder = await tempFolder(context);
    const layout = createLayoutStore(join(folder, "layout"));
    const [old, next, last] = [
      await putTarImage(layout, ["both", "old"]),
      await putTarImage(layout, ["both", "next"], 400_000),
      await putTarImage(layout, ["last"]),
    ];
    await layout.tag([{ name: "next", descriptor: next }]);
    await deliver(old, layout, { store: createOciArchiveStore(join(folder, "x.tar")), name: "old", label: "x" });
    let killed = 0;
    const all = KILLS.flatMap(([call, counts]) => counts.map((count) => ({ call, count })));
    await mapConcurrent(all, 2, async ({ call, count }) => {
      const own = await tempFolder(context);
      const file = join(own, "x.tar");
      await copyFile(join(folder, "x.tar"), file);
      const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:signal=KILL:when=${count}`];
      const args = [LADING, "copy", `oci:${join(folder, "layout")}:next`, `oci-archive:${file}:next`];
      const { code } = await run("strace", ["-f", "-qq", "-o", "/dev/null", ...inject, process.execPath, ...args], {
        env: { UV_THREADPOOL_SIZE: "1", LADING_STORE: join(own, "store") },
      });
      if (code === 137) killed++;
      const store = createOciArchiveStore(file, { patienceMs: 50 });
      for (const { descriptor } of await store.tags()) await verifyImage(store, descriptor);
      assert.is((await store.resolve("old")).digest, old.digest, `${call} ${count}`);
      await deliver(last, layout, { store, name: "last", label: "last" });
      const again = createOciArchiveStore(file);
      for (const name of ["old", "last"]) await verifyImage(again, await again.resolve(name));
      assert.equal(
        (await readdir(own)).filter((name) => name !== "store"),
        ["x.tar"],
        `${call} ${count}`,
      );
    });
    assert.ok(killed > all.length / 2, `${killed} of ${all.length} runs were ended`);
  },
);

test.run();
