/**
 * A kind of broken zstd block that must not reach `fzstd`.
 *
 * @module
 */

const COMPRESSED_LITERALS = 2;
/** Bytes of the header of compressed literals, by its size format. */
const HEADER_LENGTH = [3, 3, 4, 5] as const;
/** Tree descriptions from here on list their weights without FSE. */
const DIRECT_WEIGHTS = 128;
const SYMBOLS = 256;

/** `count` bits from bit `at` on, least significant first. Bits after the end are 0. */
function bitsAt(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let index = 0; index < count; index++) {
    const bit = at + index;
    value |= (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1) << index;
  }
  return value;
}

/**
 * Would decoding the block's Huffman weights never end? So it is where one symbol of their FSE table has all of the
 * probability: every state then takes no bits. Such a block is broken, and `fzstd` 0.1.1 loops for ever on it.
 *
 * @param body A compressed block's body.
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-4.1.1
 */
export function hasEndlessWeights(body: Uint8Array): boolean {
  const [first = 0] = body;
  if ((first & 3) !== COMPRESSED_LITERALS) return false;
  const tree = HEADER_LENGTH[((first >> 2) & 3) as 0 | 1 | 2 | 3];
  if ((body[tree] ?? DIRECT_WEIGHTS) >= DIRECT_WEIGHTS) return false;
  const table = body.subarray(tree + 1);
  const accuracy = bitsAt(table, 0, 4) + 5;
  let at = 4;
  for (let symbol = 0; symbol < SYMBOLS; symbol++) {
    // As long as nothing is given away, all ones are the whole, and 1 is a probability of 0.
    if (bitsAt(table, at, accuracy + 1) === 2 ** (accuracy + 1) - 1) return true;
    if (bitsAt(table, at, accuracy) !== 1) return false;
    at += accuracy;
    // Two bits say how many more symbols have none; 3 says that two more bits follow.
    let more = 3;
    for (; more === 3 && symbol < SYMBOLS; at += 2) {
      more = bitsAt(table, at, 2);
      symbol += more;
    }
  }
  return false;
}
