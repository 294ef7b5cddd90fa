/**
 * From an image in a store to its root file system: every layer is read once and checked, and its files' content hashed.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { decodeIndex, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isAttestation, matchPlatform } from "../oci/match-platform.js";
import { isIndexType } from "../oci/media-type.js";
import { formatPlatform, type Platform } from "../oci/platform.js";
import type { Store } from "../store/store.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import { type DecompressLimits, decompress } from "../stream/codec.js";
import { detectCompression, HEAD_SIZE } from "../stream/detect.js";
import { createHasher, type Hasher } from "../stream/hash.js";
import { peek } from "../stream/peek.js";
import type { Entry } from "../tar/entry.js";
import { createScanner } from "../tar/scan.js";
import { selectManifest } from "./base.js";
import { type InspectedImage, type InspectedLayer, inspectImage } from "./inspect.js";
import { createRootfs, type Rootfs } from "./rootfs.js";

/** How a report is made. */
export interface ReportOptions extends IoOptions {
  /** Which image of an index; may be left out where there is one alone. */
  readonly platform?: Platform | undefined;
  /** How far a layer may grow when it is decompressed. */
  readonly limits?: DecompressLimits | undefined;
  /** Called with the stored bytes that were read. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** An image and what its layers make. */
export interface ReadImage {
  readonly image: InspectedImage;
  /** Bytes of each layer's uncompressed tar. */
  readonly tarSizes: readonly number[];
  readonly rootfs: Rootfs;
}

async function selectImage(store: Store, root: Descriptor, options: ReportOptions): Promise<Descriptor> {
  const { platform, signal } = options;
  if (platform !== undefined) return await selectManifest(store, root, platform, { signal });
  if (!isIndexType(root.mediaType)) return root;
  const bytes = await collect(store.open(root, { signal }), MAX_MANIFEST_BYTES, "index");
  const images = decodeIndex(bytes, root.mediaType).manifests.filter((entry) => !isAttestation(entry));
  const [only, second] = images;
  if (only !== undefined && second === undefined) return await selectImage(store, only, options);
  const names = images.map((image) => (image.platform === undefined ? image.digest : formatPlatform(image.platform)));
  const found = names.length === 0 ? "no image" : `${names.length} images, for ${names.slice(0, 20).join(", ")}`;
  const message = `Cannot choose an image of index ${root.digest}: it lists ${found}; name a platform that it holds`;
  throw new LadingError("AMBIGUOUS", message, { requirement: "platform", candidates: names, chain: [] });
}

function checkImage({ descriptor, artifactType, config, layers }: InspectedImage): void {
  const what = `image ${descriptor.digest}`;
  if (config === undefined) {
    const found = artifactType === undefined ? "an artifact" : `an artifact of type ${artifactType}`;
    const message = `Cannot list the files of ${descriptor.digest}: it is ${found}, expected an image; name an image`;
    throw new LadingError("FORMAT", message, { wanted: "an image", found });
  }
  const { length } = config.rootfs.diff_ids;
  if (length === layers.length) return;
  const why = `its manifest has ${layers.length} layers, its config ${length}`;
  throw new LadingError("CORRUPT", `Cannot read ${what}: ${why}; build or copy the image again`, { what, why });
}

/** Is the image for the platform that was asked for? An index says so of its own; a lone manifest was not chosen. */
function checkPlatform({ descriptor, platform: own }: InspectedImage, wanted: Platform | undefined): void {
  if (wanted === undefined || own === undefined) return;
  try {
    matchPlatform(wanted, [{ ...descriptor, platform: own }]);
  } catch (cause) {
    const name = formatPlatform(wanted);
    const message = `Cannot find platform "${name}": image ${descriptor.digest} is for ${formatPlatform(own)}; ask for that, or name another image`;
    throw new LadingError("NOT_FOUND", message, { what: "platform", name }, { cause });
  }
}

/** Puts entries into the tree once their content went by. */
function createApplier(rootfs: Rootfs) {
  let current: Entry | undefined;
  let hasher: Hasher | undefined;
  return createScanner({
    entry(entry) {
      current = entry;
      hasher = entry.type === "file" ? createHasher() : undefined;
    },
    data: (chunk) => hasher?.update(chunk),
    endEntry() {
      if (current !== undefined) rootfs.apply(current, hasher?.end().digest);
    },
  });
}

async function* counting(stream: AsyncIterable<Uint8Array>, { onBytes }: ReportOptions): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    onBytes?.(chunk.byteLength);
    yield chunk;
  }
}

function checkDiffId({ digest }: Descriptor, expected: Digest | string | undefined, actual: Digest): void {
  if (actual === expected) return;
  const message = `Cannot read layer ${digest}: its content is ${actual}, its image's config says ${expected}; build or copy the image again`;
  throw new LadingError("DIGEST_MISMATCH", message, { what: digest, expected: String(expected), actual });
}

/** Puts a layer on the tree. Returns the bytes of its tar. */
async function applyLayer(store: Store, layer: InspectedLayer, rootfs: Rootfs, options: ReportOptions) {
  const { descriptor, diffId } = layer;
  const { signal, limits } = options;
  const hasher = createHasher();
  rootfs.beginLayer();
  const scanner = createApplier(rootfs);
  const { head, stream } = await peek(counting(store.open(descriptor, { signal }), options), HEAD_SIZE);
  const what = `layer ${descriptor.digest}`;
  for await (const chunk of decompress(stream, detectCompression(head), { signal, limits, what })) {
    hasher.update(chunk);
    scanner.write(chunk);
  }
  scanner.end();
  const { digest, size } = hasher.end();
  checkDiffId(descriptor, diffId, digest);
  return size;
}

/**
 * Reads an image's layers, lowest first, each byte of them verified.
 *
 * @throws {LadingError} `AMBIGUOUS` for an index of several images and no platform, `NOT_FOUND` where there is none for the
 * platform or content is missing, `FORMAT` for what is no image, `DIGEST_MISMATCH` and `CORRUPT` where the image contradicts
 * itself or a layer is damaged, `UNSAFE_ENTRY` for a layer that runtimes would refuse.
 */
export async function readRootfs(store: Store, root: Descriptor, options: ReportOptions = {}): Promise<ReadImage> {
  const selected = await selectImage(store, root, options);
  const image = await inspectImage(store, selected, { signal: options.signal });
  checkImage(image);
  if (!isIndexType(root.mediaType)) checkPlatform(image, options.platform);
  const rootfs = createRootfs();
  const tarSizes: number[] = [];
  for (const layer of image.layers) tarSizes.push(await applyLayer(store, layer, rootfs, options));
  return { image, tarSizes, rootfs };
}
