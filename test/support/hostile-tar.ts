/**
 * Tar archives with any bytes wanted in any field: what no honest writer writes. It shares no code with src.
 *
 * @module
 */

/** Fields as text go in as they are, one character per byte; numbers become octal of the field's width. */
export interface RawHeader {
  readonly name?: string;
  readonly mode?: number | string;
  readonly uid?: number | string;
  readonly gid?: number | string;
  readonly size?: number | string;
  readonly mtime?: number | string;
  readonly typeflag?: string;
  readonly linkname?: string;
  /** Eight bytes at 257: `ustar\0` and `00` unless given. */
  readonly magic?: string;
  readonly devmajor?: number | string;
  readonly devminor?: number | string;
  readonly prefix?: string;
  /** Bytes to put anywhere, last of all but the checksum. */
  readonly patch?: readonly (readonly [offset: number, bytes: string])[];
  /** `signed` sums signed bytes; `wrong` is off by one. */
  readonly checksum?: "signed" | "wrong";
}

export const GNU_MAGIC = "ustar  \0";
export const V7_MAGIC = "\0\0\0\0\0\0\0\0";

function put(block: Buffer, offset: number, length: number, value: number | string): void {
  const text = typeof value === "string" ? value : `${value.toString(8).padStart(length - 1, "0")}\0`;
  block.write(text.slice(0, length), offset, "latin1");
}

export function header(fields: RawHeader): Buffer {
  const block = Buffer.alloc(512);
  put(block, 0, 100, fields.name ?? "x");
  put(block, 100, 8, fields.mode ?? 0o644);
  put(block, 108, 8, fields.uid ?? 0);
  put(block, 116, 8, fields.gid ?? 0);
  put(block, 124, 12, fields.size ?? 0);
  put(block, 136, 12, fields.mtime ?? 0);
  put(block, 156, 1, fields.typeflag ?? "0");
  put(block, 157, 100, fields.linkname ?? "");
  put(block, 257, 8, fields.magic ?? "ustar\x0000");
  put(block, 329, 8, fields.devmajor ?? 0);
  put(block, 337, 8, fields.devminor ?? 0);
  if (fields.prefix !== undefined) put(block, 345, 155, fields.prefix);
  for (const [offset, bytes] of fields.patch ?? []) block.write(bytes, offset, "latin1");
  block.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of block) sum += fields.checksum === "signed" && byte > 127 ? byte - 256 : byte;
  if (fields.checksum === "wrong") sum++;
  put(block, 148, 8, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

/** Content, padded to whole blocks. */
export function content(bytes: string | Buffer): Buffer {
  const data = Buffer.from(bytes as string, "latin1");
  return Buffer.concat([data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

/** A header and its content, the size as it should be unless given. */
export function member(fields: RawHeader, data = ""): Buffer {
  return Buffer.concat([header({ size: data.length, ...fields }), content(data)]);
}

export const file = (name: string, data = ""): Buffer => member({ name }, data);
export const directory = (name: string): Buffer => member({ name, typeflag: "5", mode: 0o755 });
export const symlink = (name: string, linkname: string): Buffer => member({ name, linkname, typeflag: "2" });
export const hardlink = (name: string, linkname: string): Buffer => member({ name, linkname, typeflag: "1" });

/** One record with an honest length. */
export function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return `${length}${rest}`;
}

/** An extended header whose content is exactly `text`. */
export const pax = (text: string, typeflag = "x"): Buffer => member({ name: "pax", typeflag }, text);

/** A GNU long name (`L`) or link (`K`). */
export const long = (text: string, typeflag: "L" | "K" = "L"): Buffer =>
  member({ name: "././@LongLink", typeflag, magic: GNU_MAGIC }, text);

export const END = Buffer.alloc(1024);

/** The parts and the end. */
export const archive = (...parts: readonly Buffer[]): Buffer => Buffer.concat([...parts, END]);

/** A number as GNU's base-256 of `length` bytes, two's complement. */
export function base256(value: bigint, length: number): string {
  const bits = BigInt.asUintN(length * 8, value);
  const bytes = Buffer.from(bits.toString(16).padStart(length * 2, "0"), "hex");
  bytes[0] = (bytes[0] ?? 0) | 0x80;
  return bytes.toString("latin1");
}
