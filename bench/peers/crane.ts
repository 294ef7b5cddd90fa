/**
 * crane of https://github.com/google/go-containerregistry: `append` makes an image of tarballs, `push` copies one.
 *
 * @module
 */

import { join } from "node:path";
import { openArchive, openRegistryImage } from "../images.js";
import { startRegistry } from "../registry.js";
import type { Side } from "../side.js";
import type { Tools } from "../tools.js";

/** Its names need two characters at least, and a folder before them keeps it from adding one of its own. */
const NAME = "bench/image";

/** `crane append -f FILE… -t NAME -o ARCHIVE`. It keeps gzip as it is and compresses anything else at level 1. */
export function craneAppend(tools: Tools, files: readonly string[]): Side | undefined {
  const crane = tools.find("crane");
  if (crane === undefined) return undefined;
  return {
    name: "crane append",
    start: async (folder) => {
      const archive = join(folder, "image.tar");
      const argv = [crane, "append", ...files.flatMap((file) => ["-f", file]), "-t", `${NAME}:t`, "-o", archive];
      return { steps: [{ argv }], image: () => openArchive(archive) };
    },
  };
}

/** `crane append -f FILE… -t HOST/NAME`: straight into an empty registry. */
export function craneAppendPush(tools: Tools, files: readonly string[]): Side | undefined {
  const crane = tools.find("crane");
  if (crane === undefined) return undefined;
  return {
    name: "crane append + push",
    start: async (folder) => {
      const { host, stop } = await startRegistry(tools, join(folder, "registry"));
      const argv = [crane, "append", ...files.flatMap((file) => ["-f", file]), "-t", `${host}/${NAME}:t`];
      return { steps: [{ argv }], image: () => openRegistryImage(host, NAME, "t"), end: stop };
    },
  };
}

/** `crane push LAYOUT HOST/NAME`, into an empty registry, or into the one of `host`. The layout holds one image. */
export function cranePush(tools: Tools, layout: string, host?: string): Side | undefined {
  const crane = tools.find("crane");
  if (crane === undefined) return undefined;
  return {
    name: "crane push",
    start: async (folder) => {
      const registry = host === undefined ? await startRegistry(tools, join(folder, "registry")) : undefined;
      const to = registry?.host ?? host ?? "";
      return {
        steps: [{ argv: [crane, "push", layout, `${to}/${NAME}:t`] }],
        image: () => openRegistryImage(to, NAME, "t"),
        ...(registry && { end: registry.stop }),
      };
    },
  };
}
