/**
 * buildah: unpacks each package into a root file system of its own and packs what changed, a layer for each.
 *
 * @module
 */

import { link, mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { openLayout } from "../images.js";
import { output } from "../processes.js";
import type { Side } from "../side.js";
import type { Tools } from "../tools.js";

const ANY_SIGNATURE = JSON.stringify({ default: [{ type: "insecureAcceptAnything" }] });

/**
 * `buildah bud --layers` of a Dockerfile that adds every file to an empty image, in new vfs storage.
 *
 * @param files On the same file system as the attempts.
 */
export function buildahLayers(tools: Tools, files: readonly string[]): Side | undefined {
  const buildah = tools.find("buildah");
  if (buildah === undefined) return undefined;
  return {
    name: "buildah bud --layers",
    hasChildren: true,
    start: async (folder) => {
      const context = join(folder, "context");
      await mkdir(context);
      for (const file of files) await link(file, join(context, basename(file)));
      const lines = files.map((file) => `ADD ${basename(file)} /\n`);
      await writeFile(join(folder, "Containerfile"), `FROM scratch\n${lines.join("")}`);
      const policy = join(folder, "policy.json");
      await writeFile(policy, ANY_SIGNATURE);
      const storage = ["--root", join(folder, "root"), "--runroot", join(folder, "run"), "--storage-driver", "vfs"];
      const bud = ["bud", "--quiet", "--isolation", "chroot", "--signature-policy", policy, "--layers"];
      const argv = [buildah, ...storage, ...bud, "-f", join(folder, "Containerfile"), "-t", "image", context];
      // Its storage holds trees; only what it would push is an image as others have it.
      const image = async () => {
        const layout = join(folder, "image");
        await output([
          buildah,
          ...storage,
          "push",
          "--quiet",
          "--signature-policy",
          policy,
          "image",
          `oci:${layout}:t`,
        ]);
        return await openLayout(layout, "t");
      };
      return { steps: [{ argv }], image };
    },
  };
}
