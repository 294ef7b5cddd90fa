/**
 * Starting `child.ts`.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import type { TestContext } from "../support/suite.js";

export const childModule = fileURLToPath(new URL("child.js", import.meta.url));

export interface Child {
  readonly process: ChildProcess;
  /** The first text that it printed, or an empty one where it ended without. */
  readonly said: Promise<string>;
  /** Its exit status, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Writes a line to it. */
  start(): void;
}

export function startChild(context: TestContext, ...words: readonly string[]): Child {
  const child = spawn(process.execPath, [childModule, ...words], { stdio: ["pipe", "pipe", "inherit"] });
  context.defer(() => void child.kill("SIGKILL"));
  child.stdin.on("error", () => {});
  const said = Promise.race([once(child.stdout, "data"), once(child.stdout, "close")]);
  return {
    process: child,
    said: said.then(([data]) => String(data ?? "").trim()),
    ended: once(child, "exit").then(([code, signal]) => code ?? signal),
    start: () => void child.stdin.write("go\n"),
  };
}

/** Several at once, that begin together; all of them have to end well. */
export async function runTogether(context: TestContext, all: readonly (readonly string[])[]): Promise<void> {
  const children = all.map((words) => startChild(context, ...words, "--wait"));
  await Promise.all(children.map(({ said }) => said));
  for (const child of children) child.start();
  const codes = await Promise.all(children.map(({ ended }) => ended));
  assert.equal(
    codes,
    codes.map(() => 0),
  );
}

/** No file under a digest's name is anything but the content of that digest, and every name leads to its text. */
export async function checkLayout(layout: string): Promise<readonly string[]> {
  for (const hex of await readdir(join(layout, "blobs/sha256")).catch(() => [])) {
    assert.is(digestOf(await readFile(join(layout, "blobs/sha256", hex))), `sha256:${hex}`);
  }
  const store = createLayoutStore(layout);
  const tags = await store.tags();
  for (const { name, descriptor } of tags) {
    assert.is((await collect(store.open(descriptor), 1000)).toString(), `content of ${name}`);
  }
  return tags.flatMap(({ name }) => name ?? []);
}

/** The next writer goes on as if nothing had been, and leaves nothing of what the last one did not finish. */
export async function checkNextWriter(layout: string): Promise<void> {
  const store = createLayoutStore(layout, { patienceMs: 50 });
  const descriptor = await store.put("text/plain", fromBytes("content of next"));
  await store.tag([{ name: "next", descriptor }]);
  assert.ok((await checkLayout(layout)).includes("next"));
  const hidden = (await readdir(join(layout, ".lading"))).filter((name) => name !== "own");
  assert.equal(hidden, []);
}
