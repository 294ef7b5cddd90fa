/**
 * What an archive for `docker load` holds.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { decodeConfig } from "../oci/config.js";
import { type Descriptor, describe } from "../oci/descriptor.js";
import type { Digest } from "../oci/digest.js";
import { decodeIndex, decodeManifest, encodeManifest, type Index, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isIndexType, isManifestType, LAYER_TYPE, MEDIA_TYPE } from "../oci/media-type.js";
import { REF_NAME } from "../oci/ref-name.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import { detectCompression, HEAD_SIZE } from "../stream/detect.js";
import { createHasher } from "../stream/hash.js";
import { verified } from "../stream/verify.js";
import type { Member } from "../tar/members.js";
import { type ArchiveFile, describeMembers } from "./archive-file.js";
import { type ArchiveContents, blobMember, type Stored } from "./archive-format.js";
import { findMember, followMember, listBlobs, readDocument, storedMember } from "./archive-member.js";
import { decodeSavedImages, type SavedImage, savedName } from "./docker-save.js";
import { readArchiveIndex } from "./oci-archive.js";

/** Indexes within indexes, and manifests in all, that are looked into for an image's own manifest. */
const [MAX_DEPTH, MAX_MANIFESTS] = [4, 1000];

/** What is being read. */
interface Reading extends IoOptions {
  readonly file: ArchiveFile;
  readonly blobs: Map<Digest, Stored>;
  /** Manifests that the archive holds, by the paths of their config and layers. */
  readonly manifests: ReadonlyMap<string, Descriptor>;
}

function corrupt({ path }: ArchiveFile, why: string): LadingError<"CORRUPT"> {
  const message = `Cannot read "${path}": ${why}; have the archive made again`;
  return new LadingError("CORRUPT", message, { what: path, why });
}

