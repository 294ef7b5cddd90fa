/**
 * Packages, images and entries for the tests of `image`.
 *
 * @module
 */

import { gzipSync } from "node:zlib";
import type { Content } from "../../src/image/build-image.js";
import type { ImageSettings } from "../../src/image/compose.js";
import type { Descriptor } from "../../src/oci/descriptor.js";
import { digestOf } from "../../src/oci/digest.js";
import { LAYER_TYPE, MEDIA_TYPE } from "../../src/oci/media-type.js";
import { listPackage, packageTag, putPackage } from "../../src/package/artifact.js";
import type { ListedFile } from "../../src/package/file-list.js";
import type { Package, PackageMetadata } from "../../src/package/package.js";
import { storeResource } from "../../src/package/resource.js";
import type { Store } from "../../src/store/store.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import type { WriteEntry } from "../../src/tar/entry.js";
import { writeTar } from "../../src/tar/write.js";

const MTIME = 1_000_000_000;
const LIMIT = 64 << 20;
const common = { uid: 0, gid: 0, mtime: MTIME };

export const AMD64 = { os: "linux", architecture: "amd64" } as const;

export const directory = (path: string, mode = 0o755): WriteEntry => ({
  ...common,
  path,
  type: "directory",
  mode,
  size: 0,
});

export const symlink = (path: string, linkpath: string): WriteEntry => ({
  ...common,
  path,
  type: "symlink",
  mode: 0o777,
  size: 0,
  linkpath,
});

export const hardlink = (path: string, linkpath: string): WriteEntry => ({
  ...common,
  path,
  type: "hardlink",
  mode: 0o644,
  size: 0,
  linkpath,
});

export function file(path: string, content: string | Uint8Array = path, mode = 0o644): WriteEntry {
  const bytes = Buffer.from(content as Uint8Array);
  return { ...common, path, type: "file", mode, size: bytes.byteLength, open: () => fromBytes(bytes) };
}

/** The archive of these entries, in this order. */
export const tarOf = (entries: readonly WriteEntry[]): Promise<Buffer> => collect(writeTar(entries), LIMIT);

/** As a list of files has them: files with the digest of their content. */
export async function listedFiles(entries: readonly WriteEntry[]): Promise<readonly ListedFile[]> {
  const lines = entries.map(async ({ path, type, mode, uid, gid, linkpath, open }) => ({
    path,
    type,
    mode,
    uid,
    gid,
    ...(linkpath === undefined ? {} : { target: linkpath }),
    ...(open === undefined ? {} : { digest: digestOf(await collect(open(), LIMIT)) }),
  }));
  return await Promise.all(lines);
}

/** Puts a package of these entries into a store and lists it. */
export async function addPackage(
  store: Store,
  name: string,
  entries: readonly WriteEntry[],
  more: Partial<PackageMetadata> = {},
): Promise<Package> {
  // Uncompressed, so that lading compresses it and the digest is the same with every zlib.
  const tar = await tarOf(entries);
  const { layer } = await storeResource(store, { what: name, claims: {}, open: () => fromBytes(tar) });
  const metadata: PackageMetadata = {
    fqn: `package::/::${name}`,
    name,
    ecosystem: "apcera",
    provides: [{ type: "package", name }],
    dependencies: [],
    conflicts: [],
    environment: {},
    tags: {},
    ...more,
  };
  const pkg = await putPackage(store, metadata, layer, {});
  await store.tag([{ name: packageTag(pkg), descriptor: listPackage(pkg) }]);
  return pkg;
}

export const contentOf = (pkg: Package): Content => ({ kind: "package", package: pkg });

/** A bare tarball of these entries. */
export async function addTarball(store: Store, name: string, entries: readonly WriteEntry[]): Promise<Content> {
  const tar = await tarOf(entries);
  const { layer } = await storeResource(store, { what: name, claims: {}, open: () => fromBytes(tar) });
  return { kind: "tarball", name, layer };
}

/** Settings that say nothing. */
export const NO_SETTINGS: ImageSettings = { environments: [], labels: {}, ports: [], volumes: [], annotations: {} };

export interface BaseOptions {
  /** Fields of the config, beside those that every config has. */
  readonly config?: object;
  readonly manifest?: object;
  readonly compression?: "gzip" | "none";
  /** As Docker's tools write it. */
  readonly docker?: boolean;
}

/** Puts an image of layers that hold these entries as they are, whatever lading would say to them. */
export async function addImage(
  store: Store,
  layers: readonly (readonly WriteEntry[])[],
  { config = {}, manifest = {}, compression = "gzip", docker = false }: BaseOptions = {},
): Promise<Descriptor> {
  const tars = await Promise.all(layers.map(tarOf));
  const layerType = docker ? MEDIA_TYPE.dockerLayerGzip : LAYER_TYPE[compression];
  const put = (type: string, bytes: Uint8Array) => store.put(type, fromBytes(bytes));
  const descriptors: Descriptor[] = [];
  for (const tar of tars) descriptors.push(await put(layerType, compression === "gzip" ? gzipSync(tar) : tar));
  const document = {
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) },
    ...config,
  };
  const mediaType = docker ? MEDIA_TYPE.dockerManifest : MEDIA_TYPE.manifest;
  const configType = docker ? MEDIA_TYPE.dockerConfig : MEDIA_TYPE.config;
  const value = {
    schemaVersion: 2,
    mediaType,
    config: await put(configType, Buffer.from(JSON.stringify(document))),
    layers: descriptors,
    ...manifest,
  };
  return await put(mediaType, Buffer.from(JSON.stringify(value)));
}
