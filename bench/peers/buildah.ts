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
 * `buildah bud --layers` of a Dockerfile that adds every file to an empty image, in new vfs storage, which needs neither root
 * nor FUSE: a container and a commit for each package. The same by hand (`from`, `add` and `commit` for each) writes as much
 * and takes a little longer; without `--layers` it would be one layer of all.
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
      const recipe = join(folder, "Containerfile");
      await writeFile(recipe, `FROM scratch\n${lines.join("")}`);
      const policy = join(folder, "policy.json");
      await writeFile(policy, ANY_SIGNATURE);
      const [root, runroot] = [join(folder, "root"), join(folder, "run")];
      const storage = ["--root", root, "--runroot", runroot, "--storage-driver", "vfs"];
      const call = (verb: string, ...args: readonly string[]) => {
        return [buildah, ...storage, verb, "--quiet", "--signature-policy", policy, ...args];
      };
      const argv = call("bud", "--isolation", "chroot", "--layers", "-f", recipe, "-t", "image", context);
      // Its storage holds trees; only what it would push is an image as others have it.
      const image = async () => {
        const layout = join(folder, "image");
        await output(call("push", "image", `oci:${layout}:t`));
        return await openLayout(layout, "t");
      };
      return { steps: [{ argv }], image, end: () => removeStorage(buildah, [root, runroot]) };
    },
  };
}

/** Without root, the trees belong to subordinate users and their roots cannot be written: only a user namespace helps. */
async function removeStorage(buildah: string, folders: readonly string[]): Promise<void> {
  const remove = ["rm", "-rf", ...folders];
  await output(process.getuid?.() === 0 ? remove : [buildah, "unshare", ...remove]);
}