function needed(file: ArchiveFile, path: string): Member {
  const member = followMember(file, path.replace(/^\.\//, ""));
  if (member !== undefined) return member;
  throw corrupt(file, `its manifest.json names ${JSON.stringify(path.slice(0, 200))}, which is not in it`);
}

const keyOf = (config: string, layers: readonly string[]) => [config, ...layers].join("\n");

/** Finds the manifests of an archive that is an OCI layout, too. What cannot be read there need not be. */
async function findManifests(
  file: ArchiveFile,
  blobs: ReadonlyMap<Digest, Stored>,
  options: IoOptions,
): Promise<ReadonlyMap<string, Descriptor>> {
  const found = new Map<string, Descriptor>();
  let count = 0;
  async function visit(entry: Descriptor, depth: number): Promise<void> {
    const stored = blobs.get(entry.digest);
    if (stored === undefined || depth > MAX_DEPTH || ++count > MAX_MANIFESTS) return;
    const { digest, size, mediaType } = entry;
    if (!isIndexType(mediaType) && !isManifestType(mediaType)) return;
    const content = verified(stored.open(options), { digest, size, what: `manifest in ${file.path}` });
    const bytes = await collect(content, MAX_MANIFEST_BYTES, `manifest ${digest}`);
    if (isIndexType(mediaType)) {
      for (const child of decodeIndex(bytes, mediaType).manifests) await visit(child, depth + 1);
      return;
    }
    const { config, layers } = decodeManifest(bytes, mediaType);
    const key = keyOf(
      blobMember(config.digest),
      layers.map((layer) => blobMember(layer.digest)),
    );
    if (!found.has(key)) found.set(key, { mediaType, digest, size });
  }
  for (const entry of (await readArchiveIndex(file, options))?.manifests ?? []) await visit(entry, 0);
  return found;
}

/** The digest that the name of a config's member claims. */
function claimedDigest(path: string): string | undefined {
  const hex = /^(?:blobs\/sha256\/|sha256:)?([0-9a-f]{64})(?:\.json)?$/.exec(path)?.[1];
  return hex === undefined ? undefined : `sha256:${hex}`;
}

async function readConfig({ file, blobs, ...io }: Reading, path: string) {
  const member = needed(file, path);
  const bytes = await readDocument(file, member, MAX_MANIFEST_BYTES, io);
  const descriptor = describe(MEDIA_TYPE.config, bytes);
  const claimed = claimedDigest(path);
  if (claimed !== undefined && claimed !== descriptor.digest) {
    const message = `Cannot read "${path}" in "${file.path}": it is ${descriptor.digest}; have the archive made again`;
    throw new LadingError("DIGEST_MISMATCH", message, { what: path, expected: claimed, actual: descriptor.digest });
  }
  blobs.set(descriptor.digest, storedMember(file, member));
  return { descriptor, diffIds: decodeConfig(bytes, { what: `"${path}" in "${file.path}"` }).rootfs.diff_ids };
}

/** A layer as it lies in the archive. What is not compressed is by its digest what the config says, or will not be read. */
async function readLayer({ file, blobs, ...io }: Reading, path: string, diffId: Digest): Promise<Descriptor> {
  const member = needed(file, path);
  const stored = storedMember(file, member);
  const compression = detectCompression(await readHead(stored, io));
  if (compression !== "none" && compression !== "gzip" && compression !== "zstd") {
    const message = `Cannot read "${path}" in "${file.path}": the layer is compressed with ${compression}, expected gzip, zstd or nothing; save the image anew`;
    throw new LadingError("UNSUPPORTED", message, { what: `layers in ${compression}` });
  }
  const digest = compression === "none" ? diffId : await digestOfStored(stored, io);
  blobs.set(digest, stored);
  return { mediaType: LAYER_TYPE[compression], digest, size: member.size };
}

async function readHead(stored: Stored, io: IoOptions): Promise<Uint8Array> {
  for await (const chunk of stored.open(io)) return Buffer.from(chunk.subarray(0, HEAD_SIZE));
  return Buffer.alloc(0);
}

async function digestOfStored(stored: Stored, io: IoOptions): Promise<Digest> {
  const hasher = createHasher();
  for await (const chunk of stored.open(io)) hasher.update(chunk);
  return hasher.end().digest;
}

/** The image's own manifest where the archive holds it, else one that is made of its config and layers. */
async function readImage(reading: Reading, { Config, Layers }: SavedImage): Promise<Descriptor> {
  const { file, blobs, manifests } = reading;
  const config = await readConfig(reading, Config);
  if (config.diffIds.length !== Layers.length) {
    throw corrupt(file, `an image in it has ${Layers.length} layers, and its config names ${config.diffIds.length}`);
  }
  const own = manifests.get(keyOf(Config, Layers));
  const layers: Descriptor[] = [];
  for (const [at, path] of Layers.entries()) {
    if (own !== undefined) needed(file, path);
    else layers.push(await readLayer(reading, path, config.diffIds[at] as Digest));
  }
  if (own !== undefined) return own;
  const mediaType = MEDIA_TYPE.manifest;
  const bytes = encodeManifest({ schemaVersion: 2, mediaType, config: config.descriptor, layers });
  const manifest = describe(mediaType, bytes);
  blobs.set(manifest.digest, { size: bytes.byteLength, offset: 0, open: () => once(bytes) });
  return manifest;
}

async function* once(bytes: Uint8Array) {
  yield bytes;
}

function notDocker(file: ArchiveFile): LadingError<"FORMAT"> {
  const isOld = file.members.has("repositories");
  const found = isOld ? "an archive of Docker before 1.10" : describeMembers(file);
  const remedy =
    found === "an OCI archive" ? "name it with oci-archive:" : isOld ? "save the image anew" : "check the path";
  const message = `Cannot read "${file.path}": it is ${found}, expected a Docker archive; ${remedy}`;
  return new LadingError("FORMAT", message, { wanted: "a Docker archive", found, path: file.path });
}

/** Reads the archive's `manifest.json` and the configs that it names. */
export async function readDockerArchive(file: ArchiveFile, options: IoOptions): Promise<ArchiveContents> {
  const member = findMember(file, "manifest.json");
  if (member === undefined) throw notDocker(file);
  const bytes = await readDocument(file, member, MAX_MANIFEST_BYTES, options);
  const images = decodeSavedImages(bytes, `"manifest.json" in "${file.path}"`);
  const blobs = listBlobs(file);
  const reading = { ...options, file, blobs, manifests: await findManifests(file, blobs, options) };
  const manifests: Descriptor[] = [];
  for (const image of images) {
    const root = await readImage(reading, image);
    const names = (image.RepoTags ?? []).map(savedName);
    const named = names.map((name) => ({ ...root, annotations: { [REF_NAME]: name } }));
    manifests.push(...(named.length === 0 ? [root] : named));
  }
  return { blobs, index: { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests } satisfies Index };
}
