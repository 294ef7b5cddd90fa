/**
 * The media types of images and of lading's own artifacts.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/media-types.md
 * @module
 */

export const MEDIA_TYPE = {
  index: "application/vnd.oci.image.index.v1+json",
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
  layerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  layerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  empty: "application/vnd.oci.empty.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  /** `artifactType` of a package's manifest. */
  package: "application/vnd.lading.package.v1",
  /** A package's metadata, the config of its manifest. */
  packageConfig: "application/vnd.lading.package.v1+json",
  /** The list of a package's files, gzip-compressed JSON lines. */
  packageFiles: "application/vnd.lading.files.v1",
  /** `artifactType` of the index that lists the packages of a repository. */
  catalog: "application/vnd.lading.catalog.v1",
} as const;

/** The media type of a layer by its compression. */
export const LAYER_TYPE = { gzip: MEDIA_TYPE.layerGzip, zstd: MEDIA_TYPE.layerZstd, none: MEDIA_TYPE.layer } as const;

const MANIFESTS: ReadonlySet<string> = new Set([MEDIA_TYPE.manifest, MEDIA_TYPE.dockerManifest]);
const INDEXES: ReadonlySet<string> = new Set([MEDIA_TYPE.index, MEDIA_TYPE.dockerIndex]);

/** Is it an index, of the OCI or the Docker family? */
export function isIndexType(mediaType: string): boolean {
  return INDEXES.has(mediaType);
}

/** Is it the manifest of one image or artifact, of the OCI or the Docker family? */
export function isManifestType(mediaType: string): boolean {
  return MANIFESTS.has(mediaType);
}

/** Is it the config of an image, not of another artifact? */
export function isImageConfigType(mediaType: string): boolean {
  return mediaType === MEDIA_TYPE.config || mediaType === MEDIA_TYPE.dockerConfig;
}

/** Does a registry keep it under `manifests/`, not `blobs/`? True for manifests and indexes. */
export function isReferableType(mediaType: string): boolean {
  return isIndexType(mediaType) || isManifestType(mediaType);
}
