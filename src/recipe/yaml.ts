/**
 * YAML as recipes and their like use it: one document of YAML 1.2, no tags of anybody's own, and every value knows where it stands.
 *
 * @see https://yaml.org/spec/1.2.2/
 * @module
 */

import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  visit,
} from "yaml";
import { LadingError } from "../errors.js";

/** Bytes. */
const MAX_BYTES = 1024 * 1024;
/** Nodes that an alias may stand for, counted as the parser does. */
const MAX_ALIASES = 100;
/** Values and keys within each other. The library calls itself for each, and a full stack may end the process. */
const MAX_DEPTH = 64;

/** Line and column, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

const START: Position = { line: 1, column: 1 };

/** How messages name a text: its path, and what it is to people, such as `recipe`. */
export interface Source {
  readonly path: string;
  readonly kind: string;
}

/** A document that has been read. */
export interface YamlDocument {
  readonly value: unknown;
  /** Where the value at a path stands, or its key; for what is absent, what would hold it. */
  locate(path: readonly PropertyKey[], part: "key" | "value"): Position;
  /** The texts of the scalars in the map at a path, as they are written: `1.10`, `0x1F`. */
  writtenIn(path: readonly PropertyKey[]): ReadonlyMap<unknown, string>;
}

/**
 * Reads a YAML document.
 *
 * @throws {LadingError} `TOO_LARGE` above 1 MiB.
 * @throws {LadingError} `SYNTAX`, with line and column, for what is no YAML, a key twice, a key that is no text or is
 * `__proto__`, an unknown tag, several documents, too many aliases, and nesting that is too deep.
 */
export function parseYaml(text: string, source: Source): YamlDocument {
  if (Buffer.byteLength(text) > MAX_BYTES) {
    const { path, kind } = source;
    const message = `Cannot read "${path}": it is larger than ${MAX_BYTES} bytes, which no ${kind} is; check the path`;
    throw new LadingError("TOO_LARGE", message, { what: path, limit: MAX_BYTES });
  }
  const lines = new LineCounter();
  const document = parseTree(text, source, lines);
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    throw refuseYaml(
      source,
      positionOf(lines, problem.pos[0]),
      problem.message.split("\n")[0] ?? "it is no YAML",
      problem,
    );
  }
  checkKeys(document, source, lines);
  return {
    value: valueOfTree(document, source, lines),
    locate: (steps, part) => positionOf(lines, offsetOf(document, steps, part)),
    writtenIn(steps) {
      const map = target(document, walk(document, steps).at(-1));
      return new Map((isMap(map) ? map.items : []).flatMap(({ key, value }) => writtenPair(document, key, value)));
    },
  };
}

/** The error for a place in the document. */
export function refuseYaml(
  { path, kind }: Source,
  { line, column }: Position,
  why: string,
  cause?: unknown,
): LadingError<"SYNTAX"> {
  const detail = { kind, path, line, column };
  return new LadingError("SYNTAX", `${path}:${line}:${column}: ${why}`, detail, cause === undefined ? {} : { cause });
}

/** As `parseDocument` of the library does it, but stopped where the nesting is deeper than its recursion stands. */
function parseTree(text: string, source: Source, lines: LineCounter): Document.Parsed {
  const options = { version: "1.2", schema: "core", stringKeys: true, uniqueKeys: false, prettyErrors: false } as const;
  const composer = new Composer(options);
  const [document, another] = composer.compose(tokens(text, source, lines), true, text.length);
  if (another !== undefined) {
    throw refuseYaml(source, positionOf(lines, another.range[0]), "a second document starts here, expected one");
  }
  if (document === undefined) throw refuseYaml(source, START, "it is no YAML");
  return document;
}

function* tokens(text: string, source: Source, lines: LineCounter): Generator<CST.Token> {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length <= MAX_DEPTH) continue;
    throw refuseYaml(source, positionOf(lines, parser.offset), `it is nested deeper than ${MAX_DEPTH} levels`);
  }
  yield* parser.end();
}

function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** The library's own check of keys compares each with each. */
function checkKeys(document: Document.Parsed, source: Source, lines: LineCounter): void {
  visit(document, {
    Map(_key, map) {
      const seen = new Set<unknown>(["__proto__"]);
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        if (!seen.has(key.value)) {
          seen.add(key.value);
          continue;
        }
        const why = key.value === "__proto__" ? "is not allowed" : "comes twice, expected each key once";
        const name = JSON.stringify(String(key.value).slice(0, 80));
        throw refuseYaml(source, positionOf(lines, key.range?.[0] ?? 0), `the key ${name} ${why}`);
      }
    },
  });
}

function valueOfTree(document: Document.Parsed, source: Source, lines: LineCounter): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    let offset = 0;
    visit(document, {
      Alias(_key, alias) {
        offset = alias.range?.[0] ?? 0;
        return alias.resolve(document) === undefined ? visit.BREAK : undefined;
      },
    });
    throw refuseYaml(
      source,
      positionOf(lines, offset),
      "an alias names no anchor before it, or stands for too much",
      error,
    );
  }
}

function writtenPair(document: Document.Parsed, key: unknown, value: unknown): [unknown, string][] {
  const scalar = target(document, isNode(value) ? value : null);
  return isScalar(key) && isScalar(scalar) ? [[key.value, scalar.source ?? String(scalar.value)]] : [];
}

/** What an alias stands for; any other node itself. */
function target(document: Document.Parsed, node: Node | null | undefined): Node | null | undefined {
  return isAlias(node) ? node.resolve(document) : node;
}

/** The nodes on the way along a path, as far as it goes. */
function walk(document: Document.Parsed, path: readonly PropertyKey[]): readonly (Node | null)[] {
  const nodes: (Node | null)[] = [document.contents];
  for (const step of path) {
    const node = target(document, nodes.at(-1));
    if (!isMap(node) && !isSeq(node)) return nodes;
    const next: unknown = node.get(step, true);
    if (!isNode(next)) return nodes;
    nodes.push(next);
  }
  return nodes;
}

function offsetOf(document: Document.Parsed, path: readonly PropertyKey[], part: "key" | "value"): number {
  const nodes = walk(document, path);
  const last = path.at(-1);
  const holder = target(document, nodes[path.length - 1]);
  if (part === "key" && isMap(holder)) {
    const pair = holder.items.find((item) => isScalar(item.key) && item.key.value === last);
    if (isScalar(pair?.key) && pair.key.range) return pair.key.range[0];
  }
  return nodes.at(-1)?.range?.[0] ?? 0;
}
