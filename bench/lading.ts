/**
 * lading, invoked as a person would.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openLayout } from "./images.js";
import type { Side, Step } from "./side.js";

/** The compiled program. */
export const LADING = fileURLToPath(new URL("../bin/lading.cjs", import.meta.url));

/** Takes away what would change what lading does. */
const CLEAN_ENV = {
  LADING_STORE: undefined,
  SOURCE_DATE_EPOCH: undefined,
  NODE_OPTIONS: undefined,
  SLURM_CPUS_PER_TASK: undefined,
  SLURM_CPUS_ON_NODE: undefined,
} as const;

/** One call of lading. */
export function lading(args: readonly string[]): Step {
  return { argv: [process.execPath, LADING, ...args], env: CLEAN_ENV };
}

export interface BuildPlace {
  /** The local store. */
  readonly store: string;
  /** The layout that gets the image, under the name `t`. */
  readonly layout: string;
}

/** `lading build FILE… --store DIR -o oci:DIR:t --json` */
export function ladingBuild(files: readonly string[], place: BuildPlace, flags: readonly string[] = []): Step {
  const { store, layout } = place;
  return lading(["build", ...files, "--store", store, "-o", `oci:${layout}:t`, "--json", ...flags]);
}

/** A build into a store and a layout that are both new. */
export function coldBuild(files: readonly string[], flags: readonly string[] = [], name = "lading build"): Side {
  return {
    name: [name, ...flags].join(" "),
    start: async (folder) => {
      const place = { store: join(folder, "store"), layout: join(folder, "image") };
      return { steps: [ladingBuild(files, place, flags)], image: () => openLayout(place.layout, "t") };
    },
  };
}
