/**
 * An archive for `docker load` as a {@link Store}: what `docker-archive:` names.
 *
 * It is written as `docker save` writes it today: an OCI layout with `manifest.json` beside `index.json`. So `docker load` and
 * `podman load` of any age take it, and the manifest and its blobs stay byte for byte what they were.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { decodeManifest, type Index, MAX_MANIFEST_BYTES } from "../oci/manifest.js";
import { isImageConfigType, isManifestType } from "../oci/media-type.js";
import { REF_NAME } from "../oci/ref-name.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import { type ArchiveOptions, createArchiveStore } from "./archive.js";
import { type ArchiveFormat, blobMember } from "./archive-format.js";
import { readDockerArchive } from "./docker-archive-read.js";
import { encodeSavedImages, fullName, type SavedImage, savedName } from "./docker-save.js";
import { addRoots, encodeLayoutIndex, nameOf } from "./layout-index.js";
import { LAYOUT_VERSION } from "./oci-archive.js";
import type { Store, Tagged } from "./store.js";

/** The annotation by which containerd's tools, Docker's among them, find an image's full name. */
const CONTAINERD_NAME = "io.containerd.image.name";

/** An image that comes without a name takes the place of the one without a name. */
function add(index: Index, roots: readonly Tagged[]): Index {
  const comes = roots.some(({ name }) => name === undefined);
  const manifests = index.manifests.filter((entry) => !comes || nameOf(entry) !== undefined);
  return addRoots({ ...index, manifests }, roots);
}

function refuse({ mediaType, digest }: Descriptor, why: string, remedy: string): LadingError<"UNSUPPORTED"> {
  const message = `Cannot write ${digest} to a Docker archive: ${why} (${mediaType}), and such an archive holds images alone; ${remedy}`;
  return new LadingError("UNSUPPORTED", message, { what: `${why} in a Docker archive` });
}

async function savedImage(root: Descriptor, open: Store["open"], options: IoOptions): Promise<SavedImage> {
  const { mediaType, digest } = root;
  if (!isManifestType(mediaType)) throw refuse(root, "it is an index", "choose one image with --platform");
  const bytes = await collect(open(root, options), MAX_MANIFEST_BYTES, `manifest ${digest}`);
  const { config, layers } = decodeManifest(bytes, mediaType);
  if (!isImageConfigType(config.mediaType)) throw refuse(root, "it is an artifact", "write it to oci-archive:");
  if (layers.some((layer) => layer.mediaType.includes(".nondistributable.")))
    throw refuse(root, "it has layers that must not be distributed", "write it to oci-archive:");
  return { Config: blobMember(config.digest), Layers: layers.map((layer) => blobMember(layer.digest)) };
}

/** As `docker save` has it in `index.json`. */
function withFullName(entry: Descriptor): Descriptor {
  const name = nameOf(entry);
  if (name === undefined) return entry;
  const full = fullName(name);
  return { ...entry, annotations: { ...entry.annotations, [CONTAINERD_NAME]: full.name, [REF_NAME]: full.tag } };
}

const documents: ArchiveFormat["documents"] = async (index, open, options) => {
  const images = new Map<string, SavedImage>();
  for (const root of index.manifests) {
    const image = images.get(root.digest) ?? (await savedImage(root, open, options));
    const name = nameOf(root);
    const names = [...(image.RepoTags ?? []), ...(name === undefined ? [] : [name])];
    images.set(root.digest, { ...image, RepoTags: names.sort() });
  }
  const listed = encodeLayoutIndex({ ...index, manifests: index.manifests.map(withFullName) });
  return [
    { path: "index.json", bytes: listed },
    { path: "manifest.json", bytes: encodeSavedImages([...images.values()]) },
    LAYOUT_VERSION,
  ];
};

const FORMAT: ArchiveFormat = { what: "Docker archive", read: readDockerArchive, nameOf: savedName, add, documents };

/**
 * Opens the Docker archive in a file, or one to be made there: as {@link createOciArchiveStore}, with these differences.
 *
 * - It holds images, no indexes and no other artifacts. Its names are references: `debian:12`, `127.0.0.1:5000/team/py:1`.
 * - An archive of an older `docker save`, or of skopeo or crane, holds no manifests. Each image then gets one, always the same:
 *   its config as it is, and its layers as they lie there, mostly uncompressed; the digest of one that is compressed is
 *   computed when the archive is opened.
 * - An image without a name takes the place of the one that has none.
 *
 * @throws {LadingError} From its methods, as {@link createOciArchiveStore}; `UNSUPPORTED` for what is no image; `SYNTAX` for a name that is
 * no reference; `CORRUPT` where `manifest.json` names what is not there, or a config and its layers do not fit.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { composeImage, createDockerArchiveStore } from "lading";
 *
 * const store = createDockerArchiveStore("image.tar");
 * const settings = { environments: [], labels: {}, ports: [], volumes: [], annotations: {} };
 * const { descriptor } = await composeImage(store, { os: "linux", architecture: "amd64" }, [], settings);
 * await store.tag([{ name: "team/empty", descriptor }]);
 * assert.equal((await store.tags())[0]?.name, "team/empty:latest");
 * ```
 */
export function createDockerArchiveStore(file: string, options: ArchiveOptions = {}): Store {
  return createArchiveStore(file, FORMAT, { label: `docker-archive:${file}`, ...options });
}
