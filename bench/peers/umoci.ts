/**
 * umoci: `raw add-layer` puts one uncompressed tar into a layout, compressed by two threads, a call for each.
 *
 * Given a gzip file it reports success, compresses it again and takes the digest of the gzip file for the diff_id; so it is
 * measured on uncompressed tars alone.
 *
 * @module
 */

import { join } from "node:path";
import { openLayout } from "../images.js";
import { output } from "../processes.js";
import type { Side } from "../side.js";
import type { Tools } from "../tools.js";

/**
 * `umoci init`, `umoci new`, then `umoci raw add-layer --image LAYOUT:t TAR` for each: the first two are not measured. The
 * newest that is installed.
 */
export function umociAddLayers(tools: Tools, tars: readonly string[]): Side | undefined {
  const newer = tools.find("umoci-0.6");
  const umoci = newer ?? tools.find("umoci");
  if (umoci === undefined) return undefined;
  return {
    name: `umoci${newer === undefined ? "" : " 0.6"} raw add-layer`,
    start: async (folder) => {
      const layout = join(folder, "image");
      await output([umoci, "init", "--layout", layout]);
      await output([umoci, "new", "--image", `${layout}:t`]);
      const steps = tars.map((tar) => ({ argv: [umoci, "raw", "add-layer", "--image", `${layout}:t`, tar] }));
      return { steps, image: () => openLayout(layout, "t") };
    },
  };
}
