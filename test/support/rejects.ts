import * as assert from "uvu/assert";
import { type ErrorCode, isLadingError, type LadingError } from "../../src/errors.js";

/** Asserts that `promise` rejects with lading's error of that code, and gives the error. uvu's `throws()` is sync only. */
export async function rejects<C extends ErrorCode>(promise: Promise<unknown>, code: C): Promise<LadingError<C>> {
  try {
    await promise;
  } catch (error) {
    if (isLadingError(error, code)) return error;
    throw new Error(`Expected ${code}, got ${String(error)}`, { cause: error });
  }
  assert.unreachable(`Expected rejection with ${code}`);
  throw new Error("unreachable");
}

/** The same for a function that throws at once. */
export function throws<C extends ErrorCode>(body: () => unknown, code: C): LadingError<C> {
  try {
    body();
  } catch (error) {
    if (isLadingError(error, code)) return error;
    throw new Error(`Expected ${code}, got ${String(error)}`, { cause: error });
  }
  assert.unreachable(`Expected ${code} to be thrown`);
  throw new Error("unreachable");
}
