/**
 * skopeo: copies images.
 *
 * @module
 */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openLayout, openRegistryImage } from "../images.js";
import { type Exchange, type Pulled, registrySide } from "../registry.js";
import type { Side, Step } from "../side.js";
import type { Tools } from "../tools.js";

const NAME = "bench/image";

/** Where nobody may look into the usual place of logins, it gives up. */
async function copySteps(skopeo: string, folder: string, args: readonly string[]): Promise<readonly Step[]> {
  const logins = join(folder, "auth.json");
  await writeFile(logins, "{}");
  const argv = [skopeo, "--insecure-policy", "copy", "--quiet", ...args];
  return [{ argv, env: { REGISTRY_AUTH_FILE: logins } }];
}

/** `skopeo copy oci:LAYOUT:t docker://HOST/NAME:t` */
export function skopeoPush(tools: Tools, layout: string, more: Partial<Exchange> = {}): Side | undefined {
  const skopeo = tools.find("skopeo");
  if (skopeo === undefined) return undefined;
  return registrySide(tools, {
    name: "skopeo copy",
    steps: (host, folder) =>
      copySteps(skopeo, folder, ["--dest-tls-verify=false", `oci:${layout}:t`, `docker://${host}/${NAME}:t`]),
    image: (host) => openRegistryImage(host, NAME, "t"),
    ...more,
  });
}

/** `skopeo copy docker://HOST/NAME:TAG oci:LAYOUT:t`; `known` is copied before. */
export function skopeoPull(tools: Tools, host: string, { tag, known }: Pulled): Side | undefined {
  const skopeo = tools.find("skopeo");
  if (skopeo === undefined) return undefined;
  const pull = (from: string, folder: string, name: string) =>
    copySteps(skopeo, folder, ["--src-tls-verify=false", `docker://${from}/${NAME}:${name}`, `oci:${folder}/image:t`]);
  return registrySide(tools, {
    name: "skopeo copy",
    host,
    before: (from, folder) => (known === undefined ? [] : pull(from, folder, known)),
    steps: (from, folder) => pull(from, folder, tag),
    image: (_from, folder) => openLayout(join(folder, "image"), "t"),
  });
}
