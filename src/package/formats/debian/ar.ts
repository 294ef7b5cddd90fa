/**
 * Reader of ar archives: the container of Debian packages.
 *
 * ```
 * offset length meaning
 *      0      8 "!<arch>\n", once, at the start of the file
 * then for each member, at an even offset:
 *      0     16 name, padded with spaces, perhaps ending in "/"
 *     16     12 modification time, seconds, decimal   ┐
 *     28      6 owner, decimal                        │ not looked at
 *     34      6 group, decimal                        │
 *     40      8 mode, octal                           ┘
 *     48     10 size of the content in bytes, decimal
 *     58      2 "`\n"
 *     60   size content, and one byte of padding where size is odd
 * ```
 *
 * @see https://manpages.debian.org/bookworm/dpkg-dev/deb.5.en.html
 * @module
 */

import { LadingError } from "../../../errors.js";
import { collect, type IoOptions } from "../../../stream/bytes.js";
import type { PackageFile } from "../../package.js";

/** One member of an archive. */
export interface ArMember {
  /** Without padding and a last `/`. */
  readonly name: string;
  /** Where the content starts, in bytes from the start of the file. */
  readonly offset: number;
  /** Bytes of content. */
  readonly size: number;
}

/** What every ar archive starts with. */
export const AR_MAGIC = "!<arch>\n";

const HEADER = 60;
/** A Debian package has three members, and some signatures. */
const MAX_MEMBERS = 64;

function corrupt(file: PackageFile, offset: number, why: string): LadingError<"CORRUPT"> {
  const message = `Cannot read ${JSON.stringify(file.path)}: ${why} at byte ${offset}; fetch it again`;
  return new LadingError("CORRUPT", message, { what: file.path, why, offset });
}

/** Does the file start like an ar archive? */
export function isAr(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, AR_MAGIC.length)).toString("latin1") === AR_MAGIC;
}

/**
 * Decodes the header at the start of `header`; its `offset` is where the content starts.
 *
 * @param at Where the header starts, in bytes from the start of the file.
 * @throws {LadingError} `CORRUPT` for a wrong end mark, a size that is not a number, and a name that is empty or in one of
 * the forms for long names, which Debian packages do not use.
 */
export function decodeArHeader(header: Uint8Array, at: number, file: PackageFile): ArMember {
  const text = Buffer.from(header).toString("latin1");
  if (text.slice(58, 60) !== "`\n") throw corrupt(file, at, "it has no ar header");
  const digits = text.slice(48, 58).trimEnd();
  if (!/^[0-9]+$/.test(digits)) throw corrupt(file, at + 48, `it has size ${JSON.stringify(digits)} in an ar header`);
  const name = text.slice(0, 16).replace(/\/? *$/, "");
  if (!/^[!-.0-~]+$/.test(name) || name.startsWith("#1")) {
    throw corrupt(file, at, `it has name ${JSON.stringify(name)} in an ar header`);
  }
  return { name, offset: at + HEADER, size: Number(digits) };
}

async function readHeader(file: PackageFile, at: number, options: IoOptions): Promise<ArMember> {
  const end = at + HEADER;
  if (end > file.size) throw corrupt(file, file.size, "it is truncated: it ends inside of an ar header");
  const member = decodeArHeader(await collect(file.read({ ...options, start: at, end }), HEADER), at, file);
  const missing = member.offset + member.size + (member.size % 2) - file.size;
  if (missing <= 0) return member;
  throw corrupt(file, file.size, `it is truncated: ${missing} bytes of member ${member.name} are missing`);
}

/**
 * Reads the list of members. It reads headers only, and checks that every member is there in full.
 *
 * @throws {LadingError} `FORMAT` where the file is no ar archive.
 * @throws {LadingError} `CORRUPT`, with the offset, for a truncated archive, a broken header, no member, and more than 64.
 */
export async function readArMembers(file: PackageFile, options: IoOptions = {}): Promise<readonly ArMember[]> {
  if (!isAr(file.head)) {
    const message = `Cannot read ${JSON.stringify(file.path)}: it does not start like an ar archive, expected a Debian package`;
    throw new LadingError("FORMAT", message, { wanted: "Debian package", found: "something else", path: file.path });
  }
  const members: ArMember[] = [];
  let at = AR_MAGIC.length;
  while (at < file.size) {
    const member = await readHeader(file, at, options);
    members.push(member);
    if (members.length > MAX_MEMBERS) throw corrupt(file, at, `it has more than ${MAX_MEMBERS} members`);
    at = member.offset + member.size + (member.size % 2);
  }
  if (members.length === 0) throw corrupt(file, at, "it is truncated: it has no member");
  return members;
}
