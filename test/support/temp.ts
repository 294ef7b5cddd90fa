import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "./suite.js";

/** A new folder that goes away after the test. */
export async function tempFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "lading-"));
  context.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}
