/**
 * What a tar archive says about one file.
 *
 * @module
 */

import type { ByteStream } from "../stream/bytes.js";

/** What an entry makes: files are regular ones, and hardlinks name an earlier one. */
export type EntryType = "file" | "directory" | "symlink" | "hardlink" | "char" | "block" | "fifo";

/** One member of a tar archive, its meta headers (pax, GNU long names) already applied. */
export interface Entry {
  /**
   * The name's bytes, one character per byte (latin1), so that names which are not UTF-8 survive. Relative, without
   * leading `/` or `./`, without a trailing `/`; the root directory itself is `""`.
   */
  readonly path: string;
  readonly type: EntryType;
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds since the epoch. */
  readonly mtime: number;
  /** Bytes of content; 0 unless it is a file. */
  readonly size: number;
  /** Target of a symlink, or the earlier path that a hardlink names. Bytes as in `path`. */
  readonly linkpath?: string;
  /** `SCHILY.xattr.` records: name to value, both as in `path`. */
  readonly xattrs?: Readonly<Record<string, string>>;
  readonly devmajor?: number;
  readonly devminor?: number;
}

/** An entry to be written; `open` gives a file's content afresh at each call and is absent elsewhere. */
export interface WriteEntry extends Entry {
  /** Tells one state of the file that it comes from from another; absent where it comes from no file. */
  readonly identity?: string;
  readonly open?: () => ByteStream;
}
