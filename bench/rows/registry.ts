/**
 * Rows of a registry on loopback: pushes and pulls, cold, warm, and with one layer changed.
 *
 * @module
 */

import { join } from "node:path";
import { openLayout, openRegistryImage } from "../images.js";
import { lading, ladingBuild } from "../lading.js";
import { craneAppendPush, cranePull, cranePush } from "../peers/crane.js";
import { skopeoPull, skopeoPush } from "../peers/skopeo.js";
import { runStep } from "../processes.js";
import { type Exchange, type Pulled, registryName, registrySide, startRegistry } from "../registry.js";
import { BARE_NODE, type Side, type Step } from "../side.js";
import { type Bench, installed, type RowMaker } from "./row.js";

const NAME = "bench/image";

const straight: RowMaker = {
  id: "build-push",
  async plan({ data, tools }) {
    const { gz } = await data.packages();
    const ours = registrySide(tools, {
      name: "lading build --push",
      steps: (host, folder) => [
        lading(["build", ...gz, "-t", `${host}/${NAME}:t`, "--push", "--store", join(folder, "store"), "--json"]),
      ],
      image: (host) => openRegistryImage(host, NAME, "t"),
    });
    const goal = { kind: "times", bar: 0.45, aim: 0.32 } as const;
    const against = installed({ side: craneAppendPush(tools, gz), sameness: "layers", goal });
    const notes = [`registry: ${registryName(tools)}`];
    return [{ id: "build-push", title: "assembled straight into an empty registry", ours, against, notes }];
  },
};

/** An image in a layout, of the packages or of other files. */
async function builtLayout(bench: Bench, files?: readonly string[]): Promise<string> {
  const root = await bench.folder();
  const place = { store: join(root, "store"), layout: join(root, "image") };
  await runStep(ladingBuild(files ?? (await bench.data.packages()).gz, place), { report: join(root, "time") });
  return place.layout;
}

/** The same, one of 20 packages changed. */
async function changedLayout(bench: Bench): Promise<string> {
  const { gz, tar } = await bench.data.packages();
  const at = gz.length >> 1;
  return await builtLayout(bench, gz.with(at, await bench.data.changed(tar[at] ?? "", 0, await bench.folder())));
}

function pushStep(layout: string, host: string, folder: string, tag = "t"): Step {
  const flags = ["--json", "--store", join(folder, "store")];
  return lading(["push", `oci:${layout}:t`, `docker://${host}/${NAME}:${tag}`, ...flags]);
}

function ladingPush({ tools }: Bench, layout: string, more: Partial<Exchange> = {}): Side {
  return registrySide(tools, {
    name: "lading push",
    steps: (host, folder) => [pushStep(layout, host, folder)],
    image: (host) => openRegistryImage(host, NAME, "t"),
    ...more,
  });
}

const push: RowMaker = {
  id: "push",
  async plan(bench) {
    const layout = await builtLayout(bench);
    const goal = { kind: "times", bar: 1.2, aim: 0.9 } as const;
    const against = installed(
      { side: cranePush(bench.tools, layout), sameness: "layers", goal },
      { side: skopeoPush(bench.tools, layout), sameness: "layers" },
    );
    const title = "push of what is in a layout into an empty registry";
    const notes = [`registry: ${registryName(bench.tools)}`];
    return [{ id: "push", title, ours: ladingPush(bench, layout), against, notes }];
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
      { side: cranePush(bench.tools, layout, { host }), sameness: "layers" },
      { side: skopeoPush(bench.tools, layout, { host }), sameness: "layers" },
    );
    // Each side's first round makes it the same registry for all.
    const before = (to: string, folder: string) => [pushStep(layout, to, folder)];
    const ours = ladingPush(bench, layout, { host, before, name: "lading push again" });
    return [{ id: "push-unchanged", title: "the same push again, nothing changed", ours, against }];
  },
};

const pushChanged: RowMaker = {
  id: "push-one-changed",
  async plan(bench) {
    const [old, layout] = [await builtLayout(bench), await changedLayout(bench)];
    // The registry's image is pushed out of another store, so that nothing is remembered of it.
    const before = (host: string, folder: string) => [pushStep(old, host, join(folder, "other"))];
    const against = installed(
      { side: cranePush(bench.tools, layout, { before }), sameness: "layers" },
      { side: skopeoPush(bench.tools, layout, { before }), sameness: "layers" },
    );
    const title = "push into a registry that has all of it but one layer of 20";
    return [{ id: "push-one-changed", title, ours: ladingPush(bench, layout, { before }), against }];
  },
};

function ladingPull({ tools }: Bench, host: string, { tag, known }: Pulled): Side {
  const pull = (from: string, folder: string, name: string) => [
    lading([
      ...["pull", `docker://${from}/${NAME}:${name}`, `oci:${folder}/image:t`],
      ...["--json", "--store", join(folder, "store")],
    ]),
  ];
  return registrySide(tools, {
    name: "lading pull",
    host,
    before: (from, folder) => (known === undefined ? [] : pull(from, folder, known)),
    steps: (from, folder) => pull(from, folder, tag),
    image: (_from, folder) => openLayout(join(folder, "image"), "t"),
  });
}

/** A row of pulls from a registry with the image `old`, and `new` that differs in one layer. */
function pullRow(id: string, title: string, pulled: Pulled): RowMaker {
  return {
    id,
    async plan(bench) {
      const { host, stop } = await startRegistry(bench.tools, await bench.folder());
      bench.defer(stop);
      const folder = await bench.folder();
      for (const [tag, layout] of [
        ["old", await builtLayout(bench)] as const,
        ["new", await changedLayout(bench)] as const,
      ])
        await runStep(pushStep(layout, host, folder, tag), { report: join(folder, "time") });
      const against = installed(
        { side: cranePull(bench.tools, host, pulled), sameness: "layers" },
        { side: skopeoPull(bench.tools, host, pulled), sameness: "layers" },
      );
      const notes = [`registry: ${registryName(bench.tools)}; into a layout`];
      return [{ id, title, ours: ladingPull(bench, host, pulled), against, notes }];
    },
  };
}

export const REGISTRY_ROWS: readonly RowMaker[] = [
  straight,
  push,
  pushAgain,
  pushChanged,
  pullRow("pull", "pull into an empty layout", { tag: "old" }),
  pullRow("pull-unchanged", "the same pull again, nothing changed", { tag: "old", known: "old" }),
  pullRow("pull-one-changed", "pull of what differs in one layer of 20", { tag: "new", known: "old" }),
];
