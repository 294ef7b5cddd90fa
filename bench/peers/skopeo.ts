/**
 * skopeo: copies images.
 *
 * @module
 */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openRegistryImage } from "../images.js";
import { startRegistry } from "../registry.js";
import type { Side } from "../side.js";
import type { Tools } from "../tools.js";

const NAME = "bench/image";

/** `skopeo copy oci:LAYOUT:t docker://HOST/NAME:t`, into an empty registry, or into the one of `host`. */
export function skopeoCopy(tools: Tools, layout: string, host?: string): Side | undefined {
  const skopeo = tools.find("skopeo");
  if (skopeo === undefined) return undefined;
  return {
    name: "skopeo copy",
    start: async (folder) => {
      const registry = host === undefined ? await startRegistry(tools, join(folder, "registry")) : undefined;
      const to = registry?.host ?? host ?? "";
      // Where nobody may look into the usual place of logins, it gives up.
      const logins = join(folder, "auth.json");
      await writeFile(logins, "{}");
      const flags = ["--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"];
      return {
        steps: [
          {
            argv: [skopeo, ...flags, `oci:${layout}:t`, `docker://${to}/${NAME}:t`],
            env: { REGISTRY_AUTH_FILE: logins },
          },
        ],
        image: () => openRegistryImage(to, NAME, "t"),
        ...(registry && { end: registry.stop }),
      };
    },
  };
}
