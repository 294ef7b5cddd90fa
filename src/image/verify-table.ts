/**
 * Is the table of contents right that a layer's annotations name?
 *
 * @module
 */

import { isLadingError, LadingError } from "../errors.js";
import type { Annotations, Descriptor } from "../oci/descriptor.js";
import { isDigest } from "../oci/digest.js";
import type { Store } from "../store/store.js";
import { estargzAnnotations } from "../tar/estargz.js";
import { verifyEstargz } from "../tar/estargz-verify.js";
import { TABLE_ANNOTATION, tableOf } from "../tar/layer-format.js";
import type { BlobRanges, VerifyLayerOptions } from "../tar/toc-file.js";
import { zstdChunkedAnnotations } from "../tar/zstd-chunked.js";
import { verifyZstdChunked } from "../tar/zstd-chunked-verify.js";
import { openRanges } from "./blob-ranges.js";

type Table = keyof typeof TABLE_ANNOTATION;

function contradiction(what: string, why: string): LadingError<"CORRUPT"> {
  return new LadingError("CORRUPT", `Cannot verify ${what}: ${why}; build or copy the image again`, { what, why });
}

/** Verifies the table and gives the annotations that the layer should have. */
async function annotationsOf(
  blob: BlobRanges,
  table: Table,
  named: string,
  options: VerifyLayerOptions,
): Promise<Annotations> {
  if (!isDigest(named)) throw contradiction("its table of contents", `"${named}" is no digest of one`);
  if (table === "estargz") return estargzAnnotations(await verifyEstargz(blob, named, options));
  return zstdChunkedAnnotations(await verifyZstdChunked(blob, named, options));
}

/**
 * Checks a layer's table, if its annotations name one, and every chunk by it.
 *
 * @throws {LadingError} `CORRUPT` and `DIGEST_MISMATCH`, naming the layer, where table, chunks or annotations are wrong.
 */
export async function verifyTable(store: Store, layer: Descriptor, options: VerifyLayerOptions): Promise<void> {
  const { annotations = {}, digest } = layer;
  const table = tableOf(layer);
  if (table === undefined) return;
  const blob = await openRanges(store, layer, options);
  try {
    const expected = await annotationsOf(blob, table, annotations[TABLE_ANNOTATION[table]] ?? "", options);
    for (const [name, value] of Object.entries(expected)) {
      const found = annotations[name];
      if (found === undefined || found === value) continue;
      throw contradiction(`layer ${digest}`, `its annotation ${name} is "${found}", its content says "${value}"`);
    }
  } catch (error) {
    if (!isLadingError(error) || error.message.includes(digest)) throw error;
    const message = `Cannot verify layer ${digest}: ${error.message.replace(/^Cannot /, "cannot ")}`;
    throw new LadingError(error.code, message, error.detail, { cause: error });
  } finally {
    await blob.close();
  }
}
