/**
 * buildah: unpacks each package into a root file system of its own and packs what changed, a layer for each.
 *
 * @module
 */

import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { openLayout } from "../images.js";
import { output } from "../processes.js";
import type { Side } from "../side.js";
import type { Tools } from "../tools.js";

const ANY_SIGNATURE = JSON.stringify({ default: [{ type: "insecureAcceptAnything" }] });

/**
 * For each package `buildah from IMAGE`, `buildah add CONTAINER FILE /` and `buildah commit --rm CONTAINER NEXT-IMAGE`, the
 * first from `scratch`, in new vfs storage, which needs neither root nor FUSE. One container with one commit would be cheaper
 * and give one layer of all; `buildah bud --layers` of as many `ADD` lines does the same with more work: it looks each step up
 * among the images that there are.
 */
export function buildahLayers(tools: Tools, files: readonly string[]): Side | undefined {
  const buildah = tools.find("buildah");
  if (buildah === undefined) return undefined;
  return {
    name: "buildah from, add, commit",
    hasChildren: true,
    start: async (folder) => {
      const policy = join(folder, "policy.json");
      await writeFile(policy, ANY_SIGNATURE);
      const [root, runroot] = [join(folder, "root"), join(folder, "run")];
      const call = (verb: string, ...args: readonly string[]) => {
        const trust = verb === "add" ? [] : ["--signature-policy", policy];
        return [
          buildah,
          "--root",
          root,
          "--runroot",
          runroot,
          "--storage-driver",
          "vfs",
          verb,
          "--quiet",
          ...trust,
          ...args,
        ];
      };
      const argvs = files.flatMap((file, at) => [
        call("from", "--name", `c${at}`, at === 0 ? "scratch" : imageOf(at - 1)),
        call("add", `c${at}`, resolve(file), "/"),
        call("commit", "--rm", `c${at}`, imageOf(at)),
      ]);
      // Its storage holds trees; only what it would push is an image as others have it.
      const image = async () => {
        const layout = join(folder, "image");
        await output(call("push", imageOf(files.length - 1), `oci:${layout}:t`));
        return await openLayout(layout, "t");
      };
      return { steps: argvs.map((argv) => ({ argv })), image, end: () => removeStorage(buildah, [root, runroot]) };
    },
  };
}

const imageOf = (at: number) => `localhost/image-${at}`;

/** Without root, the trees belong to subordinate users and their roots cannot be written: only a user namespace helps. */
async function removeStorage(buildah: string, folders: readonly string[]): Promise<void> {
  const remove = ["rm", "-rf", ...folders];
  await output(process.getuid?.() === 0 ? remove : [buildah, "unshare", ...remove]);
}
