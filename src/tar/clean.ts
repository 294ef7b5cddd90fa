/**
 * The rule for a *clean* archive: one that every consumer of layers accepts as it stands and that harms none.
 *
 * Each problem has one of three outcomes. *Refused*: the archive would escape, loop, clash, or is not what it seems; an error
 * is thrown. *Unclean*: known consumers refuse it or read it differently, and there is one honest reading; the archive is to be
 * rewritten once (`rewrite.ts`). *Warned*: it stays, and somebody may want to know. Everything else is clean: GNU long names,
 * pax headers, a leading `./`, any time, owners below 65536, missing parents, setuid bits, extended attributes.
 *
 * What a reader refuses before that, because the bytes themselves are wrong, is in `scan.ts` and `path.ts`.
 *
 * @module
 */

import type { Entry } from "./entry.js";
import { escapePath } from "./escape.js";
import { createFolds, type Folds, isLookalike } from "./lookalike.js";
import { isPlainName, WHITEOUT, whiteoutOf } from "./path.js";
import { unsafeEntry } from "./refusal.js";
import type { EntryMeta, ScanEnd } from "./scan.js";
import { addToTree, closeTree, createTree, type Tree } from "./tree.js";

export interface CleanOptions {
  /** May entries hide paths of lower layers? A package's may not: such a name is a mistake in it. (false) */
  readonly allowWhiteouts?: boolean;
  /** May there be character and block devices and FIFOs? (false) */
  readonly allowDevices?: boolean;
}

/** What came out. */
export interface CleanResult {
  /** May the bytes be used as they are? True exactly when there are no `reasons`. */
  readonly clean: boolean;
  /** Why the archive is to be rewritten, one sentence each, with the first example. Deterministic. */
  readonly reasons: readonly string[];
  /** What a person may want to know, likewise. */
  readonly warnings: readonly string[];
  /** Count of entries. */
  readonly entries: number;
  /** The places, from 0 and ascending, of entries that a later one of the same path replaces. */
  readonly dropped: readonly number[];
}

/** Sees every entry of one archive, in order. */
export interface CleanCheck {
  /** Throws {@link LadingError} `UNSAFE_ENTRY` for what is refused. */
  entry(entry: Entry, meta: EntryMeta): void;
  /** The scan is over. */
  end(end: ScanEnd): void;
  /** To be asked after `end()`. */
  result(): CleanResult;
}

/** The first owner number that consumers without subordinate ids refuse. */
export const OWNER_LIMIT = 65536;

const REASONS = {
  twice: "a path is there twice, and the last one counts",
  absolute: "a name begins with a slash",
  roundabout: "a name has a doubled slash or a . in it",
  owner: `an owner is not between 0 and ${OWNER_LIMIT - 1}`,
  contiguous: "a file has the type of a contiguous file",
} as const;

const WARNINGS = {
  twice: "a path is there twice",
  absolute: "a name begins with a slash, which is taken away",
  lookalike: "names differ in letter case or Unicode form only",
  git: "names at the top begin with .git, which some tools leave out",
  device: "entries lie below dev, which some tools leave out",
  setuid: "files run as their owner or group (setuid, setgid)",
  capability: "files have capabilities (security.capability)",
} as const;

/** How often each kind was found, and where first. */
type Findings<K extends string> = Map<K, { count: number; readonly first: string }>;

function note<K extends string>(findings: Findings<K>, kind: K, path: string): void {
  const found = findings.get(kind);
  if (found === undefined) findings.set(kind, { count: 1, first: path });
  else found.count++;
}

function describe<K extends string>(findings: Findings<K>, texts: Readonly<Record<K, string>>): string[] {
  return [...findings].map(([kind, { count, first }]) => {
    const more = count > 1 ? ` and ${count - 1} more` : "";
    return `${texts[kind]}: "${escapePath(first)}"${more}`;
  });
}

/** What a check knows so far. */
interface Found {
  readonly tree: Tree;
  readonly folds: Folds;
  readonly reasons: Findings<keyof typeof REASONS>;
  readonly warnings: Findings<keyof typeof WARNINGS>;
  readonly dropped: number[];
  entries: number;
}

function noFindings(): Found {
  const [tree, folds] = [createTree(), createFolds()];
  return { tree, folds, reasons: new Map(), warnings: new Map(), dropped: [], entries: 0 };
}

/**
 * A check to be run beside a scan, in the same pass.
 *
 * Its memory is 16 bytes of a growing table for each path, 32 MiB for a million. A path that is there twice is told from one
 * that is not by 96 bits of a keyed hash, see `path-table.ts`.
 */
