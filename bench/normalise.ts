/**
 * One pass over an archive's headers that writes them anew, by lading or by the `tar` package:
 * `node normalise.js lading|tar FILE [OUT]`. Prints `{"ms": …}`: the work without start-up. Without OUT the result is
 * counted and dropped, as hashing or compressing it would cost both the same.
 *
 * @module
 */

import { once } from "node:events";
import { createReadStream, openSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readFile } from "../src/stream/file.js";
import { createCleanCheck } from "../src/tar/clean.js";
import { rewriteTar } from "../src/tar/rewrite.js";
import { scanTar } from "../src/tar/scan.js";

/** This program. */
export const NORMALISE = fileURLToPath(import.meta.url);

const CHUNK = 256 * 1024;

type Take = (chunk: Uint8Array) => void;

/** What import does with an archive that is not clean: a scan with every check, then a second one that rewrites. */
async function byLading(file: string, take: Take): Promise<void> {
  // As import's threads read.
  const open = () => readFile(file);
  const check = createCleanCheck();
  check.end(await scanTar(open(), check));
  const { dropped } = check.result();
  for await (const chunk of rewriteTar(open(), { dropped })) take(chunk);
}

/**
 * Its parser, each entry handed to its packer. They keep chunks, so that every read needs a new buffer; its own reader and
 * reads that block were measured too, and are not faster.
 */
async function byTar({ Pack, Parser }: typeof import("tar"), file: string, take: Take): Promise<void> {
  const pack = new Pack({ portable: true });
  const parser = new Parser({ strict: true, onReadEntry: (entry) => pack.add(entry) });
  parser.on("end", () => pack.end());
  pack.on("data", take);
  const packed = once(pack, "end");
  createReadStream(file, { highWaterMark: CHUNK }).pipe(parser as unknown as NodeJS.WritableStream);
  await packed;
}

async function main([who, file = "", out]: readonly string[]): Promise<void> {
  const target = out === undefined ? undefined : openSync(out, "w");
  let size = 0;
  const take = (chunk: Uint8Array) => {
    size += chunk.byteLength;
    if (target !== undefined) writeSync(target, chunk);
  };
  const peer = who === "tar" ? await import("tar") : undefined;
  const begin = performance.now();
  await (peer === undefined ? byLading(file, take) : byTar(peer, file, take));
  process.stdout.write(`${JSON.stringify({ ms: performance.now() - begin, size })}\n`);
}

if (process.argv[1] === NORMALISE) await main(process.argv.slice(2));
