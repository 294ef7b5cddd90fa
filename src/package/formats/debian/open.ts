/**
 * Taking a `.deb` apart.
 *
 * @module
 */

import type { IoOptions } from "../../../stream/bytes.js";
import { createClaimCheck } from "../../claim-check.js";
import { decodeClaims } from "../../metadata.js";
import type { PackageFile, PackageSource } from "../../package.js";
import { findSidecar, readSidecar } from "../sidecar.js";
import { parseMd5sums } from "./checksums.js";
import { parseControl } from "./control.js";
import { readControlArchive } from "./control-archive.js";
import { readDebMembers } from "./members.js";
import { debianMetadata } from "./metadata.js";

/** Policy asks for UTF-8; packages older than that policy are latin1. */
function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes).toString("latin1");
  }
}

/** Holds the claims of a document beside the package, if there is one, against the whole `.deb`. */
async function checkWhole(file: PackageFile, options: IoOptions): Promise<void> {
  const source = await findSidecar(file.path);
  if (source === undefined) return;
  const claims = decodeClaims(await readSidecar(source, options), { source });
  if (Object.keys(claims).length === 0) return;
  const check = createClaimCheck(claims, JSON.stringify(file.path));
  for await (const chunk of file.read({ signal: options.signal })) check.update(chunk);
  check.end();
}

/**
 * Takes a `.deb` apart. Reads its member headers and `control.tar`; the whole file only where a document beside it claims
 * something of it.
 *
 * @throws {LadingError} `DIGEST_MISMATCH` where a claim beside the package does not hold.
 * @throws {LadingError} `FORMAT` where it is no ar archive; `CORRUPT` where it is truncated or damaged; `SYNTAX` where its
 * control file or the document beside it is malformed; `UNSUPPORTED` for another version of the format, `data.tar.lzma`
 * and an unknown architecture; `TOO_LARGE` for a control archive of more than 16 MiB.
 */
export async function openDeb(file: PackageFile, options: IoOptions = {}): Promise<PackageSource> {
  await checkWhole(file, options);
  const { control, data } = await readDebMembers(file, options);
  const controlRange = { start: control.offset, end: control.offset + control.size };
  const controlBytes = file.read({ signal: options.signal, ...controlRange });
  const archive = await readControlArchive(controlBytes, file.path, options);
  const range = { start: data.offset, end: data.offset + data.size };
  const metadata = debianMetadata(parseControl(decodeText(archive.control), file.path), file.path);
  return {
    metadata,
    claims: {},
    ...(archive.md5sums ? { fileChecksums: parseMd5sums(archive.md5sums.toString("latin1"), file.path) } : {}),
    range,
    open: ({ signal } = {}) => file.read({ signal, ...range }),
  };
}
