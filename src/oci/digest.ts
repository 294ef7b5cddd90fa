/**
 * Digests: the names of content.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests
 * @module
 */

import { createHash } from "node:crypto";
import { LadingError } from "../errors.js";

declare const brand: unique symbol;

/** `algorithm:hex` of bytes as stored, for example `sha256:` and 64 lower-case hex digits. Only this module makes one. */
export type Digest = `${Algorithm}:${string}` & { readonly [brand]: true };

/** The algorithms that lading computes and accepts. */
export type Algorithm = "sha256" | "sha512";

const HEX_LENGTH: Readonly<Record<Algorithm, number>> = { sha256: 64, sha512: 128 };
const GRAMMAR = /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Is it the text of a digest that lading can verify? */
export function isDigest(text: unknown): text is Digest {
  return typeof text === "string" && GRAMMAR.test(text);
}

/**
 * Reads a digest.
 *
 * @throws {LadingError} `SYNTAX` unless it is `sha256:` or `sha512:` and the right count of lower-case hex digits: such
 * a text is safe in a path and in a URL.
 */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  const shown = String(text).slice(0, 200);
  throw new LadingError(
    "SYNTAX",
    `Cannot parse digest ${JSON.stringify(shown)}: expected sha256:<64 lower-case hex digits> or sha512:<128>`,
    { kind: "digest", input: shown },
  );
}

/** The digest of some bytes. */
export function digestOf(bytes: Uint8Array | string, algorithm: Algorithm = "sha256"): Digest {
  return digestFromHex(algorithm, createHash(algorithm).update(bytes).digest("hex"));
}

/** The digest whose hex part is already known. */
export function digestFromHex(algorithm: Algorithm, hex: string): Digest {
  if (hex.length !== HEX_LENGTH[algorithm]) throw new RangeError(`Not the hex of a ${algorithm}: ${hex.length} digits`);
  return parseDigest(`${algorithm}:${hex}`);
}

/** The two parts of a digest. */
export function splitDigest(digest: Digest): { readonly algorithm: Algorithm; readonly hex: string } {
  const colon = digest.indexOf(":");
  return { algorithm: digest.slice(0, colon) as Algorithm, hex: digest.slice(colon + 1) };
}
