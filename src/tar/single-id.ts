/**
 * Owners and permissions flattened, for those who unpack and run an image as one user without other ids.
 *
 * @module
 */

import type { Entry } from "./entry.js";

/** Attributes that name owners or give powers, which mean nothing, or something else, to a single user. */
const DROPPED: ReadonlySet<string> = new Set([
  "security.capability",
  "system.posix_acl_access",
  "system.posix_acl_default",
]);

/** Permission bits of a directory; the sticky bit stays, for `/tmp`. */
const DIRECTORY_BITS = 0o1777;

function flatMode({ type, mode }: Entry): number {
  if (type === "symlink") return mode;
  if (type === "directory") return (mode & DIRECTORY_BITS) | 0o755;
  return (mode & 0o777) | 0o444 | ((mode & 0o100) === 0 ? 0 : 0o111);
}

/**
 * The entry as everybody may have it: owner 0:0; files readable by all, and to be run by all where their owner may; folders
 * open to all and writable by their owner; no setuid, setgid or, on files, sticky bit; no capabilities and no access control
 * lists. An entry that is so already comes back itself.
 */
export function flattenEntry<E extends Entry>(entry: E): E {
  const { uid, gid, mode, xattrs: before } = entry;
  const flat = flatMode(entry);
  const hasDropped = before !== undefined && Object.keys(before).some((name) => DROPPED.has(name));
  if (uid === 0 && gid === 0 && flat === mode && !hasDropped) return entry;
  const kept = Object.entries(before ?? {}).filter(([name]) => !DROPPED.has(name));
  const { xattrs: _, ...rest } = entry;
  const xattrs = kept.length === 0 ? {} : { xattrs: Object.fromEntries(kept) };
  return { ...rest, uid: 0, gid: 0, mode: flat, ...xattrs } as E;
}
