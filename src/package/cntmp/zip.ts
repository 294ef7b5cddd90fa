/**
 * Reading a zip file member by member.
 *
 * The central directory says what is there, as for every common tool; a member's own header only tells where its bytes are.
 *
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 * @module
 */

import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import type { Entry, Options, ZipFile } from "yauzl";
import { ioError, isLadingError, LadingError } from "../../errors.js";
import type { ByteStream, IoOptions } from "../../stream/bytes.js";
import type { DecompressLimits } from "../../stream/codec.js";

/** A file inside a zip file. */
export interface ZipMember {
  readonly name: string;
  /** Bytes as they are stored, and as they come out. */
  readonly storedSize: number;
  readonly size: number;
  /** Where its bytes stand in the zip file, `end` exclusive, where they stand there as they are; else undefined. */
  readonly range: { readonly start: number; readonly end: number } | undefined;
  /** Its bytes, checked against size and CRC, afresh at each call. Throws `CORRUPT`, `TOO_LARGE`. */
  open(options?: IoOptions & { readonly limits?: DecompressLimits | undefined }): ByteStream;
}

/** A zip file that is open. */
export interface OpenZip {
  /** In the order of the directory, folders left out. */
  readonly members: readonly ZipMember[];
  close(): void;
}

/** Members that a zip file may have: more are of no use here, and each costs memory. */
const MAX_MEMBERS = 20_000;
const STORED = 0;
/** How far a member may grow unless limits say something else, as for every other compression. */
const MAX_RATIO = 500;
const RATIO_FLOOR = 16 * 1024 * 1024;

function corrupt(path: string, why: string, cause?: unknown): LadingError<"CORRUPT"> {
  const message = `Cannot import "${path}": its zip is damaged: ${why}; export it again`;
  return new LadingError("CORRUPT", message, { what: path, why }, { cause });
}

/** A file without a directory at its end was cut short, or only begins as a zip file does. */
function noDirectory(path: string): LadingError<"FORMAT"> {
  const [wanted, found] = [
    "a Debian package, an export file, or a tarball with its JSON beside it",
    "a zip archive without its end",
  ];
  const message = `Cannot import "${path}": it is ${found}, wanted ${wanted}; fetch or export it again`;
  return new LadingError("FORMAT", message, { wanted, found, path });
}

/** What the zip library throws, as an error of lading's. */
function toCorrupt(error: unknown, path: string): unknown {
  if (isLadingError(error) || (error instanceof Error && error.name === "AbortError")) return error;
  const known = ioError(error, "read", path);
  if (known !== error) return known;
  const why = error instanceof Error ? error.message : String(error);
  return /^End of central directory record signature not found/.test(why)
    ? noDirectory(path)
    : corrupt(path, why.replace(/\.$/, ""), error);
}

function checkGrowth(entry: Entry, path: string, limits: DecompressLimits = {}): void {
  const { maxRatio = MAX_RATIO, ratioFloor = RATIO_FLOOR, maxBytes = Number.POSITIVE_INFINITY } = limits;
  const { compressedSize, uncompressedSize: size, fileName } = entry;
  const refuse = (why: string, what: string, flag: string, limit: number, actual: number) => {
    const message = `Cannot read "${fileName}" in "${path}": it becomes ${why}; raise ${what} (${flag}) if you trust it`;
    return new LadingError("TOO_LARGE", message, { what, limit, actual });
  };
  if (size > maxBytes) throw refuse(`more than ${maxBytes} bytes`, "maxBytes", "--max-size", maxBytes, size);
  if (size > ratioFloor && size > compressedSize * maxRatio) {
    const why = `more than ${maxRatio} times as large as it is, like a decompression bomb`;
    throw refuse(why, "maxRatio", "--max-ratio", maxRatio, Math.ceil(size / Math.max(1, compressedSize)));
  }
}

async function* readMember(zip: ZipFile, entry: Entry, path: string, signal?: AbortSignal): ByteStream {
  let sum = 0;
  try {
    signal?.throwIfAborted();
    const stream = await zip.openReadStreamPromise(entry);
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      signal?.throwIfAborted();
      sum = crc32(chunk, sum);
      yield chunk;
    }
  } catch (error) {
    throw toCorrupt(error, path);
  }
  if (sum !== entry.crc32 >>> 0) throw corrupt(path, `"${entry.fileName}" does not have the CRC that it should have`);
}

async function toMember(zip: ZipFile, entry: Entry, path: string): Promise<ZipMember> {
  const { fileName: name, compressedSize: storedSize, uncompressedSize: size } = entry;
  if (!entry.canDecodeFileData()) {
    const why = entry.isEncrypted() ? "is encrypted" : `is compressed with method ${entry.compressionMethod}`;
    const message = `Cannot read "${name}" in "${path}": it ${why}, expected stored or deflated; export it again`;
    throw new LadingError("UNSUPPORTED", message, { what: "member of a zip file" });
  }
  const { fileDataStart: start } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  const range = entry.compressionMethod === STORED ? { start, end: start + storedSize } : undefined;
  if (start + storedSize > zip.fileSize) throw corrupt(path, `"${name}" goes on after the end of the file`);
  const open: ZipMember["open"] = async function* ({ signal, limits } = {}) {
    checkGrowth(entry, path, limits);
    yield* readMember(zip, entry, path, signal);
  };
  return { name, storedSize, size, range, open };
}

async function readMembers(zip: ZipFile, path: string): Promise<readonly ZipMember[]> {
  if (zip.entryCount > MAX_MEMBERS) {
    const message = `Cannot import "${path}": it says that it has ${zip.entryCount} members, expected at most ${MAX_MEMBERS}`;
    throw new LadingError("TOO_LARGE", message, { what: "members", limit: MAX_MEMBERS, actual: zip.entryCount });
  }
  const members = new Map<string, ZipMember>();
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName.endsWith("/")) continue;
    if (members.has(entry.fileName)) throw corrupt(path, `it has "${entry.fileName}" twice`);
    members.set(entry.fileName, await toMember(zip, entry, path));
  }
  return [...members.values()];
}

/**
 * Opens a zip file and reads its directory; whoever opens it closes it. Deflated and stored members are known, ZIP64 too.
 *
 * @throws {LadingError} `FORMAT` where there is no directory. `CORRUPT` for a directory or header that breaks the format, a member that overlaps the file's end, a
 * name twice, or one that would climb out of a folder. `UNSUPPORTED` for an encrypted member or another compression.
 * `TOO_LARGE` above 20,000 members. `IO` for what the operating system says.
 */
export async function openZip(path: string): Promise<OpenZip> {
  const { default: yauzl } = await import("yauzl");
  const open = promisify<string, Options, ZipFile>(yauzl.open);
  try {
    const zip = await open(path, { lazyEntries: true, autoClose: false });
    try {
      return { members: await readMembers(zip, path), close: () => zip.close() };
    } catch (error) {
      zip.close();
      throw error;
    }
  } catch (error) {
    throw toCorrupt(error, path);
  }
}
