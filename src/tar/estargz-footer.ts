/**
 * The last 51 bytes of an eStargz blob: an empty gzip member that says where the table of contents starts.
 *
 * ```text
 * offset length meaning
 *      0     10 1f 8b, method 8, flag 4 (there is an extra field), mtime 0, no extra flags, operating system 255
 *     10      2 length of the extra field: 26
 *     12      2 `SG`
 *     14      2 length of what follows: 22
 *     16     16 offset of the table's gzip member, lower-case hexadecimal digits
 *     32      6 `STARGZ`
 *     38      5 01 00 00 ff ff: the last block, stored, of no bytes
 *     43      8 CRC-32 and size, both 0
 * ```
 *
 * @see https://github.com/containerd/stargz-snapshotter/blob/v0.16.3/docs/estargz.md#footer
 * @module
 */

/** Bytes of the footer. */
export const ESTARGZ_FOOTER_SIZE = 51;

const START = Buffer.from("1f8b08040000000000ff1a0053471600", "hex");
const END = Buffer.concat([Buffer.from("STARGZ"), Buffer.from("010000ffff0000000000000000", "hex")]);

/** Encodes the footer. `tocOffset` is bytes of the blob before the table's gzip member. */
export function encodeEstargzFooter(tocOffset: number): Uint8Array {
  return Buffer.concat([START, Buffer.from(tocOffset.toString(16).padStart(16, "0")), END]);
}

/** The offset in a footer; undefined where the bytes are none. */
export function decodeEstargzFooter(bytes: Uint8Array): number | undefined {
  if (bytes.byteLength !== ESTARGZ_FOOTER_SIZE) return undefined;
  const footer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const digits = footer.toString("latin1", 16, 32);
  const offset = /^[0-9a-f]{16}$/.test(digits) ? Number.parseInt(digits, 16) : Number.NaN;
  if (!footer.subarray(0, 16).equals(START) || !footer.subarray(32).equals(END)) return undefined;
  return Number.isSafeInteger(offset) ? offset : undefined;
}
