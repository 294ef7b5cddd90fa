/**
 * Rows of building: 20 packages that are gzipped tars become a layout.
 *
 * @module
 */

import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Data } from "../data/data.js";
import { openLayout } from "../images.js";
import { type BuildPlace, coldBuild, ladingBuild } from "../lading.js";
import { buildahLayers } from "../peers/buildah.js";
import { containerify } from "../peers/containerify.js";
import { craneAppend } from "../peers/crane.js";
import { runStep } from "../processes.js";
import { BARE_NODE, type Side } from "../side.js";
import { type Bench, installed, type RowMaker } from "./row.js";

const cold: RowMaker = {
  id: "cold",
  async plan({ data, tools }) {
    const { gz } = await data.packages();
    const title = "20 × .tar.gz into a layout, nothing known, every check on";
    const against = installed({
      side: craneAppend(tools, gz),
      sameness: "layers",
      goal: { kind: "times", bar: 0.4, aim: 0.28 },
    });
    return [{ id: "cold", title, ours: coldBuild(gz), against }];
  },
};

const layers: RowMaker = {
  id: "buildah",
  async plan({ data, tools }) {
    const { gz } = await data.packages();
    const title = "the same against buildah, a layer for each package";
    const goal = { kind: "times", bar: 0.05, aim: 0.03 } as const;
    const against = installed({ side: buildahLayers(tools, gz), sameness: "tree", goal });
    return [{ id: "buildah", title, ours: coldBuild(gz), against }];
  },
};

/** A store that knows all of `files`, and a layout with the image. */
async function warmPlace(bench: Bench, files: readonly string[]) {
  const root = await bench.folder();
  const place = { store: join(root, "store"), layout: join(root, "image") };
  await runStep(ladingBuild(files, place), { report: join(root, "time") });
  return place;
}

const again: RowMaker = {
  id: "unchanged",
  async plan(bench) {
    const { gz } = await bench.data.packages();
    const place = await warmPlace(bench, gz);
    const ours = warmBuild(gz, place);
    const against = installed(
      { side: BARE_NODE, sameness: "nothing", goal: { kind: "more", bar: 40, aim: 20 } },
      { side: craneAppend(bench.tools, gz), sameness: "layers" },
    );
    const notes = ["crane keeps nothing between runs and does all of it again"];
    return [{ id: "unchanged", title: "the same again, nothing changed", ours, against, notes }];
  },
};

const changed: RowMaker = {
  id: "one-changed",
  async plan(bench) {
    const { gz, tar } = await bench.data.packages();
    const place = await warmPlace(bench, gz);
    const at = await middleOf(gz);
    /** A side whose every attempt gets the package with content that nobody saw before: of the same round, the same. */
    const varying = (name: string, make: (file: string) => Side | undefined): Side => {
      let round = 0;
      return {
        name,
        start: async (folder) => {
          const side = make(await bench.data.changed(tar[at] ?? "", round++, folder));
          if (side === undefined) throw new Error("the program went away");
          return await side.start(folder);
        },
      };
    };
    const ours = varying("lading build, one of 20 changed", (file) => warmBuild(gz.with(at, file), place));
    const alone = varying("lading build of that one alone", (file) => withoutOwnLayer(coldBuild([file])));
    const crane =
      bench.tools.find("crane") && varying("crane append", (file) => craneAppend(bench.tools, gz.with(at, file)));
    const against = installed(
      { side: alone, sameness: "contains", goal: { kind: "more", bar: 40, aim: 20 } },
      { side: crane || undefined, sameness: "layers" },
    );
    const notes = [
      "the cost of the one is that of building it from nothing, start-up included; it is the package of middle size",
    ];
    return [{ id: "one-changed", title: "the same again, one of 20 changed", ours, against, notes, varies: true }];
  },
};

/** A build into a store and a layout that are there. */
function warmBuild(files: readonly string[], place: BuildPlace): Side {
  return {
    name: "lading build again",
    start: async () => ({ steps: [ladingBuild(files, place)], image: () => openLayout(place.layout, "t") }),
  };
}

/** The same side, of whose image only the first layer is looked at: lading's own depends on all below it. */
function withoutOwnLayer(side: Side): Side {
  const start: Side["start"] = async (folder) => {
    const attempt = await side.start(folder);
    const image = async () => ({ layers: (await attempt.image?.())?.layers.slice(0, 1) ?? [] });
    return { ...attempt, image };
  };
  return { ...side, start };
}

/** The place of the file of middle size. */
async function middleOf(files: readonly string[]): Promise<number> {
  const sizes = await Promise.all(files.map(async (file, at) => ({ at, size: (await stat(file)).size })));
  return sizes.sort((left, right) => left.size - right.size)[files.length >> 1]?.at ?? 0;
}

const single: RowMaker = {
  id: "one-large",
  async plan({ data, tools }) {
    const file = await data.archive({ bytes: data.scale.single }, "tar.gz");
    const goal = { kind: "times", bar: 0.5, aim: 0.32 } as const;
    const against = installed({ side: craneAppend(tools, [file]), sameness: "layers", goal });
    return [
      {
        id: "one-large",
        title: `one .tar.gz of ${data.scale.single / 1e6} MB of tar`,
        ours: coldBuild([file]),
        against,
      },
    ];
  },
};

const smallFiles: RowMaker = {
  id: "small-image",
  async plan({ data, tools }) {
    const file = await data.archive({ files: data.scale.smallFiles }, "tar.gz");
    const against = installed(
      { side: craneAppend(tools, [file]), sameness: "layers" },
      { side: containerify(tools, [file]), sameness: "tree" },
    );
    return [
      {
        id: "small-image",
        title: `one .tar.gz of ${data.scale.smallFiles} small files`,
        ours: coldBuild([file]),
        against,
      },
    ];
  },
};

/** Many packages, of which none is large. */
function many(id: string, what: string, make: (data: Data) => Promise<readonly string[]>): RowMaker {
  return {
    id,
    async plan({ data, tools }) {
      const files = await make(data);
      const goal = { kind: "times", bar: 0.6, aim: 0.4 } as const;
      const against = installed({ side: craneAppend(tools, files), sameness: "layers", goal });
      const ours = coldBuild(files, ["--max-layers", String(files.length + 1)]);
      const notes = [
        "as many layers as packages, as crane makes them; lading by itself makes no more than engines can stack",
      ];
      return [{ id, title: `${files.length} ${what}`, ours, against, notes }];
    },
  };
}

const tiny = many("tiny", "packages of one file each", (data) => data.tiny(data.scale.tinyPackages));
const small = many("small-packages", "packages of 20 files and 200 kB each", (data) =>
  data.smallPackages(data.scale.tinyPackages),
);

export const BUILD_ROWS: readonly RowMaker[] = [cold, layers, again, changed, single, smallFiles, tiny, small];
