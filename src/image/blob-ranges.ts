/**
 * A blob of any store, read from anywhere in it: at once where it lies in a file, else by going forward through it.
 *
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import type { Store } from "../store/store.js";
import type { IoOptions } from "../stream/bytes.js";
import { readFile } from "../stream/file.js";
import { createForwardRanges } from "../stream/forward.js";
import type { BlobRanges } from "../tar/toc-file.js";

/** Opens a blob for reading in parts. `close()` lets go of all readings. */
export async function openRanges(
  store: Store,
  descriptor: Descriptor,
  { signal }: IoOptions = {},
): Promise<BlobRanges & { close(): Promise<void> }> {
  const { size } = descriptor;
  const file = await store.sharedFile?.(descriptor);
  if (file !== undefined) {
    const open = (start: number, end: number) => readFile(file, { start, end, signal, mayBeTouched: true });
    return { size, open, close: async () => {} };
  }
  return { size, ...createForwardRanges(() => store.open(descriptor, { signal }), size) };
}