export function createCleanCheck({ allowWhiteouts = false, allowDevices = false }: CleanOptions = {}): CleanCheck {
  const found = noFindings();
  let scanEnd: ScanEnd | undefined;
  return {
    entry(entry, meta) {
      refuse(entry, allowWhiteouts, allowDevices);
      takeEntry(found, entry, meta);
    },
    end(end) {
      scanEnd = end;
      closeTree(found.tree);
      found.dropped.sort((left, right) => left - right);
    },
    result() {
      if (scanEnd === undefined) throw new TypeError("The check has not seen the end of the archive");
      const { reasons, warnings, entries, dropped } = found;
      const why = [...describe(reasons, REASONS), ...archiveReasons(scanEnd)];
      const known = [...describe(warnings, WARNINGS), ...archiveWarnings(scanEnd)];
      return { clean: why.length === 0, reasons: why, warnings: known, entries, dropped };
    },
  };
}

/** A function of its own, so that what the engine learns of it in one archive serves the next. */
function takeEntry(found: Found, entry: Entry, meta: EntryMeta): void {
  const { tree, folds, reasons, warnings, dropped } = found;
  const earlier = addToTree(tree, entry, found.entries++);
  if (earlier === undefined) {
    if (isLookalike(folds, entry.path, tree)) note(warnings, "lookalike", entry.path);
  } else {
    dropped.push(earlier);
    note(reasons, "twice", entry.path);
    note(warnings, "twice", entry.path);
  }
  noteNames(entry, meta, reasons, warnings);
  noteAttributes(entry, meta, reasons, warnings);
}

function refuse(entry: Entry, allowWhiteouts: boolean, allowDevices: boolean): void {
  const { path, type } = entry;
  const whiteout = path.includes(WHITEOUT) && whiteoutOf(path, type === "file" && entry.size === 0);
  if (whiteout && !allowWhiteouts) throw unsafeEntry(path, "it is a whiteout, which a package may not have");
  if (!allowDevices && (type === "char" || type === "block" || type === "fifo")) {
    throw unsafeEntry(path, `it is a ${type === "fifo" ? "FIFO" : `${type} device`}, which a package may not have`);
  }
}

function noteNames(
  { path, type, linkpath }: Entry,
  { rawPath, rawLinkpath }: EntryMeta,
  reasons: Findings<keyof typeof REASONS>,
  warnings: Findings<keyof typeof WARNINGS>,
): void {
  noteName(rawPath, path, reasons, warnings);
  if (type === "hardlink") noteName(rawLinkpath ?? "", linkpath ?? "", reasons, warnings);
  if (path.startsWith(".git")) note(warnings, "git", path);
  else if (path.startsWith("dev/")) note(warnings, "device", path);
}

function noteName(
  raw: string,
  path: string,
  reasons: Findings<keyof typeof REASONS>,
  warnings: Findings<keyof typeof WARNINGS>,
): void {
  if (raw === path) return;
  if (raw.startsWith("/")) {
    note(reasons, "absolute", path);
    note(warnings, "absolute", path);
  } else if (!isPlainName(raw, path)) {
    note(reasons, "roundabout", path);
  }
}

function noteAttributes(
  { path, type, mode, uid, gid, xattrs }: Entry,
  { typeflag }: EntryMeta,
  reasons: Findings<keyof typeof REASONS>,
  warnings: Findings<keyof typeof WARNINGS>,
): void {
  if (!isOwner(uid) || !isOwner(gid)) note(reasons, "owner", path);
  if (typeflag === 0x37) note(reasons, "contiguous", path);
  if (type === "file" && (mode & 0o6000) !== 0) note(warnings, "setuid", path);
  if (xattrs?.["security.capability"] !== undefined) note(warnings, "capability", path);
}

/** Is it a user or group number that every consumer can give to a file? */
export function isOwner(id: number): boolean {
  return id >= 0 && id < OWNER_LIMIT;
}

function archiveReasons({ endBlocks, trailingData, globalHeaders }: ScanEnd): string[] {
  const reasons: string[] = [];
  if (globalHeaders > 0) reasons.push("the archive has global pax headers");
  if (endBlocks < 2) reasons.push("the archive lacks its two closing blocks");
  if (trailingData) reasons.push("something follows the end of the archive");
  return reasons;
}

function archiveWarnings({ endBlocks, trailingData }: ScanEnd): string[] {
  const warnings: string[] = [];
  if (endBlocks < 2) warnings.push("the archive lacks its two closing blocks: it may be cut off");
  if (trailingData) warnings.push("something follows the end of the archive, which is taken away");
  return warnings;
}
