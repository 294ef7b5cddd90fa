/**
 * pigz and zstd, with xz before them where the input is: compression alone, no hashes and no image.
 *
 * @module
 */

import { basename, join } from "node:path";
import { openFiles } from "../images.js";
import type { Side } from "../side.js";
import type { Tools } from "../tools.js";

function compressor(name: string, argv: readonly string[], files: readonly string[]): Side {
  return {
    name,
    hasChildren: argv[0] === "sh",
    start: async (folder) => {
      const outputs = files.map((file) => join(folder, `${basename(file)}.out`));
      const steps = files.map((file, at) => ({ argv: [...argv, file], stdout: outputs[at] ?? "" }));
      return { steps, image: () => openFiles(outputs) };
    },
  };
}

/** `pigz -6 -p2 -n -c TAR`, one after the other. */
export function pigz(tools: Tools, tars: readonly string[]): Side | undefined {
  const path = tools.find("pigz");
  return path === undefined ? undefined : compressor("pigz -6 -p2", [path, "-6", "-p2", "-n", "-c"], tars);
}

/** `xz -dc FILE | pigz -6 -p2 -n -c`, one after the other. */
export function xzPigz(tools: Tools, files: readonly string[]): Side | undefined {
  const [xz, path] = [tools.find("xz"), tools.find("pigz")];
  if (xz === undefined || path === undefined) return undefined;
  const script = 'set -e; "$0" -dc "$2" | "$1" -6 -p2 -n -c';
  return compressor("xz -dc | pigz -6 -p2", ["sh", "-c", script, xz, path], files);
}

/** `zstd -3 -T2 -c TAR`, one after the other. */
export function zstd(tools: Tools, tars: readonly string[]): Side | undefined {
  const path = tools.find("zstd");
  return path === undefined ? undefined : compressor("zstd -3 -T2", [path, "-q", "-3", "-T2", "-c"], tars);
}
