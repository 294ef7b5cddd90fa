import { PassThrough } from "node:stream";
import * as assert from "uvu/assert";
import { askWhereExisting, type Existing } from "../../bin/ask.js";
import type { Cli } from "../../bin/cli.js";
import { LadingError } from "../../src/errors.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("bin/ask");
const QUESTION = "a 1 is there already with other content. [r]eplace, [s]kip, or stop? ";

/** Runs work that fails where a package exists; gives what it was asked to do, and what was printed. */
function scene(answer: string | undefined, flags: Existing & { readonly batch?: boolean } = {}) {
  const [tried, printed]: [Existing[], string[]] = [[], []];
  const stderr = { write: (text: string) => printed.push(text) };
  const cli: Cli = {
    stdout: stderr,
    stderr,
    stderrIsTerminal: answer !== undefined,
    stdin: () => {
      const input = Object.assign(new PassThrough(), { isTTY: answer !== undefined });
      input.end(answer);
      return input;
    },
    env: {},
    signal: new AbortController().signal,
  };
  const work = async (existing: Existing) => {
    tried.push(existing);
    if (existing.override || existing.skipExisting) return "done";
    throw new LadingError("EXISTS", "Cannot import a: it is there", { what: "package", name: "a 1" });
  };
  const questions = () => printed.join("").split(QUESTION).length - 1;
  return { tried, questions, run: () => askWhereExisting(cli, flags, work) };
}

test("a person at a terminal is asked once, and the work is done as they say", async () => {
  for (const [answer, then] of [
    ["r\n", { override: true }],
    ["Replace\n", { override: true }],
    ["s\n", { skipExisting: true }],
  ] as const) {
    const { tried, questions, run } = scene(answer);
    assert.is(await run(), "done");
    assert.equal(tried.at(-1), then);
    assert.is(questions(), 1);
  }
});

test("any other answer stops; with --batch, with a flag that says it, and without a terminal nobody is asked", async () => {
  for (const answer of ["\n", "no\n", ""]) {
    const stopped = scene(answer);
    await rejects(stopped.run(), "EXISTS");
    assert.is(stopped.questions(), 1);
  }
  for (const quiet of [scene("r\n", { batch: true }), scene(undefined)]) {
    await rejects(quiet.run(), "EXISTS");
    assert.equal([quiet.questions(), quiet.tried.length], [0, 1]);
  }
  const said = scene("r\n", { skipExisting: true });
  assert.is(await said.run(), "done");
  assert.is(said.questions(), 0);
});

test.run();
