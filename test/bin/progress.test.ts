import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { createProgress } from "../../bin/progress.js";
import { formatDuration, progressLines } from "../../bin/progress-text.js";
import { createTransferState } from "../../bin/transfer-state.js";
import { describe } from "../../src/oci/descriptor.js";
import { suite } from "../support/suite.js";

const test = suite("bin/progress");
const blob = (name: string, size: number) => ({ digest: `sha256:${name.repeat(64)}`, mediaType: "text/plain", size });

test("the rate is that of the last seconds, and what was there does not count", () => {
  const state = createTransferState();
  const moving = state.at("one", blob("a", 10_000_000));
  state.at("one", blob("b", 5_000_000)).action = "skipped";
  assert.equal(state.total(0), { size: 10_000_000, moved: 0, rate: undefined, left: undefined });
  moving.moved = 1_000_000;
  assert.equal(state.total(1000), { size: 10_000_000, moved: 1_000_000, rate: 1_000_000, left: 9 });
  for (let second = 2; second <= 10; second++) {
    moving.moved = 1_000_000 + 500_000 * (second - 1);
    state.total(second * 1000);
  }
  assert.is(state.total(10_000).rate, 500_000);
});

test("a blob that two places get counts for each, and once for one", () => {
  const state = createTransferState();
  assert.is(state.at("one", blob("a", 1)), state.at("one", blob("a", 1)));
  assert.is.not(state.at("one", blob("a", 1)), state.at("two", blob("a", 1)));
  assert.is(state.transfers.length, 2);
});

test("one line for each blob, and a total with rate and time left", () => {
  const state = createTransferState();
  state.at("p", blob("a", 40_000_000)).moved = 10_000_000;
  state.at("p", blob("b", 1000)).action = "mounted";
  state.at("p", blob("c", 1000)).action = "skipped";
  state.at("p", blob("d", 1000));
  const total = { size: 40_001_000, moved: 10_000_000, rate: 2_000_000, left: 15.0005 };
  assert.equal(progressLines("here → there", state, { total, width: 80 }), [
    "aaaaaaaaaaaa    40.0 MB  [#####               ] 10.0 MB",
    "bbbbbbbbbbbb     1.0 kB  mounted",
    "10.0 MB of 40.0 MB, 2.0 MB/s, 16 s left  here → there",
  ]);
  const narrow = progressLines("\u001b[2J".repeat(9), state, { total, width: 60 });
  assert.ok(narrow.every((line) => line.length < 60 && !line.includes("\u001b")));
});

test("however many blobs there are, a dozen is shown", () => {
  const state = createTransferState();
  for (let count = 0; count < 100; count++) state.at(`${count}`, blob("a", 10)).moved = 1;
  const total = state.total(0);
  assert.is(progressLines("x", state, { total, width: 80 }).length, 13);
});

test("on a terminal lines are drawn over each other, and gone at the end", async () => {
  let text = "";
  const stream = { write: (more: string) => (text += more) };
  const { signal } = new AbortController();
  const outputs = { stdout: stream, stderr: stream, stderrIsTerminal: true };
  const progress = createProgress({ ...outputs, stdin: () => process.stdin, env: {}, signal }, {});
  progress.step("here → there");
  const { onContent, onBytes, onBlob } = progress.transfer("there");
  const descriptor = describe("text/plain", Buffer.from("hello"));
  onContent?.([descriptor]);
  onBytes?.(descriptor, 3);
  // The timer alone keeps no process alive.
  const until = async (words: RegExp) => {
    while (!words.test(text.replaceAll("\u001b", "ESC"))) await sleep(20);
  };
  await until(/\[#+ +\] 3 B\n3 B of 5 B {2}here → there/);
  onBytes?.(descriptor, 2);
  onBlob?.({ descriptor, action: "copied" });
  await until(/\rESC\[1AESC\[J\w{12} +5 B {2}copied\n5 B of 5 B/);
  progress.end();
  assert.ok(text.endsWith("\r\u001b[1A\u001b[J"));
});

test("on a narrow terminal no line wraps: one that does could not be taken away", async () => {
  let text = "";
  const stream = { write: (more: string) => (text += more), columns: 20 };
  const { signal } = new AbortController();
  const cli = { stdout: stream, stderr: stream, stderrIsTerminal: true, stdin: () => process.stdin, env: {}, signal };
  const progress = createProgress(cli, {});
  progress.step("from here to a place that is far away");
  while (text === "") await sleep(20);
  assert.is(text, "from here to a plac");
  progress.end();
});

test("formatDuration()", () => {
  assert.equal([0.2, 59, 60, 200, 3600, 7500].map(formatDuration), [
    "1 s",
    "59 s",
    "1 min 0 s",
    "3 min 20 s",
    "1 h 0 min",
    "2 h 5 min",
  ]);
});

test.run();
