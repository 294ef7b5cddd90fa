/**
 * The command line as a person has it: `lading` on PATH, an own home, nothing of the tests' environment.
 *
 * @module
 */

import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { type RunOptions, type RunResult, run } from "./programs.js";
import { root } from "./root.js";

/** What `bin` of package.json names. */
async function binPath(): Promise<string> {
  const { bin } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { bin: { lading: string } };
  return join(root, bin.lading);
}

/** `lading` and the environment in which it runs: home and local store are below one folder. */
export interface Cli {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs `lading` in the folder. */
  lading(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Runs `lading`, which has to succeed, and gives its stdout. */
  ok(args: readonly string[], options?: RunOptions): Promise<string>;
  /** The same with `--json`, as a value. */
  json<T>(args: readonly string[], options?: RunOptions): Promise<T>;
}

/** Puts `lading` into `folder/.bin` and gives a way to run it in `folder`. */
export async function createCli(folder: string): Promise<Cli> {
  const shims = join(folder, ".bin");
  const home = join(folder, ".home");
  await mkdir(shims, { recursive: true });
  await mkdir(home, { recursive: true });
  const target = await binPath();
  await writeFile(join(shims, "lading"), `#!/bin/sh\nexec "${process.execPath}" "${target}" "$@"\n`);
  await chmod(join(shims, "lading"), 0o755);
  const env = {
    PATH: [shims, process.env.PATH].join(delimiter),
    HOME: home,
    XDG_DATA_HOME: undefined,
    XDG_CONFIG_HOME: undefined,
    LADING_STORE: undefined,
    SOURCE_DATE_EPOCH: undefined,
    DOCKER_CONFIG: undefined,
    REGISTRY_AUTH_FILE: undefined,
    FORCE_COLOR: undefined,
    NODE_OPTIONS: undefined,
  };
  const lading = (args: readonly string[], options: RunOptions = {}) =>
    run(join(shims, "lading"), args, { cwd: folder, ...options, env: { ...env, ...options.env } });
  const ok = async (args: readonly string[], options?: RunOptions) => {
    const { code, stdout, stderr } = await lading(args, options);
    if (code !== 0) throw new Error(`lading ${args.slice(0, 12).join(" ")}: exit ${code}\n${stderr.slice(-4000)}`);
    return stdout;
  };
  return { folder, env, lading, ok, json: async (args, options) => JSON.parse(await ok([...args, "--json"], options)) };
}
