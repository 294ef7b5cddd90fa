/**
 * A process that uses a layout or a lock, for tests that end it, stop it, or run several of it:
 *
 * ```text
 * node child.js tag LAYOUT NAME…          puts and tags one text for each name, printing the name once it is tagged
 * node child.js copy FROM TO NAME         copies a root between layouts, and prints the bytes by action
 * node child.js hold LOCK                 takes the lock, prints `held`, and keeps it until its standard input ends
 * node child.js add LOCK FILE COUNT       adds one to the number in FILE, COUNT times, each time under the lock
 * ```
 *
 * `--wait` as the last word waits for a line on standard input first, so that several can begin at once.
 *
 * @module
 */

import { once } from "node:events";
import { open, readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { copy } from "../../src/store/copy.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { acquireLock } from "../../src/store/lock.js";
import { fromBytes } from "../../src/stream/bytes.js";

/** Opens before the first one that counts, so that strace can tell those from what node does while it starts. */
const OPENS = 120;

const words = process.argv.slice(2);
const say = (text: string) => process.stdout.write(`${text}\n`);

if (words.at(-1) === "--wait") {
  words.pop();
  say("ready");
  await once(process.stdin, "data");
}

const [verb, place = "", ...rest] = words;

async function tagAll(names: readonly string[]): Promise<void> {
  if (process.env.CHILD_TRACED) for (let at = 0; at < OPENS; at++) await (await open("/dev/null")).close();
  const store = createLayoutStore(place, { patienceMs: 200 });
  for (const name of names) {
    const descriptor = await store.put("text/plain", fromBytes(`content of ${name}`));
    await store.tag([{ name, descriptor }]);
    say(name);
  }
}

async function add(file: string, count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    const lock = await acquireLock(place, { patienceMs: 500 });
    const before = Number(await readFile(file, "utf8"));
    await sleep(Math.random() * 3);
    await writeFile(file, String(before + 1));
    await lock.release();
  }
}

if (verb === "tag") await tagAll(rest);
if (verb === "copy") {
  const from = createLayoutStore(place);
  const { bytes } = await copy(await from.resolve(rest[1] ?? ""), from, createLayoutStore(rest[0] ?? ""));
  say(JSON.stringify(bytes));
}
if (verb === "add") await add(rest[0] ?? "", Number(rest[1]));
if (verb === "hold") {
  const lock = await acquireLock(place);
  say("held");
  process.stdin.resume();
  await once(process.stdin, "end");
  await lock.release();
}
process.stdin.destroy();
