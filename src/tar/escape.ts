/**
 * Names from archives as a person may safely see them.
 *
 * @module
 */

/** One well-formed UTF-8 sequence of two to four bytes, or (captured) one byte that belongs to none. */
const SEQUENCE =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|([\x80-\xff])/g;

/** Controls, format characters (bidi controls are among them), line and paragraph separators, and our own escape. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\\]/gu;

/**
 * A path's bytes as one line of text: UTF-8 is decoded; control and bidi characters become `\u{hex}`, bytes that are not
 * UTF-8 `\xhh`, and a backslash `\\`, so that different bytes never look the same.
 *
 * @param path One character per byte, as in `Entry.path`.
 */
export function escapePath(path: string): string {
  // The raw bytes are set aside first: decoded text may hold characters that look like them.
  const parts: string[] = [];
  let from = 0;
  for (const match of path.matchAll(SEQUENCE)) {
    parts.push(escapeText(path.slice(from, match.index)));
    parts.push(match[1] === undefined ? escapeText(decodeUtf8(match[0])) : `\\x${hex(match[1])}`);
    from = match.index + match[0].length;
  }
  parts.push(escapeText(path.slice(from)));
  return parts.join("");
}

function decodeUtf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function escapeText(text: string): string {
  return text.replace(UNSEEN, (character) => (character === "\\" ? "\\\\" : `\\u{${hex(character)}}`));
}

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).padStart(2, "0");
}
