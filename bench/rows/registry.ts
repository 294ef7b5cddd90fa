/**
 * Rows of a registry on loopback.
 *
 * @module
 */

import { join } from "node:path";
import { openRegistryImage } from "../images.js";
import { lading, ladingBuild } from "../lading.js";
import { craneAppendPush, cranePush } from "../peers/crane.js";
import { skopeoCopy } from "../peers/skopeo.js";
import { runStep } from "../processes.js";
import { registryName, startRegistry } from "../registry.js";
import { BARE_NODE, type Side } from "../side.js";
import { type Bench, installed, type RowMaker } from "./row.js";

const NAME = "bench/image";

const straight: RowMaker = {
  id: "build-push",
  async plan({ data, tools }) {
    const { gz } = await data.packages();
    const ours: Side = {
      name: "lading build --push",
      start: async (folder) => {
        const { host, stop } = await startRegistry(tools, join(folder, "registry"));
        const to = ["-t", `${host}/${NAME}:t`, "--push", "--store", join(folder, "store"), "--json"];
        return { steps: [lading(["build", ...gz, ...to])], image: () => openRegistryImage(host, NAME, "t"), end: stop };
      },
    };
    const goal = { kind: "times", bar: 0.45, aim: 0.32 } as const;
    const against = installed({ side: craneAppendPush(tools, gz), sameness: "layers", goal });
    const notes = [`registry: ${registryName(tools)}`];
    return [{ id: "build-push", title: "assembled straight into an empty registry", ours, against, notes }];
  },
};

/** An image in a layout. */
async function builtLayout(bench: Bench): Promise<string> {
  const root = await bench.folder();
  const { gz } = await bench.data.packages();
  const place = { store: join(root, "store"), layout: join(root, "image") };
  await runStep(ladingBuild(gz, place), { report: join(root, "time") });
  return place.layout;
}

function ladingPush(bench: Bench, layout: string, host?: string): Side {
  return {
    name: host === undefined ? "lading push" : "lading push again",
    start: async (folder) => {
      const registry = host === undefined ? await startRegistry(bench.tools, join(folder, "registry")) : undefined;
      const to = registry?.host ?? host ?? "";
      const flags = ["--json", "--store", join(folder, "store")];
      return {
        steps: [lading(["push", `oci:${layout}:t`, `docker://${to}/${NAME}:t`, ...flags])],
        image: () => openRegistryImage(to, NAME, "t"),
        ...(registry && { end: registry.stop }),
      };
    },
  };
}

const push: RowMaker = {
  id: "push",
  async plan(bench) {
    const layout = await builtLayout(bench);
    const goal = { kind: "times", bar: 1.2, aim: 0.9 } as const;
    const against = installed(
      { side: cranePush(bench.tools, layout), sameness: "layers", goal },
      { side: skopeoCopy(bench.tools, layout), sameness: "layers" },
    );
    const title = "push of what is in a layout into an empty registry";
    return [
      {
        id: "push",
        title,
        ours: ladingPush(bench, layout),
        against,
        notes: [`registry: ${registryName(bench.tools)}`],
      },
    ];
  },
};

const pushAgain: RowMaker = {
  id: "push-unchanged",
  async plan(bench) {
    const layout = await builtLayout(bench);
    const { host, stop } = await startRegistry(bench.tools, await bench.folder());
    bench.defer(stop);
    const against = installed(
      { side: BARE_NODE, sameness: "nothing", goal: { kind: "more", bar: 40, aim: 15 } },
      { side: cranePush(bench.tools, layout, host), sameness: "layers" },
      { side: skopeoCopy(bench.tools, layout, host), sameness: "layers" },
    );
    const title = "the same push again, nothing changed";
    return [{ id: "push-unchanged", title, ours: ladingPush(bench, layout, host), against }];
  },
};

export const REGISTRY_ROWS: readonly RowMaker[] = [straight, push, pushAgain];
