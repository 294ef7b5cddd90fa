/**
 * One input of one target, and whether what has to hold of any input holds.
 *
 * @module
 */

import { isLadingError } from "../../src/errors.js";
import { createRandom } from "./random.js";
import type { Target, Tools } from "./targets.js";

/** Milliseconds that one input may take; it takes a few. */
const MAX_MS = 10_000;
/** Bytes by which memory may grow with one input. */
const MAX_BYTES = 192 * 1024 * 1024;

/** What became of an input. `message` tells what does not hold. */
export type Outcome =
  | { readonly kind: "accepted" | "refused" }
  | { readonly kind: "wrong"; readonly message: string; readonly input: Buffer };

const CONTROL = /\p{Cc}/u;

function messageOf(error: unknown): string | undefined {
  if (!isLadingError(error)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (CONTROL.test(error.message)) return `a message with control characters: ${JSON.stringify(error.message)}`;
  return error.message.length > 4000 ? `a message of ${error.message.length} characters` : undefined;
}

/** Makes the input of a seed, and tries it. */
export async function tryInput(target: Target, seed: number, tools: Tools): Promise<Outcome> {
  const input = await target.make(createRandom(seed));
  const start = performance.now();
  const before = process.memoryUsage().rss;
  let kind: "accepted" | "refused" = "accepted";
  try {
    await target.run(input, tools);
  } catch (error) {
    const message = messageOf(error);
    if (message !== undefined) return { kind: "wrong", message, input };
    kind = "refused";
  }
  const [took, grown] = [performance.now() - start, process.memoryUsage().rss - before];
  if (took > MAX_MS) return { kind: "wrong", message: `it took ${Math.round(took)} ms`, input };
  if (grown > MAX_BYTES) return { kind: "wrong", message: `it took ${grown} bytes of memory`, input };
  return { kind };
}
