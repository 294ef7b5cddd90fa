/**
 * The compiled command line that belongs to these tests, run as a process of its own in an own folder.
 *
 * @module
 */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { makePackages } from "../../fixtures/make.js";
import { type RunOptions, type RunResult, run } from "../support/programs.js";
import type { TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

export const LADING = fileURLToPath(new URL("../../bin/lading.cjs", import.meta.url));

/** Nothing of the environment in which the tests run that lading would look at. */
const NOTHING = {
  XDG_DATA_HOME: undefined,
  XDG_CONFIG_HOME: undefined,
  XDG_RUNTIME_DIR: undefined,
  LADING_STORE: undefined,
  LADING_DEBUG: undefined,
  SOURCE_DATE_EPOCH: undefined,
  DOCKER_CONFIG: undefined,
  DOCKER_AUTH_CONFIG: undefined,
  REGISTRY_AUTH_FILE: undefined,
  NODE_OPTIONS: undefined,
};

export interface Command {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs `lading` in the folder. */
  lading(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Runs `lading`, which has to succeed, and gives the lines of its stdout. */
  ok(...args: readonly string[]): Promise<readonly string[]>;
  /** The same with `--json`, as a value. */
  json<T>(...args: readonly string[]): Promise<T>;
  /** Runs `lading`, which has to fail with this status and one line, and gives the line. */
  fails(status: 1 | 2, ...args: readonly string[]): Promise<string>;
  /** Writes a file in the folder. */
  write(name: string, content: string | Uint8Array): Promise<void>;
}

/** A folder with an empty store, and `lading` in it. */
export async function createCommand(context: TestContext): Promise<Command> {
  const folder = await tempFolder(context);
  const env = { ...NOTHING, HOME: join(folder, "home") };
  await mkdir(env.HOME);
  const lading: Command["lading"] = (args, options = {}) =>
    run(process.execPath, [LADING, ...args], { cwd: folder, ...options, env: { ...env, ...options.env } });
  const ok: Command["ok"] = async (...args) => {
    const { code, stdout, stderr } = await lading(args);
    assert.is(code, 0, `lading ${args.join(" ")}: ${stderr}`);
    return stdout.split("\n").slice(0, -1);
  };
  return {
    folder,
    env,
    lading,
    ok,
    json: async (...args) => JSON.parse((await ok(...args, "--json")).join("\n")),
    async fails(status, ...args) {
      const { code, stdout, stderr } = await lading(args);
      assert.equal([code, stdout], [status, ""], `lading ${args.join(" ")}: ${stderr}`);
      assert.match(stderr, /^[A-Z_]+: [^\n]+\n$/, "one line that begins with a code");
      assert.not.match(stderr, /\bat .*\.js:\d+|node:internal|INTERNAL/, "no stack trace");
      return stderr.trimEnd();
    },
    write: (name, content) => writeFile(join(folder, name), content),
  };
}

/** The same with the fixtures' packages in its store, and a recipe for them. */
export async function createFilledCommand(context: TestContext): Promise<Command> {
  const command = await createCommand(context);
  await command.ok("package", "import", ...(await makePackages(join(command.folder, "packages"))));
  await command.write("lading.yaml", "packages: [greeting]\n");
  return command;
}
