/**
 * Some images of an index.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { decodeConfig } from "../oci/config.js";
import { type Descriptor, describe } from "../oci/descriptor.js";
import { decodeIndex, decodeManifest, encodeIndex, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isAttestation, matchPlatform } from "../oci/match-platform.js";
import { isImageConfigType, isIndexType } from "../oci/media-type.js";
import { formatPlatform, type Platform } from "../oci/platform.js";
import type { Store } from "../store/store.js";
import { collect, fromBytes, type IoOptions } from "../stream/bytes.js";
import { selectManifest } from "./base.js";

/** What was chosen, and a store that has it. */
export interface Chosen {
  readonly root: Descriptor;
  readonly store: Store;
}

/** BuildKit's attestations say in this annotation which image they are about. */
const ABOUT = "vnd.docker.reference.digest";

async function platformOf(store: Store, root: Descriptor, options: IoOptions): Promise<Platform | undefined> {
  const bytes = await collect(store.open(root, options), MAX_MANIFEST_BYTES, `manifest ${root.digest}`);
  const { config } = decodeManifest(bytes, root.mediaType);
  if (!isImageConfigType(config.mediaType)) return undefined;
  return decodeConfig(await collect(store.open(config, options), MAX_MANIFEST_BYTES, `config ${config.digest}`));
}

/** An image that is alone has to be for that platform. */
async function chooseImage({ root, store }: Chosen, platform: Platform, options: IoOptions): Promise<void> {
  const own = await platformOf(store, root, options);
  if (own === undefined) {
    const message = `Cannot choose ${formatPlatform(platform)} of ${root.digest}: it is an artifact, which has no platform; leave --platform out`;
    throw new LadingError("NOT_FOUND", message, { what: "platform", name: formatPlatform(platform) });
  }
  const { os, architecture, variant } = own;
  matchPlatform(platform, [{ ...root, platform: { os, architecture, ...(variant ? { variant } : {}) } }]);
}

/** A new index of some entries, in their order, with what is attested of them. */
async function chooseSeveral({ root, store }: Chosen, platforms: readonly Platform[], options: IoOptions) {
  const bytes = await collect(store.open(root, options), MAX_MANIFEST_BYTES, `index ${root.digest}`);
  const index = decodeIndex(bytes, root.mediaType);
  const chosen = new Set(platforms.map((platform) => matchPlatform(platform, index.manifests)));
  const digests = new Set<string>([...chosen].map(({ digest }) => digest));
  const manifests = index.manifests.filter(
    (entry) => chosen.has(entry) || (isAttestation(entry) && digests.has(entry.annotations?.[ABOUT] ?? "")),
  );
  if (manifests.length === index.manifests.length) return { root, store };
  const smaller = encodeIndex({ ...index, manifests });
  const descriptor = describe(root.mediaType, smaller);
  const open: Store["open"] = (content, io) =>
    content.digest === descriptor.digest ? fromBytes(smaller) : store.open(content, io);
  return { root: descriptor, store: { ...store, open } };
}

/**
 * The images of an index that are for these platforms: of one, its manifest as it is; of several, a new index that lists
 * them, with what BuildKit attested of them.
 *
 * @param platforms At least one.
 * @returns A store that has what was chosen: that of the index, which itself is not changed.
 * @throws {LadingError} `NOT_FOUND` where no image is for a platform; the message lists those that are there. What the store
 * throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { choosePlatforms, composeImage, createMemoryStore, encodeIndex, fromBytes, MEDIA_TYPE } from "lading";
 *
 * const store = createMemoryStore();
 * const settings = { environments: [], labels: {}, ports: [], volumes: [], annotations: {} };
 * const platform = { os: "linux", architecture: "arm64" };
 * const { descriptor } = await composeImage(store, platform, [], settings);
 * const index = encodeIndex({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [{ ...descriptor, platform }] });
 * const root = await store.put(MEDIA_TYPE.index, fromBytes(index));
 * assert.equal((await choosePlatforms(store, root, [platform])).root.digest, descriptor.digest);
 * ```
 */
export async function choosePlatforms(
  store: Store,
  root: Descriptor,
  platforms: readonly Platform[],
  options: IoOptions = {},
): Promise<Chosen> {
  const [first, second] = platforms;
  if (first === undefined) return { root, store };
  if (second !== undefined && isIndexType(root.mediaType))
    return await chooseSeveral({ root, store }, platforms, options);
  if (isIndexType(root.mediaType)) return { root: await selectManifest(store, root, first, options), store };
  for (const platform of platforms) await chooseImage({ root, store }, platform, options);
  return { root, store };
}
