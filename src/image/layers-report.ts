/**
 * What each layer of an image adds, replaces, removes and wastes.
 *
 * @module
 */

import type { ImageConfig } from "../oci/config.js";
import type { Annotations, Descriptor } from "../oci/descriptor.js";
import type { Platform } from "../oci/platform.js";
import type { Store } from "../store/store.js";
import { type ReadImage, type ReportOptions, readRootfs } from "./read-rootfs.js";
import type { LayerEffect, Tally } from "./rootfs.js";

/** One layer. */
export interface LayerReport extends LayerEffect {
  readonly descriptor: Descriptor;
  /** Digest of the uncompressed tar. */
  readonly diffId: string;
  /** Bytes of the uncompressed tar. */
  readonly uncompressedSize: number;
  /** The line of the image's history. */
  readonly createdBy?: string | undefined;
  /** The package that it is, where lading made it of one: its full name, and its version. */
  readonly package?: { readonly fqn: string; readonly version?: string | undefined } | undefined;
}

/** The layers of an image. */
export interface LayersReport {
  /** Of the image's manifest. */
  readonly descriptor: Descriptor;
  readonly platform?: Platform | undefined;
  readonly annotations: Annotations;
  readonly config: ImageConfig;
  /** Lowest first. */
  readonly layers: readonly LayerReport[];
  /** Bytes of the layers, as stored. */
  readonly size: number;
  /** Bytes of their uncompressed tars. */
  readonly uncompressedSize: number;
  /** Files of all layers that no name leads to in the end. */
  readonly wasted: Tally;
}

/** What lading writes into the history for a package. */
const PACKAGE_HISTORY = /^lading: (package::\/.*::.+?)(?: (\S+))?$/;

function packageOf(createdBy: string | undefined): LayerReport["package"] {
  const [, fqn, version] = PACKAGE_HISTORY.exec(createdBy ?? "") ?? [];
  return fqn === undefined ? undefined : { fqn, ...(version === undefined ? {} : { version }) };
}

/** The report on layers that were read. */
export function toLayersReport({ image, tarSizes, rootfs }: ReadImage): LayersReport {
  const { descriptor, platform, annotations, size } = image;
  const layers = image.layers.flatMap(({ descriptor, diffId = "", createdBy }, index): LayerReport[] => {
    const effect = rootfs.effects[index];
    if (effect === undefined) return [];
    const origin = packageOf(createdBy);
    const common = { descriptor, diffId, uncompressedSize: tarSizes[index] ?? 0, createdBy };
    return [{ ...common, ...(origin === undefined ? {} : { package: origin }), ...effect }];
  });
  const total = (pick: (layer: LayerReport) => number) => layers.reduce((sum, layer) => sum + pick(layer), 0);
  const wasted = { count: total((layer) => layer.wasted.count), bytes: total((layer) => layer.wasted.bytes) };
  const uncompressedSize = total((layer) => layer.uncompressedSize);
  const { config = { os: "", architecture: "", rootfs: { type: "layers", diff_ids: [] } } } = image;
  return { descriptor, platform, annotations, config, layers, size, uncompressedSize, wasted };
}

/**
 * Reports what each layer of an image does to the layers below it. Every layer is read once, its digest and `diff_id`
 * checked; memory grows with the count of paths, not with bytes.
 *
 * @param root An image's manifest, or an index.
 * @param options `platform` chooses from an index, and has to be the image's.
 * @throws {LadingError} `AMBIGUOUS` for an index of several images and no platform.
 * @throws {LadingError} `NOT_FOUND` where there is no image for the platform, or content is missing.
 * @throws {LadingError} `FORMAT` for what is no image.
 * @throws {LadingError} `DIGEST_MISMATCH` or `CORRUPT` where bytes are not what their names say, or a layer is damaged.
 * @throws {LadingError} `UNSAFE_ENTRY` for an entry that runtimes would refuse.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { composeImage, createMemoryStore, reportLayers } from "lading";
 *
 * const store = createMemoryStore();
 * const settings = { environments: [], labels: {}, ports: [], volumes: [], annotations: {} };
 * const { descriptor } = await composeImage(store, { os: "linux", architecture: "amd64" }, [], settings);
 * assert.deepEqual((await reportLayers(store, descriptor)).wasted, { count: 0, bytes: 0 });
 * ```
 */
export async function reportLayers(store: Store, root: Descriptor, options: ReportOptions = {}): Promise<LayersReport> {
  return toLayersReport(await readRootfs(store, root, options));
}
