/**
 * `WWW-Authenticate`: how a server wants to be asked.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 * @module
 */

import { LadingError } from "../errors.js";

/** One way of authentication that a server offers. */
export interface Challenge {
  /** Lower case: `basic`, `bearer`, … */
  readonly scheme: string;
  /** By lower-case name, quotes and escapes taken away; the first of a name counts. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Characters of header that are looked at (16 384). */
export const CHALLENGE_LIMIT = 16_384;

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*(?=\s*(?:,|$))/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const SEPARATOR = /[ \t]*,[ \t,]*|[ \t]*$/y;
const SPACE = /[ \t]*/y;
const EQUALS = /[ \t]*=[ \t]*/y;

/**
 * Reads the value of one `WWW-Authenticate` header, or of several joined with commas.
 *
 * @throws {LadingError} `SYNTAX` where it breaks the grammar, such as by a quote that does not end, has control characters,
 * or is longer than 16 384 characters.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  if (header.length > CHALLENGE_LIMIT) throw malformed("it is longer than 16384 characters");
  if (/[^\t\P{Cc}]/u.test(header)) throw malformed("it holds control characters");
  const scanner = createScanner(header);
  const challenges: Challenge[] = [];
  scanner.take(SEPARATOR);
  while (!scanner.atEnd()) {
    const scheme = scanner.need(TOKEN, "an authentication scheme");
    scanner.take(SPACE);
    challenges.push({ scheme: scheme.toLowerCase(), parameters: readParameters(scanner) });
  }
  return challenges;
}

type Scanner = ReturnType<typeof createScanner>;

function createScanner(text: string) {
  let position = 0;
  const match = (pattern: RegExp) => {
    pattern.lastIndex = position;
    return pattern.exec(text);
  };
  return {
    atEnd: () => position >= text.length,
    /** The first group, or all, of what stands here; undefined where the pattern does not match. */
    take(pattern: RegExp): string | undefined {
      const found = match(pattern);
      if (found === null) return undefined;
      position += found[0].length;
      return found[1] ?? found[0];
    },
    need(pattern: RegExp, what: string): string {
      const found = this.take(pattern);
      if (found === undefined) throw malformed(`expected ${what} at character ${position + 1}`);
      return found;
    },
    mark: () => position,
    reset(to: number) {
      position = to;
    },
  };
}

/** What follows a scheme: parameters until the next scheme, or one token68 that nobody needs. */
function readParameters(scanner: Scanner): Record<string, string> {
  const parameters: Record<string, string> = Object.create(null);
  if (scanner.take(TOKEN68) !== undefined) {
    scanner.need(SEPARATOR, "a comma");
    return parameters;
  }
  while (!scanner.atEnd()) {
    const start = scanner.mark();
    const name = scanner.take(TOKEN);
    if (name === undefined) {
      scanner.need(SEPARATOR, "a parameter");
      continue;
    }
    if (scanner.take(EQUALS) === undefined) {
      scanner.reset(start);
      return parameters;
    }
    const quoted = scanner.take(QUOTED);
    const value = quoted?.replace(/\\(.)/g, "$1") ?? scanner.need(TOKEN, "a value, its quotes closed");
    parameters[name.toLowerCase()] ??= value;
    scanner.need(SEPARATOR, "a comma");
  }
  return parameters;
}

function malformed(why: string): LadingError<"SYNTAX"> {
  const message = `Cannot parse the registry's WWW-Authenticate header: ${why}; check that the address is a registry's`;
  return new LadingError("SYNTAX", message, { kind: "challenge" });
}
