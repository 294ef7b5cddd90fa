/**
 * crane of https://github.com/google/go-containerregistry: `append` makes an image of tarballs, `push` copies one.
 *
 * @module
 */

import { join } from "node:path";
import { openArchive, openLayout, openRegistryImage } from "../images.js";
import { type Exchange, type Pulled, registrySide } from "../registry.js";
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
  return registrySide(tools, {
    name: "crane append + push",
    steps: (host) => [{ argv: [crane, "append", ...files.flatMap((file) => ["-f", file]), "-t", `${host}/${NAME}:t`] }],
    image: (host) => openRegistryImage(host, NAME, "t"),
  });
}

/** `crane push LAYOUT HOST/NAME:t`. The layout holds one image. */
export function cranePush(tools: Tools, layout: string, more: Partial<Exchange> = {}): Side | undefined {
  const crane = tools.find("crane");
  if (crane === undefined) return undefined;
  return registrySide(tools, {
    name: "crane push",
    steps: (host) => [{ argv: [crane, "push", layout, `${host}/${NAME}:t`] }],
    image: (host) => openRegistryImage(host, NAME, "t"),
    ...more,
  });
}

/** `crane pull --format oci HOST/NAME:TAG LAYOUT`; `known` is pulled before. */
export function cranePull(tools: Tools, host: string, { tag, known }: Pulled): Side | undefined {
  const crane = tools.find("crane");
  if (crane === undefined) return undefined;
  const pull = (from: string, folder: string, name: string) => [
    { argv: [crane, "pull", "--format", "oci", `${from}/${NAME}:${name}`, join(folder, "image")] },
  ];
  return registrySide(tools, {
    name: "crane pull",
    host,
    before: (from, folder) => (known === undefined ? [] : pull(from, folder, known)),
    steps: (from, folder) => pull(from, folder, tag),
    image: (_from, folder) => openLayout(join(folder, "image")),
  });
}
