/**
 * How far what is compressed may grow: the flags of every verb that decompresses.
 *
 * @module
 */

import type { Command } from "commander";
import type { DecompressLimits } from "../src/index.js";
import { UsageError } from "./usage.js";

/** What the flags of {@link addLimitFlags} say. */
export interface LimitFlags {
  readonly maxRatio?: number;
  readonly maxSize?: number;
}

const WANTED = "bytes, or a number with K, M, G, T (powers of 1000) or Ki, Mi, Gi, Ti (of 1024)";
const PREFIXES = "KMGT";

/** Bytes: `500`, `20G`, `512Mi`; a `B` may follow. */
export function parseSize(text: string): number {
  const [, digits = "", prefix = "", binary = ""] = /^(\d{1,16})(?:([KMGT])(i?))?B?$/i.exec(text) ?? [];
  const power = prefix === "" ? 0 : PREFIXES.indexOf(prefix.toUpperCase()) + 1;
  const bytes = Number(digits) * (binary === "" ? 1000 : 1024) ** power;
  if (Number.isSafeInteger(bytes) && bytes >= 1) return bytes;
  throw new UsageError(`--max-size "${text}" is no size, wanted ${WANTED}`);
}

/** How many times larger. */
export function parseRatio(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`--max-ratio "${text}" is no ratio, wanted a number from 1 to 999999999`);
}

/** Adds the flags that say how far a tarball or a layer may grow. */
export function addLimitFlags(verb: Command): Command {
  return verb
    .option(
      "--max-ratio <n>",
      "an archive may become that many times larger, its first 16 MiB not counted (500)",
      parseRatio,
    )
    .option("--max-size <size>", "an archive may become that large: bytes, 20G, 512Mi (no limit)", parseSize);
}

/** The flags as the library takes them; undefined where none is given, for what is known is known for the same limits. */
export function toLimits({ maxRatio, maxSize }: LimitFlags): DecompressLimits | undefined {
  return maxRatio === undefined && maxSize === undefined ? undefined : { maxRatio, maxBytes: maxSize };
}
