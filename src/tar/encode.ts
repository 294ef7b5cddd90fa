/**
 * The one way in which lading writes a header: the same entry gives the same bytes everywhere.
 *
 * A ustar header; before it a pax header only when ustar cannot say it, with no keys but `path`, `linkpath`, `uid`, `gid`,
 * `size` and `SCHILY.xattr.*`. Numbers are zero-padded octal and a NUL, the checksum six digits, a NUL and a blank; uname
 * and gname are empty, a directory's name ends in a slash, the root is `./`. Bytes of names go out as they are.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html ("ustar Interchange Format")
 * @module
 */

import { type Batch, createBatch } from "./batch.js";
import type { Entry, EntryType } from "./entry.js";
import { BLOCK } from "./header.js";
import { encodeOctal } from "./number.js";
import { encodePax } from "./pax.js";

const TYPEFLAGS: Readonly<Record<EntryType, number>> = {
  file: 0x30,
  hardlink: 0x31,
  symlink: 0x32,
  char: 0x33,
  block: 0x34,
  directory: 0x35,
  fifo: 0x36,
};
const PAX_TYPEFLAG = 0x78;

/** Every pax header's own name, which only a reader that does not know pax shows. */
const PAX_NAME = "././@PaxHeader";
const MAX_NAME = 100;
const MAX_PREFIX = 155;
const MAX_ID = 0o7777777;
const MAX_OCTAL_11 = 0o77777777777;
const CHECKSUM = 148;

/** What headers share: magic and version, device numbers of 0, and the checksum's end, a NUL and a blank. */
const TEMPLATE = (() => {
  const block = Buffer.alloc(BLOCK);
  block[CHECKSUM + 7] = 0x20;
  block.write("ustar\0" + "00", 257, "latin1");
  block.write("0000000\0" + "0000000\0", 329, "latin1");
  return block;
})();

/** Its sum, the checksum taken as eight blanks. */
const TEMPLATE_SUM = TEMPLATE.reduce((sum, byte) => sum + byte, 7 * 0x20);
/** The sum of the device numbers in it. */
const NO_DEVICE_SUM = 14 * 0x30;

/** The block that was written last, without its name and size: the next one mostly differs in nothing else. */
const PREPARED = Buffer.from(TEMPLATE);
/** What it says. One is enough, since writing is synchronous, and it changes no byte. */
let before = { typeflag: -1, mode: 0, uid: 0, gid: 0, mtime: 0, sum: 0 };

/** The values of one ustar header. All fit. */
interface Fields {
  readonly name: string;
  readonly prefix: string;
  readonly linkname: string;
  readonly typeflag: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
}

/**
 * The header blocks of an entry: 512 bytes, or more where it needs a pax header.
 *
 * A time before 1970 becomes 0, one after the year 2242 the last that a header can say.
 *
 * @throws {RangeError} Where a number is not a whole one that is 0 or more, or the mode has more than permission bits.
 * @throws {LadingError} `TOO_LARGE` where extended attributes take more than 1 MiB.
 */
export function encodeHeader(entry: Entry): Uint8Array {
  const batch = createBatch(BLOCK);
  writeHeader(entry, batch);
  return batch.flush();
}

/** The same at the end of a batch. Throws as {@link encodeHeader}. */
export function writeHeader(entry: Entry, batch: Batch): void {
  checkNumbers(entry);
  const name = entry.type === "directory" ? (entry.path === "" ? "./" : `${entry.path}/`) : entry.path;
  const linkname = entry.linkpath ?? "";
  const split = splitName(name);
  const records = overflow(entry, split === undefined ? name : undefined, linkname);
  const fields: Fields = {
    name: split?.name ?? name.slice(0, MAX_NAME),
    prefix: split?.prefix ?? "",
    linkname: linkname.slice(0, MAX_NAME),
    typeflag: TYPEFLAGS[entry.type],
    mode: entry.mode,
    uid: entry.uid > MAX_ID ? 0 : entry.uid,
    gid: entry.gid > MAX_ID ? 0 : entry.gid,
    size: entry.size > MAX_OCTAL_11 ? 0 : entry.size,
    mtime: Math.min(Math.max(Math.floor(entry.mtime), 0), MAX_OCTAL_11),
  };
  const meta = records === undefined ? 0 : BLOCK + blocks(records.length);
  const start = batch.room(meta + BLOCK);
  const { bytes } = batch;
  if (records !== undefined) {
    sign(bytes, start, writeBlock(bytes, start, paxFields(records.length)));
    bytes.set(records, start + BLOCK);
    bytes.fill(0, start + BLOCK + records.length, start + meta);
  }
  let sum = writeBlock(bytes, start + meta, fields);
  if (entry.type === "char" || entry.type === "block") sum += writeDevice(bytes, start + meta, entry) - NO_DEVICE_SUM;
  sign(bytes, start + meta, sum);
}

