/**
 * Passes over an archive's headers that write them anew, by lading or by the `tar` package:
 * `node normalise.js rewrite|check|tar FILE PASSES [OUT]`.
 *
 * The archive lies in memory and is given to each in the same pieces; what comes out is counted and dropped, or written to
 * OUT. Prints {@link Passes}: the time of each pass, without start-up and without reading the file. The first pass is *cold*:
 * the engine has compiled nothing yet.
 *
 * @module
 */

import { once } from "node:events";
import { openSync, readFileSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createCleanCheck } from "../src/tar/clean.js";
import { rewriteTar } from "../src/tar/rewrite.js";
import { scanTar } from "../src/tar/scan.js";

/** This program. */
export const NORMALISE = fileURLToPath(import.meta.url);

/**
 * Who does the work.
 *
 * - `rewrite`: lading, one pass, the same work as the `tar` package's: every header parsed with its checksum and path rules,
 *   normalised and written
 * - `check`: what import does with an archive that is not clean: a pass with every check of the rule for clean archives, and
 *   then that rewrite
 * - `tar`: the `tar` package, each entry of its parser handed to its packer
 */
export type Normaliser = "rewrite" | "check" | "tar";

/** What the program prints. */
export interface Passes {
  /** Milliseconds of each pass, in order. */
  readonly ms: readonly number[];
  /** Bytes that came out, of all passes. */
  readonly size: number;
}

const PIECE = 256 * 1024;

type Take = (chunk: Uint8Array) => void;
type Pass = (pieces: readonly Buffer[], take: Take) => Promise<void>;

async function* streamOf(pieces: readonly Buffer[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

const byRewrite: Pass = async (pieces, take) => {
  for await (const chunk of rewriteTar(streamOf(pieces))) take(chunk);
};

const byCheck: Pass = async (pieces, take) => {
  const check = createCleanCheck();
  check.end(await scanTar(streamOf(pieces), check));
  const { dropped } = check.result();
  for await (const chunk of rewriteTar(streamOf(pieces), { dropped })) take(chunk);
};

async function tarPackage(): Promise<Pass> {
  const { Pack, Parser } = await import("tar");
  return async (pieces, take) => {
    const pack = new Pack({ portable: true });
    const parser = new Parser({ strict: true, onReadEntry: (entry) => pack.add(entry) });
    parser.on("end", () => pack.end());
    pack.on("data", take);
    const packed = once(pack, "end");
    for (const piece of pieces) if (!parser.write(piece)) await once(parser, "drain");
    parser.end();
    await packed;
  };
}

function piecesOf(file: string): readonly Buffer[] {
  const bytes = readFileSync(file);
  const count = Math.ceil(bytes.length / PIECE);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * PIECE, (index + 1) * PIECE));
}

async function main([who, file = "", passes = "1", out]: readonly string[]): Promise<void> {
  const target = out === undefined ? undefined : openSync(out, "w");
  const ms: number[] = [];
  let size = 0;
  const take = (chunk: Uint8Array) => {
    size += chunk.byteLength;
    if (target !== undefined) writeSync(target, chunk);
  };
  const pieces = piecesOf(file);
  const pass = who === "tar" ? await tarPackage() : who === "check" ? byCheck : byRewrite;
  for (let done = 0; done < Number(passes); done++) {
    const begin = performance.now();
    await pass(pieces, take);
    ms.push(performance.now() - begin);
  }
  process.stdout.write(`${JSON.stringify({ ms, size } satisfies Passes)}\n`);
}

if (process.argv[1] === NORMALISE) await main(process.argv.slice(2));
