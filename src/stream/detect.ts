/**
 * What bytes are, seen from their content and never from a name.
 *
 * @module
 */

/** A compression that lading reads. */
export type Compression = "gzip" | "zstd" | "xz" | "bzip2" | "none";

/** Bytes from the start of a content that are enough for {@link detectCompression} and {@link describeContent}. */
export const HEAD_SIZE = 512;

const has = (head: Uint8Array, offset: number, bytes: readonly number[]) =>
  bytes.every((byte, index) => head[offset + index] === byte);
const hasText = (head: Uint8Array, offset: number, text: string) => has(head, offset, [...Buffer.from(text, "latin1")]);

const BZIP2_BLOCK = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
const BZIP2_END = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];

function isZstd(head: Uint8Array): boolean {
  // A frame, or a skippable frame: 0x184D2A50 to 0x184D2A5F, least significant byte first.
  return has(head, 0, [0x28, 0xb5, 0x2f, 0xfd]) || ((head[0] ?? 0) >> 4 === 5 && has(head, 1, [0x2a, 0x4d, 0x18]));
}

function isBzip2(head: Uint8Array): boolean {
  const level = head[3] ?? 0;
  return (
    hasText(head, 0, "BZh") && level >= 0x31 && level <= 0x39 && (has(head, 4, BZIP2_BLOCK) || has(head, 4, BZIP2_END))
  );
}

/**
 * What a content is compressed with; `none` for everything else.
 *
 * @param head The first bytes; 10 are enough.
 * @see https://www.rfc-editor.org/rfc/rfc1952#section-2.3
 * @see https://www.rfc-editor.org/rfc/rfc8878#section-3.1
 * @see https://tukaani.org/xz/xz-file-format-1.2.1.txt section 2.1.1.1
 */
export function detectCompression(head: Uint8Array): Compression {
  if (has(head, 0, [0x1f, 0x8b])) return "gzip";
  if (isZstd(head)) return "zstd";
  if (has(head, 0, [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])) return "xz";
  return isBzip2(head) ? "bzip2" : "none";
}

/** Offset, latin-1 text, and what it means; the first that fits is taken. */
const MAGIC: readonly (readonly [number, string, string])[] = [
  [257, "ustar", "a tar archive"],
  [0, "!<arch>\ndebian-binary", "a Debian package"],
  [0, "!<arch>\n", "an ar archive"],
  [0, "PK\x03\x04", "a zip archive"],
  [0, "PK\x05\x06", "an empty zip archive"],
  [0, "7z\xbc\xaf\x27\x1c", "a 7z archive"],
  [0, "Rar!\x1a\x07", "a RAR archive"],
  [0, "\xed\xab\xee\xdb", "an RPM package"],
  [0, "\x7fELF", "an ELF executable"],
  [0, "%PDF-", "a PDF document"],
  [0, "\x89PNG\r\n", "a PNG picture"],
  [0, "\x04\x22\x4d\x18", "an lz4 stream"],
  [0, "LZIP", "an lzip stream"],
  [0, "\x5d\0\0", "an lzma stream"],
  [0, "hsqs", "a squashfs image"],
  [32, "SIF_MAGIC", "a Singularity image"],
  [0, "07070", "a cpio archive"],
  [0, "MZ", "a Windows executable"],
  [0, "#!", "a script"],
];

const COMPRESSED: Readonly<Record<Exclude<Compression, "none">, string>> = {
  gzip: "a gzip stream",
  zstd: "a zstd stream",
  xz: "an xz stream",
  bzip2: "a bzip2 stream",
};

function describeText(head: Uint8Array): string {
  const text = new TextDecoder()
    .decode(head)
    .replace(/^\ufeff/, "")
    .trimStart();
  // A long content's head may end inside a character, which is not the content's fault.
  const odd = /[^\P{Cc}\t\n\f\r]|\ufffd(?!$)/u;
  if (odd.test(text)) return "binary data";
  if (/^<(!doctype html|html|head|body)\b/i.test(text)) return "an HTML page";
  if (/^<\?xml\b/i.test(text)) return "an XML document";
  if (/^(\{\s*("|\}|$)|\[\s*(["{[\]\d-]|$))/.test(text)) return "a JSON document";
  return text === "" ? "blank text" : "text";
}

/**
 * A person's word for what a content is, with its article: `a zip archive`, `an HTML page`, `an empty file`.
 *
 * @param head The first {@link HEAD_SIZE} bytes, or all where there are fewer.
 */
export function describeContent(head: Uint8Array): string {
  if (head.byteLength === 0) return "an empty file";
  const compression = detectCompression(head);
  if (compression !== "none") return COMPRESSED[compression];
  const known = MAGIC.find(([offset, text]) => hasText(head, offset, text));
  if (known) return known[2];
  return head.every((byte) => byte === 0) ? "nothing but zeros" : describeText(head.subarray(0, HEAD_SIZE));
}
