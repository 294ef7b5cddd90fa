/**
 * A tar made a layer in a store.
 *
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import { LAYER_TYPE } from "../oci/media-type.js";
import type { Store } from "../store/store.js";
import type { ByteStream } from "../stream/bytes.js";
import { compressionOf, type LayerFormat, type LayerTable, type PackOptions, packTar } from "../tar/layer-format.js";

/** A layer at rest. */
export interface PutLayer {
  /** With the annotations that its format asks for. */
  readonly descriptor: Descriptor;
  /** What the format added; undefined where the layer is nothing but the tar, compressed. */
  readonly table: LayerTable | undefined;
}

/** How a layer is compressed unless something else is said. */
export const DEFAULT_FORMAT: LayerFormat = { type: "gzip" };

/** Compresses a tar and keeps it. Throws as `packTar()`, and what the tar and the store throw. */
export async function putLayer(
  store: Store,
  tar: ByteStream,
  format: LayerFormat,
  { signal, jobs, checked }: Pick<PackOptions, "signal" | "jobs" | "checked"> = {},
): Promise<PutLayer> {
  let table: LayerTable | undefined;
  const onTable = (made: LayerTable) => {
    table = made;
  };
  const packed = packTar(tar, format, { signal, jobs, checked, onTable, scratch: store.scratch });
  const stored = await store.put(LAYER_TYPE[compressionOf(format)], packed, { signal });
  // Assigned in a callback, which the compiler does not follow.
  const made = table as LayerTable | undefined;
  return { descriptor: made === undefined ? stored : { ...stored, annotations: made.annotations }, table: made };
}
