/**
 * Numbers in tar headers: octal text, and GNU's base-256 for what octal cannot hold.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html ("ustar Interchange Format")
 * @see https://www.gnu.org/software/tar/manual/html_node/Extensions.html
 * @module
 */

const BLANK = 0x20;
const ZERO = 0x30;
const MAX_UINT32 = 2 ** 32 - 1;

/**
 * Reads one numeric field.
 *
 * Octal may be led by blanks and is ended by blanks, NULs or the field's end; a field of NULs is 0. A first byte with its
 * highest bit set starts a big-endian number in two's complement.
 *
 * @returns NaN where the field is no number, an infinity where it is no safe integer.
 */
export function decodeNumber(block: Uint8Array, start: number, length: number): number {
  return (block[start] as number) < 0x80
    ? decodeOctal(block, start, start + length)
    : decodeBinary(block, start, length);
}

function decodeOctal(block: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && block[at] === BLANK) at++;
  const first = at;
  let value = 0;
  for (; at < end; at++) {
    const digit = (block[at] as number) - ZERO;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  if (at === first && first !== start) return Number.NaN;
  // What follows the terminator is garbage that readers see differently.
  for (; at < end; at++) if (block[at] !== BLANK && block[at] !== 0) return Number.NaN;
  return value;
}

function decodeBinary(block: Uint8Array, start: number, length: number): number {
  const negative = ((block[start] as number) & 0x40) !== 0;
  const flip = negative ? 0xff : 0;
  let value = ((block[start] as number) ^ flip) & 0x3f;
  for (let at = start + 1; at < start + length; at++) value = value * 256 + ((block[at] as number) ^ flip);
  if (negative) value = -value - 1;
  if (Number.isSafeInteger(value)) return value;
  return negative ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/**
 * Writes `value` as octal, padded with zeros to `length - 1` digits, and a NUL. It must fit and be no less than 0.
 *
 * @returns The sum of the bytes.
 */
export function encodeOctal(value: number, block: Uint8Array, start: number, length: number): number {
  let rest = value;
  let at = start + length - 2;
  let sum = (length - 1) * ZERO;
  for (; rest > MAX_UINT32; at--) {
    const next = Math.floor(rest / 8);
    block[at] = ZERO + (rest - next * 8);
    sum += rest - next * 8;
    rest = next;
  }
  // Numbers that fit in 32 bits, as nearly all do, need no division.
  for (rest >>>= 0; at >= start; at--) {
    block[at] = ZERO + (rest & 7);
    sum += rest & 7;
    rest >>>= 3;
  }
  block[start + length - 1] = 0;
  return sum;
}
