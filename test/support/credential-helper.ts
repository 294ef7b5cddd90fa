/**
 * A credential helper that a test writes: a program of Node's, which notes how it was run.
 *
 * @module
 */

import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Keeps one login a server in a file, as a key ring would. */
const KEEPS = `
  const { existsSync, readFileSync, writeFileSync } = require("node:fs");
  const kept = existsSync(FILE) ? JSON.parse(readFileSync(FILE)) : {};
  if (action === "store") { const one = JSON.parse(input); kept[one.ServerURL] = one; }
  if (action === "erase") delete kept[input.trim()];
  if (action !== "get") { writeFileSync(FILE, JSON.stringify(kept)); process.exit(0); }
  const found = kept[input.trim()];
  console.log(found ? JSON.stringify(found) : "credentials not found in native keychain");
  process.exit(found ? 0 : 1);
`;

export interface TestHelper {
  /** `PATH` with the helper on it. */
  readonly PATH: string;
  /** How it was run, each time: its arguments, and what it read. */
  runs(): Promise<readonly { readonly args: readonly string[]; readonly input: string }[]>;
}

/** Writes `docker-credential-NAME` into a folder. Its code has `action`, `input` and `FILE`. */
export async function writeHelper(folder: string, name: string, code = KEEPS): Promise<TestHelper> {
  const bin = join(folder, "helpers");
  const log = join(folder, `${name}.log`);
  await mkdir(bin, { recursive: true });
  const program = [
    `#!${process.execPath}`,
    'const input = require("node:fs").readFileSync(0, "utf8");',
    "const [action] = process.argv.slice(2);",
    `const FILE = ${JSON.stringify(join(folder, `${name}.json`))};`,
    `const line = JSON.stringify({ args: process.argv.slice(2), input });`,
    `require("node:fs").appendFileSync(${JSON.stringify(log)}, line + "\\n");`,
    code,
  ];
  await writeFile(join(bin, `docker-credential-${name}`), program.join("\n"));
  await chmod(join(bin, `docker-credential-${name}`), 0o755);
  return {
    PATH: [bin, process.env.PATH].join(delimiter),
    runs: async () =>
      (await readFile(log, "utf8").catch(() => ""))
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line)),
  };
}
