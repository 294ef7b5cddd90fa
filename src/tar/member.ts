/**
 * A header and the meta headers before it, put together to one entry.
 *
 * @module
 */

import type { Entry, EntryType } from "./entry.js";
import {
  checkDeviceNumbers,
  checkNumbers,
  DEVMAJOR,
  DEVMINOR,
  type Header,
  headerLinkname,
  headerName,
  headerNumber,
  headerOwner,
  headerSize,
  headerTime,
} from "./header.js";
import { entryPath } from "./path.js";
import type { PaxRecords } from "./pax.js";
import { corruptTar, tooLarge, unsafeEntry } from "./refusal.js";

/** How the archive said what the entry says. */
export interface EntryMeta {
  /** The name as it stands in the archive, after meta headers; bytes as in `Entry.path`. */
  readonly rawPath: string;
  /** The same of a link's target. */
  readonly rawLinkpath: string | undefined;
  /** The byte in the header: 0x30 is `0`. */
  readonly typeflag: number;
  /** Was there an extended header of its own, a global one in force, a GNU long name or link? */
  readonly pax: boolean;
  readonly globalPax: boolean;
  readonly gnuLong: boolean;
  /** Bytes from the start of the archive to the entry's header (after its meta headers) and to its content. */
  readonly headerOffset: number;
  readonly dataOffset: number;
}

/** The meta headers that wait for their entry, and those that hold for all. */
export interface PendingMeta {
  readonly pax: PaxRecords | undefined;
  readonly longName: string | undefined;
  readonly longLink: string | undefined;
  readonly global: PaxRecords | undefined;
}

const XATTR = "SCHILY.xattr.";
/** Bytes of a symlink's target, Linux's `PATH_MAX`. */
const MAX_TARGET = 4096;
/** What ustar has room for. */
const MAX_DEVICE = 0o7777777;

/** `undefined` where lading does not carry the type. `7`, a contiguous file, is a file to every reader. */
function entryType(typeflag: number, name: string): EntryType | undefined {
  switch (typeflag) {
    case 0x00:
      // Before ustar, a directory was a file whose name ends in a slash.
      return name.endsWith("/") ? "directory" : "file";
    case 0x30:
    case 0x37:
      return "file";
    case 0x31:
      return "hardlink";
    case 0x32:
      return "symlink";
    case 0x33:
      return "char";
    case 0x34:
      return "block";
    case 0x35:
      return "directory";
    case 0x36:
      return "fifo";
    default:
      return undefined;
  }
}

/** Local records over global ones; an empty value takes a key back, so that the header's own field counts again. */
function inForce({ pax, global }: PendingMeta): PaxRecords | undefined {
  if (pax === undefined) return global;
  const merged = new Map(global);
  for (const [key, value] of pax) {
    if (value === "") merged.delete(key);
    else merged.set(key, value);
  }
  return merged;
}

/**
 * Reads the entry of a header that {@link isHeader} knows.
 *
 * An extended header's size wins over the header's own, for the content and so for the place of the next header.
 *
 * @throws {LadingError} `UNSAFE_ENTRY` or `TOO_LARGE` as {@link entryPath}, and for types that lading does not carry, sparse
 * files, and content where there can be none; `CORRUPT` for fields that are no numbers and meta headers that contradict.
 */
export function decodeMember(
  header: Header,
  pending: PendingMeta,
): { readonly entry: Entry; readonly meta: EntryMeta } {
  const { bytes, start, offset } = header;
  const records = inForce(pending);
  const otherPath = pick(records?.get("path"), pending.longName, offset);
  const rawPath = otherPath ?? headerName(header);
  const typeflag = bytes[start + 156] as number;
  const type = entryType(typeflag, rawPath);
  if (type === undefined) throw unsafeEntry(rawPath, refusedType(typeflag));
  const rawLinkpath = linkTarget(header, type, records, pending);
  if (records === undefined) checkDeviceNumbers(header);
  else checkNumbers(header);
  const isChecked = otherPath === undefined && header.pathStart >= 0;
  const path = isChecked ? rawPath.slice(header.pathStart) : entryPath(rawPath, type === "directory");
  const own = records === undefined ? ownValues(header, path, type) : valuesInForce(header, path, type, records);
  const isWhole = rawLinkpath === undefined && records === undefined && type !== "char" && type !== "block";
  const entry = isWhole ? own : withMore(own, header, rawPath, rawLinkpath, records);
  if (entry.size > 0 && type !== "file") throw unsafeEntry(rawPath, `it is a ${type} with content`);
  const meta: EntryMeta = {
    rawPath,
    rawLinkpath,
    typeflag,
    pax: pending.pax !== undefined,
    globalPax: pending.global !== undefined,
    gnuLong: pending.longName !== undefined || pending.longLink !== undefined,
    headerOffset: offset,
    dataOffset: offset + 512,
  };
  return { entry, meta };
}

