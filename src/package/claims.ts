/**
 * What a package document claims of its resource.
 *
 * @module
 */

import { countOf, type Field, knownMembersOf, refuseField, textOf } from "./field.js";
import type { ResourceClaims } from "./package.js";

/** The algorithms of checksums, and how many hex digits each has. */
const HEX_LENGTH = { sha1: 40, sha256: 64, sha512: 128 } as const;

/** An algorithm that a document may name. */
export type ChecksumAlgorithm = keyof typeof HEX_LENGTH;

/** The algorithms, weakest first. */
export const CHECKSUM_ALGORITHMS = Object.keys(HEX_LENGTH) as readonly ChecksumAlgorithm[];

/** The members of `resource`. */
const KNOWN = ["uuid", "digest", "length", ...CHECKSUM_ALGORITHMS] as const;

function hexOf(field: Field, algorithm: ChecksumAlgorithm, hex: string): string {
  const digits = HEX_LENGTH[algorithm];
  if (hex.length === digits && /^[0-9a-fA-F]+$/.test(hex)) return hex.toLowerCase();
  throw refuseField(field, `the ${digits} hex digits of a ${algorithm}`);
}

/** `sha1:…`, `sha256:…` or `sha512:…`. */
function digestOf(field: Field): readonly [ChecksumAlgorithm, string] {
  const text = textOf(field);
  const colon = text.indexOf(":");
  const algorithm = CHECKSUM_ALGORITHMS.find((candidate) => candidate === text.slice(0, Math.max(colon, 0)));
  if (algorithm === undefined) throw refuseField(field, "sha1:HEX, sha256:HEX or sha512:HEX");
  return [algorithm, hexOf(field, algorithm, text.slice(colon + 1))];
}

/**
 * Reads the `resource` of a package document: `{uuid, digest, length, sha1, sha256, sha512}`, each of them optional. Hex
 * digits come back in lower case; `length` is in bytes; `uuid` is not kept.
 *
 * @throws {LadingError} `SYNTAX` for an unknown member, a wrong type, hex digits of another count than the algorithm has,
 * and two claims of one algorithm that differ.
 */
export function readClaims(field: Field): ResourceClaims {
  const members = knownMembersOf(field, KNOWN);
  const claims: { -readonly [K in keyof ResourceClaims]: ResourceClaims[K] } = {};
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const member = members.get(algorithm);
    if (member) claims[algorithm] = hexOf(member, algorithm, textOf(member));
  }
  const digest = members.get("digest");
  if (digest) {
    const [algorithm, hex] = digestOf(digest);
    const other = claims[algorithm];
    if (other !== undefined && other !== hex) throw refuseField(digest, `what ${algorithm} beside it says, ${other}`);
    claims[algorithm] = hex;
  }
  const length = members.get("length");
  if (length) claims.length = countOf(length);
  return claims;
}
