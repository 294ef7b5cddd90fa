/**
 * `control.tar`: the small archive inside of a `.deb` that says what the package is.
 *
 * @module
 */

import { isLadingError, LadingError } from "../../../errors.js";
import type { ByteStream, IoOptions } from "../../../stream/bytes.js";
import { decompress } from "../../../stream/codec.js";
import { detectCompression } from "../../../stream/detect.js";
import { limited } from "../../../stream/limit.js";
import { peek } from "../../../stream/peek.js";
import type { Entry } from "../../../tar/entry.js";
import { scanTar } from "../../../tar/scan.js";

/** What lading reads of it. */
export interface ControlArchive {
  /** The file `control`. */
  readonly control: Buffer;
  /** The file `md5sums`, where the package has one. */
  readonly md5sums?: Buffer;
}

/** Bytes that the archive may have, uncompressed (16 MiB). */
const MAX_SIZE = 16 * 1024 * 1024;
const WANTED: ReadonlySet<string> = new Set(["control", "md5sums"]);

function corrupt(source: string, why: string, cause?: unknown): LadingError<"CORRUPT"> {
  const message = `Cannot read ${JSON.stringify(source)}: ${why}; fetch it again`;
  return new LadingError("CORRUPT", message, { what: source, why }, { cause });
}

async function* unpacked(stream: ByteStream, source: string, options: IoOptions): ByteStream {
  const { head, stream: whole } = await peek(stream);
  const what = `control.tar of ${source}`;
  yield* limited(decompress(whole, detectCompression(head), { ...options, what }), MAX_SIZE, what);
}

/** The wanted files by name. */
async function gather(stream: ByteStream, source: string, options: IoOptions): Promise<Map<string, Buffer[]>> {
  const files = new Map<string, Buffer[]>();
  let current: Buffer[] | undefined;
  const entry = ({ path, type }: Entry): void => {
    current = undefined;
    if (type !== "file" || !WANTED.has(path)) return;
    if (files.has(path)) throw corrupt(source, `its control.tar has ${path} twice`);
    current = [];
    files.set(path, current);
  };
  const data = (chunk: Uint8Array): void => {
    current?.push(Buffer.from(chunk));
  };
  await scanTar(unpacked(stream, source, options), { entry, data }, options);
  return files;
}

/**
 * Reads the files of a control archive that lading needs. The compression is seen from the content.
 *
 * @param stream The member's bytes.
 * @param source The package, as messages name it.
 * @throws {LadingError} `CORRUPT` for a damaged archive, one without `control`, and one with a file twice.
 * @throws {LadingError} `TOO_LARGE` above 16 MiB uncompressed.
 */
export async function readControlArchive(
  stream: ByteStream,
  source: string,
  options: IoOptions = {},
): Promise<ControlArchive> {
  try {
    const files = await gather(stream, source, options);
    const control = files.get("control");
    const md5sums = files.get("md5sums");
    if (control === undefined) throw corrupt(source, "its control.tar has no file control");
    return { control: Buffer.concat(control), ...(md5sums ? { md5sums: Buffer.concat(md5sums) } : {}) };
  } catch (error) {
    const isDamage =
      isLadingError(error, "FORMAT") || isLadingError(error, "UNSAFE_ENTRY") || isLadingError(error, "CORRUPT");
    if (!isDamage || (isLadingError(error, "CORRUPT") && error.detail.what === source)) throw error;
    throw corrupt(source, `its control.tar is damaged (${error.message})`, error);
  }
}
