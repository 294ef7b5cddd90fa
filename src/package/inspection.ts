/**
 * One look at a tar going by: is it sound and clean, what is in it, which digest has it.
 *
 * @module
 */

import { createHash, type Hash } from "node:crypto";
import { LadingError } from "../errors.js";
import { type Digest, digestFromHex } from "../oci/digest.js";
import { createHasher } from "../stream/hash.js";
import { type CleanResult, createCleanCheck } from "../tar/clean.js";
import type { Entry } from "../tar/entry.js";
import { escapePath } from "../tar/path.js";
import { createScanner, type EntryMeta } from "../tar/scan.js";
import type { ListedFile } from "./file-list.js";

/** What an inspection found. Sizes are bytes. */
export interface Inspected extends CleanResult {
  readonly diffId: Digest;
  readonly uncompressedSize: number;
}

export interface Inspection {
  write(chunk: Uint8Array): void;
  /** The whole tar has gone by. Throws `CORRUPT`, `UNSAFE_ENTRY`, `FORMAT`, `DIGEST_MISMATCH`. */
  end(): Inspected;
}

export interface InspectionOptions {
  /** What a person would call it. */
  readonly what: string;
  /** MD5 of files, in hex, by path; a file that differs is refused. */
  readonly fileChecksums?: ReadonlyMap<string, string> | undefined;
  /** Compute the digest of every file for `onFile` (yes). */
  readonly listDigests?: boolean | undefined;
  /** Is given every entry, in order, once its content has gone by. */
  readonly onFile?: ((file: ListedFile) => void) | undefined;
}

/** Hashes the content of the file that goes by. */
function createFileHashes({ fileChecksums: checksums, listDigests = true, onFile, what }: InspectionOptions) {
  let path = "";
  let sha256: Hash | undefined;
  let md5: Hash | undefined;
  let expected: string | undefined;
  return {
    start(entry: Entry): void {
      path = entry.path;
      expected = checksums?.get(path);
      sha256 = listDigests && onFile !== undefined ? createHash("sha256") : undefined;
      md5 = expected === undefined ? undefined : createHash("md5");
    },
    update(chunk: Uint8Array): void {
      sha256?.update(chunk);
      md5?.update(chunk);
    },
    end(): Digest | undefined {
      const hash = sha256;
      const actual = md5?.digest("hex");
      sha256 = undefined;
      md5 = undefined;
      if (actual !== undefined && expected !== undefined && actual !== expected) {
        const file = escapePath(path);
        const message = `Cannot accept ${what}: its file "${file}" has md5 ${actual}, its list says ${expected}; fetch it again`;
        throw new LadingError("DIGEST_MISMATCH", message, { what: file, expected, actual });
      }
      return hash === undefined ? undefined : digestFromHex("sha256", hash.digest("hex"));
    },
  };
}

function listed(entry: Entry): ListedFile {
  const { path, type, mode, uid, gid, size, linkpath } = entry;
  const common = { path, type, mode, uid, gid };
  if (type === "file") return { ...common, size };
  return linkpath === undefined ? common : { ...common, target: linkpath };
}

function absentWarnings(absent: ReadonlySet<string>): readonly string[] {
  const [first] = absent;
  if (first === undefined) return [];
  const more = absent.size > 1 ? ` and ${absent.size - 1} more` : "";
  return [`its list of checksums names what is not there: "${escapePath(first)}"${more}`];
}

/** Begins to look at a tar. Memory grows with the count of entries only, by 16 to 48 bytes for each. */
export function createInspection(options: InspectionOptions): Inspection {
  const hasher = createHasher();
  const clean = createCleanCheck();
  const hashes = createFileHashes(options);
  const unseen = new Set(options.fileChecksums?.keys());
  const { onFile } = options;
  let last: ListedFile | undefined;

  const scanner = createScanner({
    entry(entry: Entry, meta: EntryMeta) {
      clean.entry(entry, meta);
      last = onFile && listed(entry);
      unseen.delete(entry.path);
      if (entry.type === "file") hashes.start(entry);
    },
    data: (chunk) => hashes.update(chunk),
    endEntry() {
      const digest = hashes.end();
      if (last !== undefined) onFile?.(digest === undefined ? last : { ...last, digest });
    },
  });

  return {
    write(chunk) {
      hasher.update(chunk);
      scanner.write(chunk);
    },
    end() {
      clean.end(scanner.end());
      const { digest, size } = hasher.end();
      const result = clean.result();
      const warnings = [...result.warnings, ...absentWarnings(unseen)];
      return { ...result, warnings, diffId: digest, uncompressedSize: size };
    },
  };
}
