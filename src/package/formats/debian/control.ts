/**
 * Control paragraphs: the fields that describe a Debian package.
 *
 * @see https://manpages.debian.org/bookworm/dpkg-dev/deb822.5.en.html
 * @module
 */

import { LadingError } from "../../../errors.js";

/** One paragraph. */
export interface ControlParagraph {
  /** The paragraph as it stands, without the empty lines around it, ending in one line feed. */
  readonly text: string;
  /**
   * Values by field name in lower case. White space around a value is gone; a value of several lines keeps its line feeds
   * and the indentation of the further lines.
   */
  readonly fields: ReadonlyMap<string, string>;
}

/** Printable ASCII but the colon; neither `#` nor `-` first. */
const FIELD = /^([!"$-,.-9;-~][!-9;-~]*)[ \t]*:(.*)$/s;
const BLANK = /^[ \t]*$/;
/** Characters of an offending line that a message shows. */
const SHOWN = 60;

function refuse(source: string, line: number, why: string): LadingError<"SYNTAX"> {
  const message = `Cannot read control file of ${JSON.stringify(source)}: line ${line} ${why}; ask the package's maker to correct it`;
  return new LadingError("SYNTAX", message, { kind: "control file", path: source, line });
}

function show(line: string): string {
  return JSON.stringify(line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line);
}

/** The lines of the one paragraph, and the number of the line before its first. */
function paragraphLines(text: string, source: string): { readonly lines: readonly string[]; readonly before: number } {
  const all = text.split("\n");
  const first = all.findIndex((line) => !BLANK.test(line));
  if (first === -1) throw refuse(source, 1, "and all others are empty, expected fields");
  const blank = all.findIndex((line, index) => index > first && line !== "" && BLANK.test(line));
  if (blank !== -1) throw refuse(source, blank + 1, 'is blank, expected " ."');
  const length = all.slice(first).findIndex((line) => BLANK.test(line));
  const lines = length === -1 ? all.slice(first) : all.slice(first, first + length);
  const second = all.findIndex((line, index) => index > first + lines.length && !BLANK.test(line));
  if (second !== -1) throw refuse(source, second + 1, "starts a second paragraph, expected one");
  return { lines, before: first };
}

/** The values' lines by field name, in lower case. */
function gather(lines: readonly string[], before: number, source: string): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const [index, line] of lines.entries()) {
    const number = before + index + 1;
    if (line.startsWith(" ") || line.startsWith("\t")) {
      if (current === undefined) throw refuse(source, number, "continues a field, but none came before it");
      current.push(line.trimEnd());
      continue;
    }
    const [, name, value] = FIELD.exec(line) ?? [];
    if (name === undefined || value === undefined)
      throw refuse(source, number, `is ${show(line)}, expected "Field: value"`);
    if (fields.has(name.toLowerCase()))
      throw refuse(source, number, `has field ${name} a second time, expected it once`);
    current = [value.trim()];
    fields.set(name.toLowerCase(), current);
  }
  return fields;
}

/**
 * Reads the one paragraph of a binary package's control file.
 *
 * @param source The package, as messages name it.
 * @throws {LadingError} `SYNTAX`, with the line, for no paragraph or a second one, a line that is neither a field nor
 * continues one, or is blank but not empty, a field that comes twice (letter case aside), and a NUL character.
 */
export function parseControl(text: string, source: string): ControlParagraph {
  const nul = text.indexOf("\0");
  if (nul !== -1) throw refuse(source, text.slice(0, nul).split("\n").length, "has a NUL character");
  const { lines, before } = paragraphLines(text, source);
  const fields = gather(lines, before, source);
  return {
    text: `${lines.join("\n")}\n`,
    fields: new Map([...fields].map(([name, value]) => [name, value.join("\n").trim()])),
  };
}