function ownValues(header: Header, path: string, type: EntryType): Entry {
  const { mode, uid, gid } = headerOwner(header);
  return { path, type, mode: mode & 0o7777, uid, gid, mtime: headerTime(header), size: headerSize(header) };
}

function valuesInForce(header: Header, path: string, type: EntryType, records: PaxRecords): Entry {
  const own = headerOwner(header);
  const { offset } = header;
  return {
    path,
    type,
    mode: own.mode & 0o7777,
    uid: integer(records, "uid", offset) ?? own.uid,
    gid: integer(records, "gid", offset) ?? own.gid,
    mtime: seconds(records, offset) ?? headerTime(header),
    size: contentSize(header, records),
  };
}

/** What few entries have. */
function withMore(
  own: Entry,
  header: Header,
  rawPath: string,
  rawLinkpath: string | undefined,
  records: PaxRecords | undefined,
): Entry {
  const { type } = own;
  return {
    ...own,
    ...(rawLinkpath === undefined ? undefined : { linkpath: linkpath(type, rawPath, rawLinkpath) }),
    ...(records === undefined ? undefined : xattrs(records, rawPath)),
    ...(type === "char" || type === "block" ? device(header) : undefined),
  };
}

function refusedType(typeflag: number): string {
  if (typeflag === 0x53) return "it is a sparse file";
  return `its type ${JSON.stringify(String.fromCharCode(typeflag))} is not one that a layer may have`;
}

/** Readers differ on which of the two dialects' names wins, so they have to be the same. */
function pick(pax: string | undefined, gnu: string | undefined, offset: number): string | undefined {
  if (pax !== undefined && gnu !== undefined && pax !== gnu) {
    throw corruptTar("an extended header and a GNU long name that contradict each other", offset);
  }
  return pax ?? gnu;
}

function linkTarget(
  header: Header,
  type: EntryType,
  records: PaxRecords | undefined,
  { longLink }: PendingMeta,
): string | undefined {
  if (type !== "symlink" && type !== "hardlink") return undefined;
  return pick(records?.get("linkpath"), longLink, header.offset) ?? headerLinkname(header);
}

/** A hardlink's target is a path of the archive; a symlink's is text. */
function linkpath(type: EntryType, path: string, target: string): string {
  if (type === "hardlink") return entryPath(target, false);
  if (target === "") throw unsafeEntry(path, "it is a symbolic link to nothing");
  if (target.length > MAX_TARGET) throw tooLarge("the target of a symbolic link, in bytes,", MAX_TARGET, target.length);
  return target;
}

function contentSize(header: Header, records: PaxRecords): number {
  const own = headerSize(header);
  const text = records.get("size");
  if (text === undefined) return own;
  const size = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw corruptTar("an extended header whose size is no size", header.offset);
  return size;
}

function integer(records: PaxRecords, key: string, offset: number): number | undefined {
  const text = records.get(key);
  if (text === undefined) return undefined;
  const value = /^-?[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw corruptTar(`an extended header whose ${key} is no number`, offset);
  return value;
}

/** Whole seconds; a fraction is rounded down. */
function seconds(records: PaxRecords, offset: number): number | undefined {
  const text = records.get("mtime");
  if (text === undefined) return undefined;
  const value = /^-?[0-9]{1,16}(\.[0-9]*)?$/.test(text) ? Math.floor(Number(text)) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw corruptTar("an extended header whose mtime is no time", offset);
  return value;
}

function xattrs(records: PaxRecords, path: string): { xattrs: Record<string, string> } | undefined {
  const found: [string, string][] = [];
  for (const [key, value] of records) {
    if (key.startsWith(XATTR)) found.push([key.slice(XATTR.length), value]);
    else if (key.startsWith("GNU.sparse.")) throw unsafeEntry(path, "it is a sparse file");
  }
  // fromEntries() defines properties, so that no name reaches the prototype.
  return found.length === 0 ? undefined : { xattrs: Object.fromEntries(found) };
}

function device(header: Header): { devmajor: number; devminor: number } {
  const devmajor = headerNumber(header, DEVMAJOR);
  const devminor = headerNumber(header, DEVMINOR);
  const largest = Math.max(devmajor, devminor);
  if (Math.min(devmajor, devminor) < 0 || largest > MAX_DEVICE) {
    throw corruptTar("a device number that is out of range", header.offset);
  }
  return { devmajor, devminor };
}
