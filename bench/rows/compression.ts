/**
 * Rows of compression: 20 uncompressed tars become a layout.
 *
 * @module
 */

import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { sizeOf } from "../content.js";
import { coldBuild } from "../lading.js";
import { pigz, xzPigz, zstd } from "../peers/compressors.js";
import { umociAddLayers } from "../peers/umoci.js";
import { runStep } from "../processes.js";
import type { Side } from "../side.js";
import { type Bench, installed, type RowMaker } from "./row.js";

const gzip: RowMaker = {
  id: "gzip",
  async plan({ data, tools }) {
    const { tar } = await data.packages();
    const goal = { kind: "times", bar: 0.65, aim: 0.5 } as const;
    const against = installed({ side: pigz(tools, tar), sameness: "layers", goal, noLarger: true });
    return [{ id: "gzip", title: "tar to gzip, no larger than pigz -6", ours: coldBuild(tar), against }];
  },
};

const xz: RowMaker = {
  id: "xz",
  async plan({ data, tools }) {
    const { xz: files } = await data.packages();
    const goal = { kind: "times", bar: 0.65, aim: 0.5 } as const;
    const against = installed({ side: xzPigz(tools, files), sameness: "layers", goal, noLarger: true });
    if (files.length === 0) return [];
    return [{ id: "xz", title: "tar.xz to gzip, no larger than pigz -6", ours: coldBuild(files), against }];
  },
};

/** Bytes of all layers that a side makes. */
async function layerBytes(bench: Bench, side: Side): Promise<number> {
  const folder = join(await bench.folder(), "attempt");
  await mkdir(folder);
  const attempt = await side.start(folder);
  for (const step of attempt.steps) await runStep(step, { report: `${folder}.time` });
  const image = await attempt.image?.();
  await rm(folder, { recursive: true, force: true });
  return image === undefined ? 0 : sizeOf(image);
}

/** How much longer umoci 0.4.7 takes than 0.6.0. */
const OLDER_UMOCI = 1.2;
const LEVELS = [1, 2, 3, 4, 5, 6];
/** What lading adds itself is not counted against it. */
const OWN_LAYER = 4096;

const umoci: RowMaker = {
  id: "umoci",
  async plan(bench) {
    const { tar } = await bench.data.packages();
    const side = umociAddLayers(bench.tools, tar);
    const level = side === undefined ? 2 : await levelFor(bench, tar, await layerBytes(bench, side));
    const ours = coldBuild(tar, ["--compression", `gzip:${level}`]);
    const isOlder = bench.tools.find("umoci-0.6") === undefined;
    const slower = isOlder ? OLDER_UMOCI : 1;
    const goal = { kind: "times", bar: 1.2 / slower, aim: 1 / slower } as const;
    const against = installed({ side, sameness: "layers", goal });
    const version = await bench.tools.version(isOlder ? "umoci" : "umoci-0.6");
    const notes = [
      `level ${level} is the lowest whose layers are no larger than umoci's`,
      ...(isOlder && version !== undefined
        ? [
            `this is umoci ${version}: bar and aim of 0.6, 1.2 and 1.0, divided by the ${slower} times that it takes longer`,
          ]
        : []),
    ];
    return [{ id: "umoci", title: "tar to gzip at the size that umoci gives", ours, against, notes }];
  },
};

async function levelFor(bench: Bench, tar: readonly string[], limit: number): Promise<number> {
  for (const level of LEVELS) {
    const ours = await layerBytes(bench, coldBuild(tar, ["--compression", `gzip:${level}`]));
    if (ours <= limit + OWN_LAYER) return level;
  }
  return LEVELS.at(-1) ?? 6;
}

const toZstd: RowMaker = {
  id: "zstd",
  async plan({ data, tools }) {
    const { tar } = await data.packages();
    const goal = { kind: "times", bar: 1.3, aim: 1.1 } as const;
    const ours = coldBuild(tar, ["--compression", "zstd:3"]);
    const against = installed({ side: zstd(tools, tar), sameness: "layers", goal });
    return [{ id: "zstd", title: "tar to zstd", ours, against }];
  },
};

export const COMPRESSION_ROWS: readonly RowMaker[] = [gzip, xz, umoci, toZstd];
