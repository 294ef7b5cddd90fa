/**
 * Rows of growth: time at 1×, 4× and 16× the bytes, files and packages; and memory where the input is as large as can be.
 *
 * @module
 */

import type { Data } from "../data/data.js";
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

function heavy(id: string, title: string, filesOf: (data: Data) => Promise<readonly string[]>): RowMaker {
  return {
    id,
    heavy: true,
    async plan({ data }) {
      return [{ id, title, ours: coldBuild(await filesOf(data)), goal: MEMORY, against: [], rounds: 1 }];
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
  heavy("heavy-bytes", "memory: a layer of 10 GB", async (data) => [await data.heavyBytes()]),
  heavy("heavy-files", "memory: a layer of a million files", async (data) => [await data.heavyFiles()]),
];
