/**
 * Which images of an index are copied, and what comes along: the flags of copy, push and pull.
 *
 * @module
 */

import type { Command } from "commander";
import type { Chosen, Place } from "../src/index.js";
import { gather } from "./cli.js";
import { parsePlatformFlag } from "./flags.js";
import { UsageError } from "./usage.js";

/** What the flags of {@link addSelectionFlags} say. */
export interface SelectionFlags {
  readonly all?: boolean;
  readonly platform?: readonly string[];
  readonly referrers?: boolean;
}

/** Adds the flags that say what of an index is meant. */
export function addSelectionFlags(verb: Command): Command {
  return verb
    .option("--all", "every image of an index, which is what happens without --platform")
    .option("--platform <os/arch>", "of an index, the image for OS/ARCH[/VARIANT] alone; repeatable", gather)
    .option("--referrers", "bring what refers to the image, too: signatures, SBOMs, attestations");
}

/** The image that is meant, in a store that has it. */
export async function chooseRoot(
  { store, name }: Place,
  { all, platform = [] }: SelectionFlags,
  signal: AbortSignal,
): Promise<Chosen> {
  if (all && platform.length > 0) throw new UsageError("--all and --platform exclude each other; give one of them");
  const root = await store.resolve(name, { signal });
  if (platform.length === 0) return { root, store };
  const { choosePlatforms } = await import("../src/image/choose-platforms.js");
  return await choosePlatforms(store, root, await Promise.all(platform.map(parsePlatformFlag)), { signal });
}
