/**
 * Rows of growth: time at 1×, 4× and 16× the bytes, files and packages; and memory where the input is as large as can be.
 *
 * @module
 */

import type { Data, Scale } from "../data/data.js";
import type { Plan } from "../harness.js";
import { coldBuild } from "../lading.js";
import type { RowMaker } from "./row.js";

/** Of what a row of growth is made. */
export const STEPS = [1, 4, 16] as const;

function growing(
  id: string,
  what: string,
  filesOf: (data: Data, times: number) => Promise<readonly string[]>,
): RowMaker {
  return {
    id,
    async plan({ data }) {
      // What any build takes would hide how the rest grows.
      const least = coldBuild(await data.tiny(1));
      const plans: Plan[] = [{ id: `${id} 0×`, title: `growth with ${what}`, ours: least, against: [] }];
      for (const times of STEPS) {
        const ours = coldBuild(await filesOf(data, times));
        plans.push({ id: `${id} ${times}×`, title: `growth with ${what}`, ours, against: [] });
      }
      return plans;
    },
  };
}

const MEMORY = { kind: "memory", bar: 150e6, aim: 100e6 } as const;

function large(
  id: string,
  titleOf: (scale: Scale) => string,
  filesOf: (data: Data) => Promise<readonly string[]>,
  flags: readonly string[] = [],
): RowMaker {
  return {
    id,
    heavy: true,
    async plan({ data }) {
      const title = `memory: ${titleOf(data.scale)}`;
      return [{ id, title, ours: coldBuild(await filesOf(data), flags), goal: MEMORY, against: [], rounds: 1 }];
    },
  };
}

export const GROWTH_ROWS: readonly RowMaker[] = [
  growing("grow-bytes", "bytes", async (data, times) => [
    await data.archive({ bytes: data.scale.growth.bytes * times }, "tar.gz"),
  ]),
  growing("grow-files", "files", async (data, times) => [
    await data.archive({ files: data.scale.growth.files * times }, "tar.gz"),
  ]),
  growing("grow-packages", "packages", (data, times) => data.tiny(data.scale.growth.packages * times)),
  large(
    "heavy-bytes",
    ({ heavyBytes }) => `a layer of ${(heavyBytes / 1e9).toFixed(1)} GB`,
    async (data) => [await data.heavyBytes()],
  ),
  large(
    "heavy-files",
    ({ heavyFiles }) => `a layer of ${heavyFiles} files`,
    async (data) => [await data.heavyFiles()],
  ),
  // One image takes no more than 127 layers.
  large(
    "heavy-packages",
    ({ tinyPackages }) => `${tinyPackages} packages in one image`,
    (data) => data.tiny(data.scale.tinyPackages),
    ["--squash"],
  ),
];
