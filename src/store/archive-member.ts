/**
 * Members of an archive of images: documents, and blobs under their digests.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { type Digest, isDigest } from "../oci/digest.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import type { Member } from "../tar/members.js";
import { unsafeEntry } from "../tar/refusal.js";
import type { ArchiveFile } from "./archive-file.js";
import type { Stored } from "./archive-format.js";

/** Links to links that are followed. */
const MAX_LINKS = 4;

function refuse(file: ArchiveFile, path: string, found: string): LadingError<"FORMAT"> {
  const message = `Cannot read "${path}" in "${file.path}": it is ${found}, expected a regular file; have the archive made again`;
  return new LadingError("FORMAT", message, { wanted: "regular file", found, path: file.path });
}

/** The member of that path, which has to be a file; undefined where there is none. */
export function findMember(file: ArchiveFile, path: string): Member | undefined {
  const member = file.members.get(path);
  if (member === undefined || member.type === "file") return member;
  throw refuse(file, path, `a ${member.type}`);
}

/** The same, through links within the archive, as `docker save` once wrote them where a layer came twice. */
export function followMember(file: ArchiveFile, path: string, links = MAX_LINKS): Member | undefined {
  const member = file.members.get(path);
  const isLink = member?.type === "symlink" || member?.type === "hardlink";
  if (!isLink || links === 0) return findMember(file, path);
  const target = member.linkpath ?? "";
  return followMember(file, member.type === "hardlink" ? target : joinPath(path, target), links - 1);
}

/** Where a symbolic link leads, within the archive. */
function joinPath(path: string, target: string): string {
  if (target.startsWith("/")) throw unsafeEntry(path, "it is a symbolic link out of the archive");
  const steps = path.split("/").slice(0, -1);
  for (const step of target.split("/")) {
    if (step === "..") {
      if (steps.pop() === undefined) throw unsafeEntry(path, "it is a symbolic link out of the archive");
    } else if (step !== "" && step !== ".") steps.push(step);
  }
  return steps.join("/");
}

/** A member as content. */
export function storedMember(file: ArchiveFile, member: Member): Stored {
  return { size: member.size, offset: member.offset, open: (io) => file.open(member, io) };
}

/** What stands under `blobs/`; each has to be a file. */
export function listBlobs(file: ArchiveFile): Map<Digest, Stored> {
  const blobs = new Map<Digest, Stored>();
  for (const path of file.members.keys()) {
    const [, algorithm, hex] = /^blobs\/(sha256|sha512)\/([0-9a-f]+)$/.exec(path) ?? [];
    const digest = `${algorithm}:${hex}`;
    if (!isDigest(digest)) continue;
    const member = findMember(file, path);
    if (member !== undefined) blobs.set(digest, storedMember(file, member));
  }
  return blobs;
}

/** A whole document. Throws `TOO_LARGE` before it is read. */
export async function readDocument(
  file: ArchiveFile,
  member: Member,
  limit: number,
  options: IoOptions,
): Promise<Buffer> {
  const what = `"${member.path}" in "${file.path}"`;
  if (member.size <= limit) return await collect(file.open(member, options), limit, what);
  const message = `Cannot read ${what}: it has ${member.size} bytes, more than the ${limit} that are allowed; have the archive made again`;
  throw new LadingError("TOO_LARGE", message, { what, limit, actual: member.size });
}
