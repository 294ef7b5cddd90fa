/**
 * Apcera's packages: a tarball, and beside it the JSON document that says what it is.
 *
 * @module
 */

import { LadingError } from "../../errors.js";
import { describeContent, detectCompression } from "../../stream/detect.js";
import { BLOCK, headerIn, isHeader, isZeroBlock } from "../../tar/header.js";
import type { OpenPackageOptions, PackageFile, PackageFormat, PackageSource } from "../package.js";
import { compareNaturalVersions } from "../version.js";
import { findSidecar, readSidecar } from "./sidecar.js";

export { findSidecar } from "./sidecar.js";

/** Is it a tar, or compressed bytes that may hold one? An archive without entries is a block of zeros. */
export function isTarball({ head }: Pick<PackageFile, "head">): boolean {
  if (detectCompression(head) !== "none") return true;
  if (head.byteLength < BLOCK) return false;
  const header = headerIn(head);
  return isHeader(header) || isZeroBlock(header);
}

async function open(file: PackageFile, options: OpenPackageOptions = {}): Promise<PackageSource> {
  const { path, head } = file;
  if (!isTarball(file)) {
    const found = describeContent(head);
    const message = `Cannot read ${JSON.stringify(path)}: it is ${found}, expected a tarball; name a tarball`;
    throw new LadingError("FORMAT", message, { wanted: "tarball", found, path });
  }
  const source = await findSidecar(path);
  if (source === undefined) {
    const message = `Cannot read ${JSON.stringify(path)} as a package: no document is beside it, expected ${JSON.stringify(`${path}.json`)}; write one`;
    throw new LadingError("NOT_FOUND", message, { what: "file", name: `${path}.json` });
  }
  const { decodeMetadata } = await import("../metadata.js");
  const { metadata, claims } = decodeMetadata(await readSidecar(source, options), {
    source,
    namespace: options.namespace,
  });
  return { metadata, claims, range: { start: 0, end: file.size }, open: (io) => file.read(io) };
}

/**
 * Tarballs of any compression, seen from the content, with their document beside them: `ruby.tar.gz` with `ruby.json` or
 * `ruby.tar.gz.json`. Versions are compared in natural order. Packages must not need each other in a circle.
 */
export const TARBALL_FORMAT: PackageFormat = {
  ecosystem: "apcera",
  acceptsCycles: false,
  compareVersions: compareNaturalVersions,
  matches: async (file) => isTarball(file) && (await findSidecar(file.path)) !== undefined,
  open,
};
