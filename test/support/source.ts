/**
 * The project's own source, as text, for the tests that hold its rules. The TypeScript package has no compiler interface
 * any more, and the formatter makes the text regular enough.
 *
 * @module
 */

import { readdir, readFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { root } from "./root.js";

/** One TypeScript file. */
export interface Source {
  /** From the repository's root, such as `src/oci/digest.ts`. */
  readonly path: string;
  readonly text: string;
  /** `text` without comments that stand on lines of their own. */
  readonly code: string;
}

/** What a file imports. */
export interface Import {
  /** As it is written. */
  readonly specifier: string;
  /** From the repository's root with `.ts`, where the specifier is relative. */
  readonly target: string | undefined;
  /** The exported names that are taken; undefined where that cannot be told. */
  readonly names: readonly string[] | undefined;
  readonly dynamic: boolean;
}

const stripComments = (text: string) => text.replace(/^\s*\/\*[\s\S]*?\*\//gm, "").replace(/^\s*\/\/.*$/gm, "");

/** Every `.ts` file below a folder of the repository, sorted; none where the folder is absent. */
export async function readSources(folder: string): Promise<readonly Source[]> {
  const names = await readdir(join(root, folder), { recursive: true }).catch(() => []);
  const paths = names.filter((name) => name.endsWith(".ts")).map((name) => posix.join(folder, name));
  return Promise.all(
    paths.sort().map(async (path) => {
      const text = await readFile(join(root, path), "utf8");
      return { path, text, code: stripComments(text) };
    }),
  );
}

const STATIC = /^(?:import|export)\s+(?:type\s+)?(?:([^"';]*?)\s+from\s+)?["']([^"'\n]+)["'];/gm;
const DYNAMIC = /(?:(?:const|let)\s+(\{[^}]*\}|\w+)\s*=\s*await\s+)?\b(?:import|require)\(\s*(?:["']([^"']+)["'])?/g;

/** The names inside `{ a, type B, c as d }`; undefined for `* as x`, a default import, and nothing at all. */
function namesOf(clause: string | undefined): string[] | undefined {
  const list = /^\{([\s\S]*)\}$/.exec(clause?.trim() ?? "")?.[1];
  if (list === undefined) return undefined;
  const names = list.split(",").map((item) => item.trim().replace(/^type\s+/, ""));
  return names.map((item) => item.split(/\s+as\s+|\s*:\s*/)[0]?.trim() ?? "").filter((name) => name !== "");
}

/** All imports of a file: static, dynamic, of types, and what it re-exports. An import of a computed name is `(computed)`. */
export function importsOf({ path, code }: Source): readonly Import[] {
  const make = (specifier: string, clause: string | undefined, dynamic: boolean): Import => ({
    specifier,
    target: specifier.startsWith(".") ? posix.join(dirname(path), specifier).replace(/\.js$/, ".ts") : undefined,
    names: namesOf(clause),
    dynamic,
  });
  return [
    ...[...code.matchAll(STATIC)].map((match) => make(match[2] ?? "", match[1], false)),
    ...[...code.matchAll(DYNAMIC)].map((match) => make(match[2] ?? "(computed)", match[1], true)),
  ];
}

/** Own lines of each function: those of functions inside it are not counted. Relies on the formatter's indentation. */
export function functionLengths({ text }: Source): readonly { name: string; line: number; lines: number }[] {
  const lines = text.split("\n");
  const found = lines.flatMap((line, start) => {
    const name = FUNCTION.exec(line)?.slice(2).find(Boolean);
    const indent = /^ */.exec(line)?.[0] ?? "";
    if (name === undefined || NOT_FUNCTION.test(name)) return [];
    const end = lines.findIndex((other, index) => index > start && closes(other, indent));
    return end < 0 || oneLine(line) ? [] : [{ name, start, end }];
  });
  return found.map(({ name, start, end }) => {
    const inner = found.filter((other) => other.start > start && other.end < end);
    const outermost = inner.filter((one) => !inner.some((other) => other.start < one.start && other.end > one.end));
    const nested = outermost.reduce((sum, one) => sum + one.end - one.start + 1, 0);
    return { name, line: start + 1, lines: end - start + 1 - nested };
  });
}

const FUNCTION =
  /^( *)(?:export )?(?:(?:async )?function\*? ?(\w+)|(?:const|let) (\w+) = (?:async )?(?:\(|function\b|\w+ =>)|(?:async )?\*?(?:get |set )?#?(\w+)(?:<[^>]*>)?\(|(\w+): (?:async )?(?:\(|function\b))/;
const NOT_FUNCTION = /^(?:if|for|while|switch|catch|return|await|throw|super|import)$/;

const oneLine = (line: string) => /[;,]$/.test(line) && !/\($/.test(line);
const closes = (line: string, indent: string) =>
  line.startsWith(`${indent}}`) && !line.endsWith("{") ? true : line.startsWith(`${indent})`) && /[;,]$/.test(line);
