/**
 * The header of a zstd frame.
 *
 * ```text
 * offset length meaning
 *      0      4 28 b5 2f fd
 *      4      1 descriptor: bits 7–6 length of the content size, 5 single segment, 3 reserved, 2 checksum, 1–0 length of
 *               the dictionary ID
 *      5    0–1 window descriptor, absent in a single segment
 *      …    0–4 dictionary ID
 *      …    0–8 content size
 * ```
 *
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1.1.1
 * @module
 */

/** What a decoder has to know before it starts. Sizes in bytes. */
export interface ZstdFrameHeader {
  readonly windowSize: number;
  /** Undefined where the header does not say it. */
  readonly contentSize: number | undefined;
  readonly hasChecksum: boolean;
  readonly dictionaryId: number;
}

const DICTIONARY_LENGTH = [0, 1, 2, 4] as const;
const RESERVED = 0x08;

function contentLength(descriptor: number): number {
  const flag = descriptor >> 6;
  return flag === 0 ? (descriptor >> 5) & 1 : 1 << flag;
}

const hasWindow = (descriptor: number) => (descriptor & 0x20) === 0;
const dictionaryLength = (descriptor: number) => DICTIONARY_LENGTH[descriptor & 3] ?? 0;

/** Bytes that follow the descriptor. */
export function zstdHeaderLength(descriptor: number): number {
  return (hasWindow(descriptor) ? 1 : 0) + dictionaryLength(descriptor) + contentLength(descriptor);
}

function littleEndian(bytes: Uint8Array): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}

function decodeWindow(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

/**
 * Decodes the descriptor and the bytes that follow it.
 *
 * @returns None when the reserved bit is set.
 */
export function decodeZstdHeader(descriptor: number, bytes: Uint8Array): ZstdFrameHeader | undefined {
  if (descriptor & RESERVED) return undefined;
  const idStart = hasWindow(descriptor) ? 1 : 0;
  const sizeStart = idStart + dictionaryLength(descriptor);
  const length = contentLength(descriptor);
  // A content size of two bytes starts at 256, which one byte can already say.
  const size = littleEndian(bytes.subarray(sizeStart, sizeStart + length)) + (length === 2 ? 256 : 0);
  return {
    windowSize: hasWindow(descriptor) ? decodeWindow(bytes[0] ?? 0) : size,
    contentSize: length === 0 ? undefined : size,
    hasChecksum: (descriptor & 4) !== 0,
    dictionaryId: littleEndian(bytes.subarray(idStart, sizeStart)),
  };
}
