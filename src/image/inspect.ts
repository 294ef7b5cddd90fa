/**
 * What is in an image, without reading its layers.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { decodeConfig, type ImageConfig } from "../oci/config.js";
import type { Annotations, Descriptor } from "../oci/descriptor.js";
import { decodeIndex, decodeManifest, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isImageConfigType, isIndexType } from "../oci/media-type.js";
import type { Platform } from "../oci/platform.js";
import type { Store } from "../store/store.js";
import { collect, type IoOptions } from "../stream/bytes.js";

/** One layer, with the line of the image's history that belongs to it. */
export interface InspectedLayer {
  readonly descriptor: Descriptor;
  readonly diffId?: string | undefined;
  readonly createdBy?: string | undefined;
}

/** What a manifest or an index says. */
export interface InspectedImage {
  readonly descriptor: Descriptor;
  /** Of an index: what it lists, each looked into. */
  readonly images?: readonly InspectedImage[];
  readonly artifactType?: string | undefined;
  readonly platform?: Platform | undefined;
  readonly annotations: Annotations;
  /** Of an image. */
  readonly config?: ImageConfig;
  readonly layers: readonly InspectedLayer[];
  /** Bytes of the layers, as stored. */
  readonly size: number;
}

const MAX_DEPTH = 8;
const MAX_MANIFESTS = 1000;

function withHistory(layers: readonly Descriptor[], config: ImageConfig | undefined): readonly InspectedLayer[] {
  const history = (config?.history ?? []).filter((line) => line.empty_layer !== true);
  return layers.map((descriptor, index) => ({
    descriptor,
    diffId: config?.rootfs.diff_ids[index],
    createdBy: history.length === layers.length ? history[index]?.created_by : undefined,
  }));
}

async function inspectManifest(store: Store, descriptor: Descriptor, bytes: Uint8Array, options: IoOptions) {
  const manifest = decodeManifest(bytes, descriptor.mediaType);
  const { annotations = {}, artifactType, layers } = manifest;
  const config = isImageConfigType(manifest.config.mediaType)
    ? decodeConfig(await collect(store.open(manifest.config, options), MAX_MANIFEST_BYTES, "config"))
    : undefined;
  const { os, architecture, variant } = config ?? {};
  const platform =
    os === undefined || architecture === undefined
      ? undefined
      : { os, architecture, ...(variant === undefined ? {} : { variant }) };
  const size = layers.reduce((sum, layer) => sum + layer.size, 0);
  const common = { descriptor, artifactType, platform, annotations, layers: withHistory(layers, config), size };
  return config === undefined ? common : { ...common, config };
}

function refuse(root: Descriptor, what: string, limit: number): LadingError<"TOO_LARGE"> {
  const message = `Cannot inspect ${root.digest}: its ${what} is more than ${limit}; inspect one image of it by its digest`;
  return new LadingError("TOO_LARGE", message, { what, limit });
}

/**
 * Reads manifests and configs of an image or index.
 *
 * @throws {LadingError} `NOT_FOUND`, `DIGEST_MISMATCH`, `SYNTAX`, `FORMAT` for documents that are missing or wrong;
 * `TOO_LARGE` for more than 1000 manifests, and for indexes in indexes more than 8 deep.
 */
export async function inspectImage(store: Store, root: Descriptor, options: IoOptions = {}): Promise<InspectedImage> {
  let count = 0;
  async function inspect(descriptor: Descriptor, depth: number): Promise<InspectedImage> {
    // Small indexes that list one another a thousand times would grow without end.
    if (++count > MAX_MANIFESTS) throw refuse(root, "count of manifests", MAX_MANIFESTS);
    if (depth > MAX_DEPTH) throw refuse(root, "depth of indexes", MAX_DEPTH);
    const bytes = await collect(store.open(descriptor, options), MAX_MANIFEST_BYTES, `manifest ${descriptor.digest}`);
    if (!isIndexType(descriptor.mediaType)) return await inspectManifest(store, descriptor, bytes, options);
    const { manifests, annotations = {}, artifactType } = decodeIndex(bytes, descriptor.mediaType);
    const images: InspectedImage[] = [];
    for (const child of manifests) images.push(await inspect(child, depth + 1));
    const size = images.reduce((sum, image) => sum + image.size, 0);
    return { descriptor, images, artifactType, annotations, layers: [], size };
  }
  return await inspect(root, 0);
}
