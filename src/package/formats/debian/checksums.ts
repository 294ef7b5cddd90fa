/**
 * `md5sums`: the checksums that a Debian package carries of its files.
 *
 * @see https://manpages.debian.org/bookworm/dpkg-dev/deb-md5sums.5.en.html
 * @module
 */

import { LadingError } from "../../../errors.js";

const LINE = /^(\\?)([0-9a-fA-F]{32}) [ *](.+)$/s;
const ESCAPES: Readonly<Record<string, string>> = { "\\\\": "\\", "\\n": "\n", "\\r": "\r" };

function entryPath(path: string): string {
  return path.replace(/^(?:\.?\/+)+/, "");
}

/**
 * Reads `md5sums`: lines of 32 hex digits, two spaces and a path.
 *
 * @param text The file's bytes, one character per byte (latin1).
 * @param source The package, as messages name it.
 * @returns MD5 in lower-case hex by path as in `Entry.path`.
 * @throws {LadingError} `CORRUPT`, with the line, for any other line, and for two different checksums of one path.
 */
export function parseMd5sums(text: string, source: string): ReadonlyMap<string, string> {
  const checksums = new Map<string, string>();
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "") continue;
    const [, escaped, digits = "", written = ""] = LINE.exec(line) ?? [];
    const hex = digits.toLowerCase();
    const name = escaped === "\\" ? written.replace(/\\[\\nr]/g, (match) => ESCAPES[match] ?? match) : written;
    const path = entryPath(name);
    if (path === "" || (checksums.get(path) ?? hex) !== hex) {
      const why = `line ${index + 1} of its md5sums is not an MD5 and a path, or contradicts another`;
      const message = `Cannot read ${JSON.stringify(source)}: ${why}; ask the package's maker to correct it`;
      throw new LadingError("CORRUPT", message, { what: source, why });
    }
    checksums.set(path, hex);
  }
  return checksums;
}
