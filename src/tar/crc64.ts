/**
 * The CRC-64 of ISO 3309, by which tar-split guards against files that are not the ones that it was made of.
 *
 * @see https://pkg.go.dev/hash/crc64@go1.23.0#ISO
 * @module
 */

/** x⁶⁴ + x⁴ + x³ + x + 1 with its bits reversed; the lower half is zero. */
const POLYNOMIAL = 0xd8000000;

/** The polynomial has only its highest bits set, so of each remainder the lower 32 bits are zero and not kept. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let low = byte;
  let high = 0;
  for (let bit = 0; bit < 8; bit++) {
    const isOdd = (low & 1) === 1;
    low = ((low >>> 1) | (high << 31)) >>> 0;
    high = ((high >>> 1) ^ (isOdd ? POLYNOMIAL : 0)) >>> 0;
  }
  return high;
});

export interface Crc64 {
  update(bytes: Uint8Array): void;
  /** The sum, most significant byte first. */
  digest(): Buffer;
}

/** Creates a sum of no bytes. */
export function createCrc64(): Crc64 {
  let high = 0xffffffff;
  let low = 0xffffffff;
  return {
    update(bytes) {
      let h = high;
      let l = low;
      for (let at = 0; at < bytes.length; at++) {
        const index = (l ^ (bytes[at] as number)) & 0xff;
        l = (l >>> 8) | (h << 24);
        h = (h >>> 8) ^ (TABLE[index] as number);
      }
      high = h >>> 0;
      low = l >>> 0;
    },
    digest() {
      const bytes = Buffer.alloc(8);
      bytes.writeUInt32BE(~high >>> 0, 0);
      bytes.writeUInt32BE(~low >>> 0, 4);
      return bytes;
    },
  };
}
