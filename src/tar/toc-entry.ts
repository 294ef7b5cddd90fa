/**
 * What a table of contents says of an archive's entry: exactly what other readers take from its headers.
 *
 * Consumers of zstd:chunked read the headers again and refuse a layer whose table differs in the least, so the values are
 * those in the blocks, not the tidied ones of `Entry`.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { EntryType } from "./entry.js";
import { escapePath } from "./escape.js";
import {
  BLOCK,
  DEVMAJOR,
  DEVMINOR,
  type Header,
  headerFormat,
  headerIn,
  headerLinkname,
  headerNumber,
  headerSize,
  MODE,
} from "./header.js";
import { decodeNumber } from "./number.js";
import { decodePax, type PaxRecords } from "./pax.js";
import { corruptTar, unsafeEntry } from "./refusal.js";
import type { SplitHeader } from "./split.js";
import type { TocEntry, TocType } from "./toc.js";

const TYPES: Readonly<Record<EntryType, TocType>> = {
  file: "reg",
  directory: "dir",
  symlink: "symlink",
  hardlink: "hardlink",
  char: "char",
  block: "block",
  fifo: "fifo",
};

const XATTR = "SCHILY.xattr.";
const NO_RECORDS: PaxRecords = new Map();
const CONTIGUOUS = 0x37;
/** Where old dialects keep the times of last access and of last change, twelve bytes each. */
const OTHER_TIMES = { gnu: [345, 357], star: [476, 488] } as const;

/**
 * The entry for one of the archive's, without what depends on where its content is.
 *
 * @throws {LadingError} `UNSAFE_ENTRY` for a name, a target or an attribute's name that is not UTF-8, which JSON cannot
 * hold; `UNSUPPORTED` for a global header, a contiguous file, and a time outside of the years 0 to 9999.
 */
export function tocEntry({ entry, meta, blocks }: SplitHeader): TocEntry {
  const offset = meta.headerOffset;
  const pax = paxRecords(blocks, offset);
  const header = headerIn(blocks, blocks.length - BLOCK, offset);
  const name = decodeText(meta.rawPath, entry.path);
  if (meta.typeflag === CONTIGUOUS) throw unsupported(name, "it is a contiguous file");
  const linkName = decodeText(meta.rawLinkpath ?? headerLinkname(header), entry.path);
  const hasDevice = headerFormat(header) !== "v7";
  return {
    name,
    type: TYPES[entry.type],
    ...(linkName !== "" && { linkName }),
    mode: headerNumber(header, MODE),
    ...(entry.size > 0 && { size: entry.size }),
    uid: entry.uid,
    gid: entry.gid,
    ...times(name, pax, header, entry.mtime),
    ...(hasDevice && devices(header)),
    ...xattrs(pax, entry.path),
  };
}

/** The records of the entry's own extended header. */
function paxRecords(blocks: Buffer, offset: number): PaxRecords {
  let records = NO_RECORDS;
  for (let at = 0; at < blocks.length - BLOCK; ) {
    const typeflag = blocks[at + 156];
    const size = headerSize(headerIn(blocks, at, offset));
    if (typeflag === 0x67) throw unsupported("", "there is a global header before it");
    if (typeflag === 0x78) records = decodePax(blocks.subarray(at + BLOCK, at + BLOCK + size), offset);
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return records;
}

function unsupported(name: string, why: string): LadingError<"UNSUPPORTED"> {
  const what = `tar entry "${escapePath(Buffer.from(name).toString("latin1"))}" in a table of contents`;
  return new LadingError("UNSUPPORTED", `Cannot write ${what}: ${why}; rewrite the archive, or use gzip`, { what });
}

/** A byte-order mark is a part of the name, as it is for everybody else. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeText(bytes: string, path: string): string {
  try {
    return UTF8.decode(Buffer.from(bytes, "latin1"));
  } catch {
    throw unsafeEntry(path, "its name, target or attributes are not UTF-8, which a table of contents cannot hold");
  }
}

function devices(header: Header): { devMajor?: number; devMinor?: number } {
  const devMajor = headerNumber(header, DEVMAJOR);
  const devMinor = headerNumber(header, DEVMINOR);
  return { ...(devMajor !== 0 && { devMajor }), ...(devMinor !== 0 && { devMinor }) };
}

/** Empty values count, though an empty record takes a key back for lading itself: other readers keep them. */
function xattrs(pax: PaxRecords, path: string): { xattrs: Record<string, string> } | undefined {
  const found: [string, string][] = [];
  for (const [key, value] of pax) {
    if (!key.startsWith(XATTR)) continue;
    found.push([decodeText(key.slice(XATTR.length), path), Buffer.from(value, "latin1").toString("base64")]);
  }
  return found.length === 0 ? undefined : { xattrs: Object.fromEntries(found) };
}

interface Times {
  readonly modtime?: string;
  readonly accesstime?: string;
  readonly changetime?: string;
}

function times(name: string, pax: PaxRecords, header: Header, mtime: number): Times {
  const [access, change] = otherTimes(header);
  const say = (record: string | undefined, seconds: number) => {
    try {
      return formatTime(record || String(seconds));
    } catch {
      throw unsupported(name, `its time ${record || seconds} is not in the years 0 to 9999`);
    }
  };
  const modtime = say(pax.get("mtime"), mtime);
  const accesstime = say(pax.get("atime"), access);
  const changetime = say(pax.get("ctime"), change);
  return { ...(modtime && { modtime }), ...(accesstime && { accesstime }), ...(changetime && { changetime }) };
}

function otherTimes(header: Header): readonly [number, number] {
  const format = headerFormat(header);
  if (format !== "gnu" && format !== "star") return [0, 0];
  const { bytes, start } = header;
  const time = (at: number) => (bytes[start + at] === 0 ? 0 : decodeNumber(bytes, start + at, 12));
  const [access, change] = OTHER_TIMES[format].map(time);
  if (Number.isSafeInteger(access) && Number.isSafeInteger(change)) return [access ?? 0, change ?? 0];
  throw corruptTar("a time of a header that is no number", 0);
}

/**
 * Seconds since the epoch, with a fraction or without, in RFC 3339: at most nine digits of it, without zeros at the end.
 * Empty for the epoch itself, which is how a table says "no time".
 */
function formatTime(text: string): string {
  const [, sign, whole = "0", digits = ""] = /^(-?)(\d{1,16})(?:\.(\d*))?$/.exec(text) ?? [];
  let seconds = Number(`${sign}${whole}`);
  let nanoseconds = Number(digits.slice(0, 9).padEnd(9, "0"));
  if (sign === "-" && nanoseconds > 0) {
    seconds -= 1;
    nanoseconds = 1_000_000_000 - nanoseconds;
  }
  const iso = new Date(seconds * 1000).toISOString();
  if (sign === undefined || iso.length !== 24) throw new RangeError(text);
  const fraction = String(nanoseconds).padStart(9, "0").replace(/0+$/, "");
  if (seconds === 0 && fraction === "") return "";
  return `${iso.slice(0, 19)}${fraction === "" ? "" : `.${fraction}`}Z`;
}
