/**
 * A table of contents held against the archive that it speaks of: who reads the one must see what who reads the other sees.
 *
 * @module
 */

import type { Digest } from "../oci/digest.js";
import { createHasher, type Hasher } from "../stream/hash.js";
import { checkContent } from "../stream/verify.js";
import type { SplitHandlers } from "./split.js";
import type { TocEntry } from "./toc.js";
import { tocEntry } from "./toc-entry.js";
import { brokenLayer, showName, type TocFiles } from "./toc-file.js";

/** How strictly entries are compared. */
export interface MatchOptions {
  readonly what: string;
  /** Are modes and times the same to the last bit? Otherwise permission bits and whole seconds count. */
  readonly isExact: boolean;
  /** Names of the archive that the table leaves out. */
  readonly ignored?: ReadonlySet<string>;
}

export interface TocMatch {
  /** To be given to a splitter that reads the archive. They throw {@link LadingError} `CORRUPT` and `DIGEST_MISMATCH`. */
  readonly handlers: SplitHandlers;
  /** The archive is over. Throws `CORRUPT` when the table has entries that it has not. */
  end(): void;
}

/**
 * Creates a comparison.
 *
 * @param digests What each file's content is by the table, checked already.
 */
export function createTocMatch(files: TocFiles, digests: ReadonlyMap<string, Digest>, options: MatchOptions): TocMatch {
  const { what, ignored = new Set() } = options;
  const missing = new Set(files.keys());
  let current: { readonly name: string; readonly hasher: Hasher } | undefined;
  return {
    handlers: {
      header(header) {
        const entry = tocEntry(header);
        current = undefined;
        if (ignored.has(header.entry.path)) return;
        compare(files.get(entry.name)?.entry, entry, options);
        if (!missing.delete(entry.name)) throw brokenLayer(what, `its archive has ${showName(entry.name)} twice`);
        current = { name: entry.name, hasher: createHasher() };
      },
      data: (bytes) => current?.hasher.update(bytes),
      endEntry() {
        const digest = current && digests.get(current.name);
        if (current === undefined || digest === undefined) return;
        checkContent(current.hasher.end(), { digest }, `${showName(current.name)} of ${what} layer's archive`);
      },
      padding() {},
      tail() {},
    },
    end() {
      const [name] = missing;
      if (name !== undefined) throw brokenLayer(what, `its table has ${showName(name)}, which its archive has not`);
    },
  };
}

/** What comes first in a message. */
const FIELDS = ["type", "linkName", "mode", "size", "uid", "gid", "modtime", "devMajor", "devMinor"] as const;
const OTHER_TIMES = ["accesstime", "changetime"] as const;

function compare(said: TocEntry | undefined, found: TocEntry, { what, isExact }: MatchOptions): void {
  const name = showName(found.name);
  if (said === undefined) throw brokenLayer(what, `its archive has ${name}, which its table has not`);
  const fields = isExact ? [...FIELDS, ...OTHER_TIMES] : FIELDS;
  for (const field of fields) {
    const [left, right] = [comparable(said, field, isExact), comparable(found, field, isExact)];
    if (left !== right)
      throw brokenLayer(what, `the ${field} of ${name} is ${left} in its table and ${right} in its archive`);
  }
  if (attributes(said) !== attributes(found)) {
    throw brokenLayer(what, `the extended attributes of ${name} differ in its table and its archive`);
  }
}

type Field = (typeof FIELDS)[number] | (typeof OTHER_TIMES)[number];

function comparable(entry: TocEntry, field: Field, isExact: boolean): string | number {
  const value = entry[field];
  if (field === "modtime" || field === "accesstime" || field === "changetime") return instant(entry[field], isExact);
  if (field === "mode") return isExact ? (entry.mode ?? 0) : (entry.mode ?? 0) & 0o7777;
  return value ?? (field === "linkName" ? "" : 0);
}

/** Go's time of nothing, which old writers put where there is none. */
const GO_ZERO = "0001-01-01T00:00:00Z";

/** Seconds and their fraction; no time is the epoch. */
function instant(text: string | undefined, isExact: boolean): string {
  if (text === undefined || text === "" || text === GO_ZERO) return "0";
  const [, fraction = ""] = /\.(\d+)/.exec(text) ?? [];
  const seconds = Date.parse(text.replace(/\.\d+/, "")) / 1000;
  if (!isExact) return String(Math.round(seconds + Number(`0.${fraction}`)));
  const digits = fraction.replace(/0+$/, "");
  return digits === "" ? String(seconds) : `${seconds}.${digits}`;
}

function attributes({ xattrs = {} }: TocEntry): string {
  return JSON.stringify(Object.entries(xattrs).sort(([left], [right]) => (left < right ? -1 : 1)));
}