/** Bytes of the blocks that `size` bytes fill. */
export function blocks(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

function checkNumbers({ path, mode, uid, gid, size, mtime }: Entry): void {
  const whole = Number.isSafeInteger(uid) && uid >= 0 && Number.isSafeInteger(gid) && gid >= 0;
  const fits = Number.isSafeInteger(size) && size >= 0 && Number.isInteger(mode) && mode >= 0 && mode <= 0o7777;
  if (!whole || !fits || Number.isNaN(mtime)) {
    throw new RangeError(`Tar entry ${JSON.stringify(path)} has a mode, owner, size or time that is out of range`);
  }
}

/** The content of the pax header for what ustar has no room for. */
function overflow(entry: Entry, name: string | undefined, linkname: string): Buffer | undefined {
  const { uid, gid, size, xattrs } = entry;
  if (
    name === undefined &&
    linkname.length <= MAX_NAME &&
    uid <= MAX_ID &&
    gid <= MAX_ID &&
    size <= MAX_OCTAL_11 &&
    xattrs === undefined
  ) {
    return undefined;
  }
  const records = new Map<string, string>();
  if (name !== undefined) records.set("path", name);
  if (linkname.length > MAX_NAME) records.set("linkpath", linkname);
  if (uid > MAX_ID) records.set("uid", String(uid));
  if (gid > MAX_ID) records.set("gid", String(gid));
  if (size > MAX_OCTAL_11) records.set("size", String(size));
  for (const [key, value] of Object.entries(xattrs ?? {})) records.set(`SCHILY.xattr.${key}`, value);
  return records.size === 0 ? undefined : encodePax(records);
}

/** The name in the two parts that ustar has for it, cut at the last slash that leaves a prefix which fits. */
function splitName(name: string): { readonly name: string; readonly prefix: string } | undefined {
  if (name.length <= MAX_NAME) return { name, prefix: "" };
  if (name.length > MAX_PREFIX + 1 + MAX_NAME) return undefined;
  // A directory's own last slash does not part anything.
  const slash = name.lastIndexOf("/", Math.min(MAX_PREFIX, name.length - 2));
  if (slash < 0 || name.length - slash - 1 > MAX_NAME) return undefined;
  return { name: name.slice(slash + 1), prefix: name.slice(0, slash) };
}

function paxFields(size: number): Fields {
  const typeflag = PAX_TYPEFLAG;
  return { name: PAX_NAME, prefix: "", linkname: "", typeflag, mode: 0o644, uid: 0, gid: 0, size, mtime: 0 };
}

/** Fills one block, but for the checksum, and gives the sum of its bytes; {@link sign} comes last. */
function writeBlock(bytes: Buffer, start: number, fields: Fields): number {
  if (!isAsBefore(fields)) prepare(fields);
  bytes.set(PREPARED, start);
  return (
    before.sum +
    writeText(fields.name, bytes, start) +
    encodeOctal(fields.size, bytes, start + 124, 12) +
    writeText(fields.linkname, bytes, start + 157) +
    writeText(fields.prefix, bytes, start + 345)
  );
}

function isAsBefore({ typeflag, mode, uid, gid, mtime }: Fields): boolean {
  const isOwnedSame = before.uid === uid && before.gid === gid;
  return isOwnedSame && before.mode === mode && before.mtime === mtime && before.typeflag === typeflag;
}

/** Makes {@link PREPARED} a block with all but the name, the size and what a link has. */
function prepare({ typeflag, mode, uid, gid, mtime }: Fields): void {
  PREPARED[156] = typeflag;
  const sum =
    TEMPLATE_SUM +
    typeflag +
    encodeOctal(mode, PREPARED, 100, 8) +
    encodeOctal(uid, PREPARED, 108, 8) +
    encodeOctal(gid, PREPARED, 116, 8) +
    encodeOctal(mtime, PREPARED, 136, 12);
  before = { typeflag, mode, uid, gid, mtime, sum };
}

/** Writes one byte per character and gives their sum. */
function writeText(text: string, bytes: Buffer, start: number): number {
  let sum = 0;
  for (let at = 0; at < text.length; at++) {
    const byte = text.charCodeAt(at) & 0xff;
    bytes[start + at] = byte;
    sum += byte;
  }
  return sum;
}

/** Gives the sum of its bytes. */
function writeDevice(bytes: Buffer, start: number, { path, devmajor = 0, devminor = 0 }: Entry): number {
  if (!isDevice(devmajor) || !isDevice(devminor)) {
    throw new RangeError(`Tar entry ${JSON.stringify(path)} has a device number that is out of range`);
  }
  return encodeOctal(devmajor, bytes, start + 329, 8) + encodeOctal(devminor, bytes, start + 337, 8);
}

function isDevice(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MAX_ID;
}

function sign(bytes: Buffer, start: number, sum: number): void {
  encodeOctal(sum, bytes, start + CHECKSUM, 7);
}
