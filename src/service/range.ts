/**
 * Ranges: which bytes a request wants, and where a chunk stands.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14
 * @module
 */

/** From `start` to before `end`, in bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The one range of a `Range` header, cut to `size` bytes. Undefined: none, several or another unit, which a server may
 * answer with everything. `unsatisfiable`: none of it is there.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | "unsatisfiable" | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.replace(/\s/g, "") ?? "");
  if (match === null) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(Number(last) + 1, size);
  return start < end ? { start, end } : "unsatisfiable";
}

/** `Content-Range` of a chunk: `0-1023`, inclusive. Undefined where it is none. */
export function parseChunkRange(header: string): ByteRange | undefined {
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim());
  if (match === null) return undefined;
  const range = { start: Number(match[1]), end: Number(match[2]) + 1 };
  return range.start < range.end ? range : undefined;
}
