/**
 * podman with storage of its own, as the ordinary user who runs the tests.
 *
 * @module
 */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { output, run } from "./programs.js";
import type { TestContext } from "./suite.js";

/** What runs podman in `folder` and gives what it prints; its storage, some of it of other users, goes with the test. */
export async function preparePodman(context: TestContext, folder: string) {
  const places = [join(folder, "root"), join(folder, "run")] as const;
  for (const place of places) await mkdir(place);
  context.defer(async () => {
    await run("podman", ["unshare", "rm", "-rf", ...places], { cwd: folder });
    await run("rm", ["-rf", ...places]);
  });
  const where = ["--root", places[0], "--runroot", places[1], "--storage-driver", "vfs"];
  return (...args: readonly string[]) => output("podman", [...where, ...args], { cwd: folder });
}
