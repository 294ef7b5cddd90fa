/**
 * `lading` as a program to be traced: `node traced.js PROGRAM WORD…`.
 *
 * strace counts calls by thread, and while Node starts its main thread makes many of the calls that are to fail later. So
 * the one thread that works on files makes more of each first: whatever has a higher number is lading's own.
 *
 * @module
 */

import { mkdtemp, open, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** More than Node's main thread makes of any call, before lading begins or after. */
const ROUNDS = 300;

const folder = await mkdtemp(join(process.env.TRACED_SCRATCH ?? tmpdir(), "traced-"));
const file = join(folder, "x");
await (await open(file, "w")).close();
for (let round = 0; round < ROUNDS; round++) {
  const handle = await open("/dev/null", "w");
  await handle.write("x");
  await handle.close();
}
await rename(file, `${file}y`);
await rm(folder, { recursive: true });

const [, self = "", program = ""] = process.argv;
process.argv.splice(1, 1);
createRequire(self)(program);
