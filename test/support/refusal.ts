/**
 * How the command line says no.
 *
 * @module
 */

import { join } from "node:path";
import * as assert from "uvu/assert";
import { makePackages } from "../../fixtures/make.js";
import { type Cli, createCli } from "./cli.js";
import { listTree } from "./folder.js";
import type { RunOptions } from "./programs.js";
import type { TestContext } from "./suite.js";
import { tempFolder } from "./temp.js";

/** A folder, and a local store that holds the fixtures' packages. */
export async function createStockedCli(context: TestContext): Promise<Cli> {
  const folder = await tempFolder(context);
  const cli = await createCli(folder);
  await cli.ok(["package", "import", ...(await makePackages(join(folder, "packages")))]);
  return cli;
}

/** The folder of the local store where nothing names another. */
export const storeFolder = ({ env }: Cli): string => join(env.HOME ?? "", ".local/share/lading");

/** One line that holds these words and says what to do, exit status 1, nothing on stdout, and the store as it was. */
export async function refuses(
  cli: Cli,
  args: readonly string[],
  words: readonly (RegExp | string)[],
  options: RunOptions = {},
): Promise<void> {
  const before = await listTree(storeFolder(cli));
  assert.ok(before.length > 0, "there is a store");
  const { code, stdout, stderr } = await cli.lading(args, options);
  assert.equal({ code, stdout }, { code: 1, stdout: "" }, stderr);
  assert.is(stderr.trimEnd().split("\n").length, 1, stderr);
  for (const word of words) assert.match(stderr, word, stderr);
  // What is wrong, and then the remedy.
  assert.match(stderr, /^[A-Z_]+: \S.*[;,] \S.*\n$/, stderr);
  assert.equal(await listTree(storeFolder(cli)), before);
}
