/**
 * The programs that lading is measured against, as far as they are installed.
 *
 * @module
 */

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { output } from "./processes.js";

/** Name of a peer -> how it tells its version. `peers/install.sh` gets all of them without root. */
const VERSIONS = {
  crane: ["version"],
  umoci: ["--version"],
  "umoci-0.6": ["--version"],
  buildah: ["--version"],
  skopeo: ["--version"],
  pigz: ["--version"],
  zstd: ["--version"],
  xz: ["--version"],
  containerify: ["--version"],
  "docker-registry": ["--version"],
} as const;

export type ToolName = keyof typeof VERSIONS;

export interface Tools {
  /** The path of a program, or undefined where it is missing. */
  find(name: ToolName): string | undefined;
  /** What a program says that it is: `1.28.2`; undefined where it is missing. */
  version(name: ToolName): Promise<string | undefined>;
  /** Lines for people: what is here, and which are missing. */
  describe(): Promise<readonly string[]>;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Looks in `folder` first, where `peers/install.sh` puts what it gets, then on PATH. */
export function findTools(folder: string): Tools {
  const folders = [folder, ...(process.env.PATH ?? "").split(delimiter)];
  const find = (name: ToolName) => folders.map((each) => join(each, name)).find(isProgram);
  const version = async (name: ToolName) => {
    const path = find(name);
    if (path === undefined) return undefined;
    const text = await output([path, ...VERSIONS[name]]).catch(() => "");
    return /\d+(?:\.\d+)+/.exec(text)?.[0] ?? "?";
  };
  return {
    find,
    version,
    async describe() {
      const names = Object.keys(VERSIONS) as ToolName[];
      const missing = names.filter((name) => find(name) === undefined);
      const there = names.filter((name) => !missing.includes(name));
      const found = await Promise.all(there.map(async (name) => `${name} ${await version(name)}`));
      const lost = missing.length === 0 ? [] : [`not installed, so not compared: ${missing.join(", ")}`];
      return [`peers: ${found.join(", ") || "none"}`, ...lost];
    },
  };
}
