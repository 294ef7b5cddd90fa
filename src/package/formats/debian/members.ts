/**
 * The members of a `.deb`: which of them is what.
 *
 * @see https://manpages.debian.org/bookworm/dpkg-dev/deb.5.en.html
 * @module
 */

import { LadingError } from "../../../errors.js";
import { collect, type IoOptions } from "../../../stream/bytes.js";
import type { PackageFile } from "../../package.js";
import { AR_MAGIC, type ArMember, isAr, readArMembers } from "./ar.js";

/** Where the two archives of a `.deb` are. */
export interface DebMembers {
  /** The tar of the control file and what goes with it. */
  readonly control: ArMember;
  /** The tar of the package's files. */
  readonly data: ArMember;
}

const VERSION_MEMBER = "debian-binary";
/** Bytes of `debian-binary` that are read; it holds `2.0` and a line feed. */
const MAX_VERSION = 64;

/** Does the file start like a Debian package: an ar archive whose first member is `debian-binary`? */
export function isDeb(head: Uint8Array): boolean {
  const start = AR_MAGIC.length;
  return isAr(head) && /^debian-binary\/? *$/.test(Buffer.from(head.subarray(start, start + 16)).toString("latin1"));
}

function corrupt(file: PackageFile, why: string, offset = 0): LadingError<"CORRUPT"> {
  const message = `Cannot read ${JSON.stringify(file.path)}: ${why}, expected debian-binary, control.tar and data.tar; fetch it again`;
  return new LadingError("CORRUPT", message, { what: file.path, why, offset });
}

function unsupported(file: PackageFile, what: string, remedy: string): LadingError<"UNSUPPORTED"> {
  return new LadingError("UNSUPPORTED", `Cannot read ${JSON.stringify(file.path)}: it has ${what}; ${remedy}`, {
    what,
  });
}

async function checkVersion(file: PackageFile, member: ArMember | undefined, options: IoOptions): Promise<void> {
  if (member?.name !== VERSION_MEMBER) throw corrupt(file, `its first member is ${member?.name ?? "missing"}`);
  const { offset, size } = member;
  const end = offset + Math.min(size, MAX_VERSION);
  const text = (await collect(file.read({ ...options, start: offset, end }), MAX_VERSION)).toString("latin1");
  const [, major] = /^([0-9]+)\.[0-9]+\n/.exec(text) ?? [];
  if (major === undefined) throw corrupt(file, `it says version ${JSON.stringify(text.slice(0, 20))}`, offset);
  if (major !== "2") throw unsupported(file, `Debian package format ${text.trim().slice(0, 20)}`, "expected format 2");
}

/** Is it the tar of that name, whatever suffix tells its compression? */
function isTarNamed(member: ArMember, name: string): boolean {
  return member.name === name || member.name.startsWith(`${name}.`);
}

/**
 * Finds the archives of a `.deb`. Members whose names start with `_` before them, and any members after them, are ignored.
 *
 * @throws {LadingError} `FORMAT` and `CORRUPT` as {@link readArMembers}; `CORRUPT` where the members are not those of a
 * `.deb` in their order.
 * @throws {LadingError} `UNSUPPORTED` for another major version of the format than 2, and for `data.tar.lzma`.
 */
export async function readDebMembers(file: PackageFile, options: IoOptions = {}): Promise<DebMembers> {
  const members = await readArMembers(file, options);
  await checkVersion(file, members[0], options);
  const [control, data] = members.slice(1).filter((member) => !member.name.startsWith("_"));
  if (control === undefined || !isTarNamed(control, "control.tar")) {
    throw corrupt(file, `its second member is ${control?.name ?? "missing"}`, control?.offset ?? file.size);
  }
  if (data === undefined || !isTarNamed(data, "data.tar")) {
    throw corrupt(file, `its third member is ${data?.name ?? "missing"}`, data?.offset ?? file.size);
  }
  for (const { name } of [control, data]) {
    if (name.endsWith(".lzma")) throw unsupported(file, `a member ${name}`, "pack it again with xz, gzip or zstd");
  }
  return { control, data };
}
