/**
 * How every decoder says that its input is broken.
 *
 * @module
 */

import { LadingError } from "../errors.js";

/**
 * An error for bytes that end early, fail their own checks, or break their format.
 *
 * @param what How a person would call the content.
 * @param why Follows a colon: `the gzip stream ends early`.
 * @param offset Bytes of the compressed content before the place where it was seen.
 */
export function corrupt(what: string, why: string, offset: number): LadingError<"CORRUPT"> {
  const message = `Cannot decompress ${what}: ${why} (at byte ${offset}); fetch or make it again`;
  return new LadingError("CORRUPT", message, { what, why, offset });
}

/** An error for a window or dictionary above the limit. Sizes in bytes. */
export function dictionaryTooLarge(what: string, limit: number, actual?: number): LadingError<"TOO_LARGE"> {
  const size = actual === undefined ? "" : ` of ${actual} bytes`;
  const message =
    `Cannot decompress ${what}: it needs a dictionary${size} in memory, expected ${limit} bytes or less; ` +
    "compress it again with a smaller window";
  const detail = { what: `dictionary of ${what}`, limit };
  return new LadingError("TOO_LARGE", message, actual === undefined ? detail : { ...detail, actual });
}

/** An error for a stream that is right and of a kind that the decoder does not know. */
export function unsupported(what: string, why: string): LadingError<"UNSUPPORTED"> {
  return new LadingError(
    "UNSUPPORTED",
    `Cannot decompress ${what}: ${why}; compress it again with the usual settings`,
    {
      what: why,
    },
  );
}

/** The largest window or dictionary that a decoder takes memory for: 64 MiB. */
export const MAX_DICTIONARY = 64 * 1024 * 1024;

/** What every decoder needs to know of its caller. */
export interface DecodeContext {
  /** How a person would call the content, for messages. */
  readonly what: string;
  /** Told of bytes after the end, which are then read and dropped. Without it they are `CORRUPT`. */
  readonly onTrailing?: ((offset: number) => void) | undefined;
  /** Asked before a dictionary of that many bytes is used, and answers when there is memory for it. */
  readonly claim?: ((bytes: number) => Promise<void>) | undefined;
}
