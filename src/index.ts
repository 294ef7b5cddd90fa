/**
 * lading assembles OCI container images from packages and pushes them to any registry.
 *
 * @module
 */

export { type BuildOptions, type BuildResult, build } from "./build.js";
export { buildFiles, EMPTY_RECIPE } from "./build-files.js";
export { type CatalogOptions, type Catalogs, openCatalogs } from "./catalogs.js";
export { type Deleted, deleteImage } from "./delete.js";
export { type Delivered, type DeliverOptions, type Delivery, deliver, planDelivery, startDelivery } from "./deliver.js";
export {
  type Chain,
  type ErrorCode,
  type ErrorDetails,
  ioError,
  isLadingError,
  LadingError,
} from "./errors.js";
export type { NetworkOptions } from "./http/client.js";
export type { BuiltImage } from "./image/build-cache.js";
export { type Chosen, choosePlatforms } from "./image/choose-platforms.js";
export { composeImage, type Image, type ImageSettings } from "./image/compose.js";
export { type ConfigChange, diffImages, type FileChange, type FileDifference, type ImageDiff } from "./image/diff.js";
export { DEFAULT_PATH, foldEnvironment } from "./image/environment.js";
export {
  type DuplicateReport,
  type FileReport,
  type FilesReport,
  type FilesReportOptions,
  reportFiles,
} from "./image/files-report.js";
export { formatSize } from "./image/format-size.js";
export { type InspectedImage, type InspectedLayer, inspectImage } from "./image/inspect.js";
export type { Layer } from "./image/layer-plan.js";
export { type LayerReport, type LayersReport, reportLayers } from "./image/layers-report.js";
export type { BuildWarning } from "./image/plan-layers.js";
export type { ReportOptions } from "./image/read-rootfs.js";
export { formatDiff, formatFiles, formatLayers } from "./image/report-text.js";
export type { LayerEffect, Tally } from "./image/rootfs.js";
export type { SquashOptions } from "./image/stack-layers.js";
export { renderTreemap, type TreemapOptions, writeTreemap } from "./image/treemap.js";
export { type Verified, type VerifyOptions, verifyImage } from "./image/verify.js";
export {
  type LockedOptions,
  type LockOptions,
  type LockResult,
  lockRecipe,
  readLock,
  resolveLocked,
  writeLock,
} from "./lock-file.js";
export { decodeConfig, encodeConfig, type History, type ImageConfig, type RunConfig } from "./oci/config.js";
export { type Annotations, type Descriptor, describe } from "./oci/descriptor.js";
export { type Digest, digestOf, isDigest, parseDigest } from "./oci/digest.js";
export { decodeJson, encodeJson } from "./oci/json.js";
export {
  childrenOf,
  decodeIndex,
  decodeManifest,
  encodeIndex,
  encodeManifest,
  type Index,
  type Manifest,
} from "./oci/manifest.js";
export { isIndexType, isManifestType, MEDIA_TYPE } from "./oci/media-type.js";
export { formatPlatform, type Platform, parsePlatform } from "./oci/platform.js";
export { formatReference, parseReference, type Reference } from "./oci/reference.js";
export {
  type Alternatives,
  type Capability,
  formatAlternatives,
  formatRequirement,
  type Requirement,
  type VersionRange,
} from "./package/capability.js";
export {
  type DeleteOptions,
  deletePackages,
  describePackage,
  findPackages,
  listPackages,
  type NameOptions,
  showPackage,
  showPackages,
} from "./package/catalog.js";
export { exportPackages, type WrittenExport } from "./package/cntmp/write.js";
export { type CreateOptions, createPackage, type NewPackage } from "./package/create.js";
export { ECOSYSTEM_RULES } from "./package/ecosystem.js";
export { type ListedFile, openFileList, readFileList } from "./package/file-list.js";
export { type ImportedPackage, type ImportOptions, type ImportStatus, importPackages } from "./package/import.js";
export { parseNamespace, readNamespace, writeNamespace } from "./package/namespace.js";
export type { Package, PackageFormat, PackageLayer, PackageMetadata } from "./package/package.js";
export { type Published, type PublishedPackage, type PublishOptions, publishPackages } from "./package/publish.js";
export { listPublished } from "./package/published.js";
export { parseRequirement } from "./package/requirement.js";
export {
  type PackageScript,
  parsePackageScript,
  type ScriptOptions,
  type ScriptSource,
} from "./package/script/script.js";
export { searchPackages } from "./package/search.js";
export {
  type DownloadedPackage,
  downloadPackage,
  type PackageChanges,
  replacePackage,
  type UpdatedPackage,
  type UpdateOptions,
  updatePackage,
} from "./package/update.js";
export { type UpdateCatalogOptions, updateCatalog } from "./package/update-catalog.js";
export { parseRecipe } from "./recipe/parse.js";
export type { Recipe, RecipeFiles } from "./recipe/recipe.js";
export { recipeJsonSchema } from "./recipe/schema.js";
export type { CredentialOptions } from "./registry/auth-files.js";
export type { UserPassword } from "./registry/auth-keep.js";
export { listRepositories } from "./registry/catalog.js";
export { createRegistryStore, type RegistryStoreOptions } from "./registry/client.js";
export { type CredentialSource, createCredentialSource } from "./registry/credentials.js";
export { type LoginOptions, type LoginResult, type LogoutResult, login, logout } from "./registry/login.js";
export { placeInWorkspace, type WorkspacePlace } from "./registry/workspace.js";
export { explain } from "./resolve/explain.js";
export { formatMermaid, type GraphEdge, graphResolution, type ResolutionGraph } from "./resolve/graph.js";
export { renderGraph } from "./resolve/graph-svg.js";
export {
  createLock,
  encodeLock,
  type Lock,
  type LockedPackage,
  type LockedPlatform,
  type LockedRequest,
} from "./resolve/lock.js";
export { compareLocks, type LockChange } from "./resolve/lock-changes.js";
export { type DecodeLockOptions, decodeLock } from "./resolve/lock-read.js";
export { type PinnedResolution, type Pins, type ReleasedPin, resolvePinned } from "./resolve/pinned.js";
export {
  type Condition,
  joinPolicies,
  type Policy,
  type PolicyAction,
  type PolicyRule,
  type Realm,
} from "./resolve/policy.js";
export { rulesNaming } from "./resolve/policy-names.js";
export { parseJob, parsePolicy } from "./resolve/policy-parse.js";
export type { Resolution, ResolvedPackage, ResolveOptions } from "./resolve/resolution.js";
export { resolve } from "./resolve/resolve.js";
export { type Access, type AccessOptions, openAccess } from "./service/access/gate.js";
export { loadTokenKey } from "./service/access/token-key.js";
export type { AccessRequest, Action, Caller, Gate, Permission } from "./service/access-request.js";
export { type CollectedRepository, collectRepositories } from "./service/collect.js";
export { createLayoutRepositories } from "./service/layout-repositories.js";
export type { TlsFiles } from "./service/listen.js";
export type { Repositories, Repository } from "./service/repository.js";
export { createRegistryServer, type ListeningServer, type RegistryServerOptions } from "./service/server.js";
export type { ArchiveOptions } from "./store/archive.js";
export { type Cache, createFolderCache, createMemoryCache } from "./store/cache.js";
export { type CopiedBlob, type CopyAction, type CopyOptions, type CopyResult, copy, planCopy } from "./store/copy.js";
export { createDockerArchiveStore } from "./store/docker-archive.js";
export { type Collected, type CollectOptions, collectGarbage, type FileCount, GRACE_MS } from "./store/gc.js";
export { createFolderJournal, type Journal } from "./store/journal.js";
export { createLayoutStore, type LayoutOptions } from "./store/layout.js";
export { type LocalStore, localStoreFolder, openLocalStore } from "./store/local.js";
export { createMemoryStore } from "./store/memory.js";
export { createOciArchiveStore } from "./store/oci-archive.js";
export { type FoundReferrer, findAllReferrers, findReferrers } from "./store/referrers.js";
export type {
  BlobReader,
  BlobWriter,
  Fetched,
  Located,
  MountOptions,
  PutOptions,
  ReferrersOptions,
  RepositoryName,
  Store,
  Tagged,
  TagOptions,
  TagReader,
  TagWriter,
} from "./store/store.js";
export { type ByteStream, collect, fromBytes, type IoOptions } from "./stream/bytes.js";
export {
  type CompressOptions,
  compress,
  type DecompressLimits,
  type DecompressOptions,
  decompress,
} from "./stream/codec.js";
export { defaultJobs } from "./stream/pool.js";
export type { Entry, EntryType, WriteEntry } from "./tar/entry.js";
export { escapePath } from "./tar/escape.js";
export type { LayerFormat } from "./tar/layer-format.js";
export type { Transform } from "./tar/transform.js";
export { writeTar } from "./tar/write.js";
export { openTransport, type Place, parseTransport, type Transport, type TransportOptions } from "./transport.js";
