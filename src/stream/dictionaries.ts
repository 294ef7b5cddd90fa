/**
 * Memory for dictionaries, counted over all threads: an xz or zstd stream says how much it needs, up to 64 MiB, and several that
 * are decoded at once shall not take that each.
 *
 * ```text
 * shared memory, in 32-bit words: 0 KiB that are taken; n KiB of these that thread n holds, so that they can be given back for it
 * ```
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { workerData } from "node:worker_threads";
import { MAX_DICTIONARY } from "./corrupt.js";

/** What a thread is given to count with the others. */
export interface DictionaryAccount {
  readonly memory: SharedArrayBuffer;
  readonly thread: number;
}

/** What one stream takes. */
export interface DictionaryClaim {
  /**
   * Takes `bytes` in all for the stream, 64 MiB at most: what it has and more. Waits until others have left enough; meanwhile it
   * holds nothing, so that streams do not wait for each other.
   */
  raise(bytes: number): Promise<void>;
  /** Gives all back. */
  release(): void;
}

const KIB = 1024;
const LIMIT = MAX_DICTIONARY / KIB;
const THREADS = 255;
/** Milliseconds between looks at what others have left, which few streams ever wait for. */
const LOOK_EVERY = 10;

function isAccount(value: unknown): value is { readonly dictionaries: DictionaryAccount } {
  return (
    typeof value === "object" &&
    value !== null &&
    "dictionaries" in value &&
    (value.dictionaries as Partial<DictionaryAccount>)?.memory instanceof SharedArrayBuffer
  );
}

let own: DictionaryAccount | undefined;
let threads = 0;

/** This thread's: its starter's, where that was one of lading's, else a new one. */
function ownAccount(): DictionaryAccount {
  own ??= isAccount(workerData)
    ? workerData.dictionaries
    : { memory: new SharedArrayBuffer((1 + THREADS + 1) * Int32Array.BYTES_PER_ELEMENT), thread: THREADS + 1 };
  return own;
}

/** The account of a thread that is about to be started. */
export function accountForThread(): DictionaryAccount {
  return { memory: ownAccount().memory, thread: 1 + (threads++ % THREADS) };
}

/** Gives back what a thread held that is no more. */
export function closeAccount({ memory, thread }: DictionaryAccount): void {
  const words = new Int32Array(memory);
  Atomics.sub(words, 0, Atomics.exchange(words, thread, 0));
}

/** A claim of nothing yet. */
export function createClaim(
  signal?: AbortSignal,
  { memory, thread }: DictionaryAccount = ownAccount(),
): DictionaryClaim {
  const words = new Int32Array(memory);
  let held = 0;
  const tryTake = (wanted: number): boolean => {
    for (;;) {
      const taken = Atomics.load(words, 0);
      if (taken + wanted > LIMIT) return false;
      if (Atomics.compareExchange(words, 0, taken, taken + wanted) === taken) break;
    }
    Atomics.add(words, thread, wanted);
    held += wanted;
    return true;
  };
  const release = (): void => {
    Atomics.sub(words, 0, held);
    Atomics.sub(words, thread, held);
    held = 0;
  };
  return {
    async raise(bytes) {
      const wanted = Math.min(Math.ceil(bytes / KIB), LIMIT);
      if (wanted <= held || tryTake(wanted - held)) return;
      release();
      while (!tryTake(wanted)) await sleep(LOOK_EVERY, undefined, { signal });
    },
    release,
  };
}
