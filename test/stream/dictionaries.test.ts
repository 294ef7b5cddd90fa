import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { fromBytes } from "../../src/stream/bytes.js";
import { decompress } from "../../src/stream/codec.js";
import { accountForThread, closeAccount, createClaim } from "../../src/stream/dictionaries.js";
import { missing } from "../support/programs.js";
import { suite } from "../support/suite.js";

const test = suite("stream/dictionaries");

const MIB = 1024 * 1024;
const signal = undefined;

/** Is it settled once others have had their turn? */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  return await Promise.race([promise.then(() => true), sleep(60).then(() => false)]);
}

test("claims of all threads share 64 MiB: one that wants more than is left waits for the others", async () => {
  const [first, second] = [createClaim(signal, accountForThread()), createClaim(signal, accountForThread())];
  await first.raise(40 * MIB);
  await second.raise(8 * MIB);
  const more = second.raise(32 * MIB);
  assert.is(await isSettled(more), false);
  first.release();
  await more;
  second.release();
});

test("two claims that both want more than is left do not wait for each other", async () => {
  const [first, second] = [createClaim(signal, accountForThread()), createClaim(signal, accountForThread())];
  await first.raise(32 * MIB);
  await second.raise(32 * MIB);
  await Promise.race([
    first.raise(64 * MIB).then(first.release),
    second.raise(64 * MIB).then(second.release),
    sleep(5000, undefined, { ref: false }).then(() => {
      throw new Error("both wait");
    }),
  ]);
  first.release();
  second.release();
});

test("what a thread held is given back when it is no more, and waiting ends with its signal", async () => {
  const account = accountForThread();
  await createClaim(signal, account).raise(64 * MIB);
  const stop = new AbortController();
  const stopped = createClaim(stop.signal).raise(MIB);
  stop.abort();
  await stopped.then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.name, "AbortError"),
  );
  const waiting = createClaim();
  const raised = waiting.raise(MIB);
  assert.is(await isSettled(raised), false);
  closeAccount(account);
  await raised;
  waiting.release();
});

for (const [program, args, compression] of [
  ["xz", ["-c", "--lzma2=dict=64MiB"], "xz"],
  ["zstd", ["-c", "-q", "--long=26"], "zstd"],
] as const) {
  test.needs(missing(program), `of two ${program} streams with dictionaries of 64 MiB the second waits`, async () => {
    const bytes = execFileSync(program, args, { input: Buffer.alloc(300_000, "lading"), maxBuffer: MIB });
    const open = () => decompress(fromBytes(bytes), compression, { waits: true })[Symbol.asyncIterator]();
    const [first, second] = [open(), open()];
    await first.next();
    const next = second.next();
    assert.is(await isSettled(next), false);
    await first.return?.(undefined);
    assert.is((await next).done, false);
    await second.return?.(undefined);
  });
}

test.run();
