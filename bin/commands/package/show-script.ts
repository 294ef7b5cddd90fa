/**
 * A package script as `lading package show FILE.conf` prints it.
 *
 * @module
 */

import { readFile, stat } from "node:fs/promises";
import type { PackageScript } from "../../../src/index.js";
import { formatCount } from "../../cli.js";

const word = (name: string, values: readonly string[]) => values.map((value) => `${name.padEnd(15)}${value}`);
const one = (value: string | undefined) => (value === undefined ? [] : [value]);

/** Is it the path of a file that may be a script, rather than a package's name? */
export async function isScriptFile(name: string): Promise<boolean> {
  if (!name.endsWith(".conf")) return false;
  return (await stat(name).catch(() => undefined))?.isFile() === true;
}

/** Reads the script in a file. */
export async function readScript(path: string, namespace: string | undefined): Promise<PackageScript> {
  const { ioError } = await import("../../../src/errors.js");
  const { parsePackageScript } = await import("../../../src/package/script/script.js");
  const text = await readFile(path, "utf8").catch((error) => {
    throw ioError(error, "read package script", path);
  });
  return parsePackageScript(text, { path, namespace });
}

export async function scriptLines(script: PackageScript): Promise<readonly string[]> {
  const { formatRequirement } = await import("../../../src/package/capability.js");
  const requirements = (name: string, list: PackageScript["depends"]) => word(name, list.map(formatRequirement));
  const lines = script.build.split("\n").filter((line) => line.trim() !== "").length;
  return [
    ...word("fqn", [script.fqn]),
    ...word("version", one(script.version)),
    ...word("description", one(script.description)),
    ...requirements("provides", script.provides),
    ...requirements("depends", script.depends),
    ...requirements("build depends", script.buildDepends),
    ...word(
      "environment",
      Object.entries(script.environment).map(([name, value]) => `${name}=${value}`),
    ),
    ...script.sources.flatMap(({ url, sha512, sha256, sha1 }) => {
      const sum = Object.entries({ sha512, sha256, sha1 }).find(([, hex]) => hex !== undefined);
      return word("source", [`${url} ${sum === undefined ? "(no checksum)" : sum.join(":")}`]);
    }),
    ...word("include file", script.includeFiles),
    ...word("cleanup", script.cleanup),
    ...word("snapshot path", one(script.snapshotPath)),
    ...word("build", [formatCount(lines, "line")]),
  ];
}
