/**
 * Examples in documentation, taken out to be run.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./root.js";
import { readSources } from "./source.js";

/** A fenced block. */
export interface Example {
  /** Where it stands: `src/errors.ts:78`. */
  readonly title: string;
  readonly code: string;
}

/** Fenced blocks of one language, of a text whose comment stars are gone already. */
function blocksOf(path: string, text: string, language: string): Example[] {
  const fence = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm");
  return [...text.matchAll(fence)].map((match) => ({
    title: `${path}:${text.slice(0, match.index).split("\n").length}`,
    code: match[1] ?? "",
  }));
}

/** README's blocks of a language, in order. */
export async function readmeExamples(language: string): Promise<readonly Example[]> {
  return blocksOf("README.md", await readFile(join(root, "README.md"), "utf8"), language);
}

/** Every `ts` block in the doc comments of src. */
export async function sourceExamples(): Promise<readonly Example[]> {
  const sources = await readSources("src");
  return sources.flatMap(({ path, text }) => blocksOf(path, text.replace(/^ *\* ?/gm, ""), "ts"));
}
