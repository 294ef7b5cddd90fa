/**
 * How a package rests in a store: an OCI artifact whose first layer is an ordinary, mountable image layer.
 *
 * ```text
 * manifest  artifactType application/vnd.lading.package.v1
 *   config  application/vnd.lading.package.v1+json: the metadata, and of the layer: diffId, uncompressedSize, entries, normalized
 *   layers  [0] application/vnd.oci.image.layer.v1.tar[+gzip|+zstd]
 *           [1] application/vnd.lading.files.v1: the list of files
 * ```
 *
 * What resolving needs stands once more in the annotation `io.lading.package` of the descriptor that lists the package, so
 * that a catalog is read with one request.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { isLadingError, LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { isDigest } from "../oci/digest.js";
import { decodeJson, encodeJson } from "../oci/json.js";
import { decodeManifest, encodeManifest } from "../oci/manifest.js";
import { MEDIA_TYPE } from "../oci/media-type.js";
import type { Store } from "../store/store.js";
import { collect, fromBytes, type IoOptions } from "../stream/bytes.js";
import { isFqn, localName } from "./fqn.js";
import type { Package, PackageLayer, PackageMetadata } from "./package.js";

/** The annotation that carries a catalog's line for a package. */
export const CATALOG_ANNOTATION = "io.lading.package";
const MAX_DOCUMENT = 4 * 1024 * 1024;
/** Characters of a description that a catalog's line keeps, for who searches. */
const MAX_SUMMARY = 120;

interface LayerFacts extends Omit<PackageLayer, "descriptor" | "files"> {}

/**
 * The tag of a package: readable, unique for (fqn, version, architecture), and valid in a registry as well as in a layout.
 */
export function packageTag({ fqn, name, version, architecture }: PackageMetadata): string {
  const unique = createHash("sha256")
    .update(JSON.stringify([fqn, version, architecture]))
    .digest("hex")
    .slice(0, 12);
  const readable = [name, version, architecture].filter((part) => part !== undefined).join("-");
  const slug = readable
    .replace(/[^A-Za-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 100);
  return `${slug || "package"}-${unique}`;
}

function layerFacts({ diffId, uncompressedSize, entries, normalized }: PackageLayer): LayerFacts {
  return { diffId, uncompressedSize, entries, normalized };
}

/** Writes config and manifest of a package whose layer and file list are in the store already. */
export async function putPackage(
  store: Store,
  metadata: PackageMetadata,
  layer: PackageLayer,
  options: IoOptions,
): Promise<Package> {
  const configBytes = encodeJson({ ...metadata, layer: layerFacts(layer) });
  const config = await store.put(MEDIA_TYPE.packageConfig, fromBytes(configBytes), options);
  const manifestBytes = encodeManifest({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    artifactType: MEDIA_TYPE.package,
    config,
    layers: [layer.descriptor, layer.files],
  });
  const manifest = await store.put(MEDIA_TYPE.manifest, fromBytes(manifestBytes), options);
  return { ...metadata, manifest, layer };
}

/** The descriptor that lists a package: its manifest, with the catalog's line. */
export function listPackage(pkg: Package): Descriptor {
  const { control: _control, description, manifest, layer, ...line } = pkg;
  const summary = description?.split("\n")[0]?.slice(0, MAX_SUMMARY);
  const text = new TextDecoder().decode(encodeJson({ ...line, ...(summary && { description: summary }), layer }));
  return { ...manifest, artifactType: MEDIA_TYPE.package, annotations: { [CATALOG_ANNOTATION]: text } };
}

/** Has it what every package has? Where a document comes from, anybody may have written it. */
function isPackage(value: unknown): value is Omit<Package, "manifest"> {
  const {
    fqn,
    name,
    description = "",
    provides,
    dependencies,
    conflicts,
    environment,
    tags,
    layer,
  } = (value ?? {}) as Partial<Package>;
  const isObject = (each: unknown) => typeof each === "object" && each !== null;
  return (
    isFqn(fqn) &&
    localName(fqn) === name &&
    typeof description === "string" &&
    [provides, dependencies, conflicts, layer?.normalized].every(Array.isArray) &&
    [environment, tags].every(isObject) &&
    [layer?.descriptor?.digest, layer?.files?.digest, layer?.diffId].every(isDigest)
  );
}

/**
 * A package from the line of a catalog; without what only its config tells (`control`, a description's later lines). Undefined where
 * there is no line or one that cannot be used: then the package itself tells.
 */
export function readCatalogLine(descriptor: Descriptor): Package | undefined {
  const text = descriptor.annotations?.[CATALOG_ANNOTATION];
  const { mediaType, digest, size } = descriptor;
  try {
    const line: unknown = text === undefined ? undefined : decodeJson(Buffer.from(text), { what: "line of a catalog" });
    return isPackage(line) ? { ...line, manifest: { mediaType, digest, size } } : undefined;
  } catch (error) {
    if (isLadingError(error)) return undefined;
    throw error;
  }
}

/**
 * The whole of a package, from its manifest and config.
 *
 * @throws {LadingError} `FORMAT` when the manifest is not a package's; `CORRUPT` when its config lacks what every package
 * has; what reading throws.
 */
export async function readPackage(store: Store, manifest: Descriptor, options: IoOptions = {}): Promise<Package> {
  const bytes = await collect(store.open(manifest, options), MAX_DOCUMENT, "package manifest");
  const { artifactType, config, layers } = decodeManifest(bytes, manifest.mediaType);
  const [layer, files] = layers;
  if (artifactType !== MEDIA_TYPE.package || layer === undefined || files === undefined) {
    throw new LadingError("FORMAT", `Cannot read ${manifest.digest} as a package: it is an image or another artifact`, {
      wanted: "package",
      found: artifactType ?? "image",
    });
  }
  const configBytes = await collect(store.open(config, options), MAX_DOCUMENT, "package config");
  const document = decodeJson(configBytes, { what: `config of package ${manifest.digest}` });
  const { layer: facts, ...metadata } = { ...(document as PackageMetadata & { layer: LayerFacts }) };
  const pkg = { ...metadata, layer: { ...facts, descriptor: layer, files } };
  const { mediaType, digest, size } = manifest;
  if (isPackage(pkg)) return { ...pkg, manifest: { mediaType, digest, size } };
  const why = "its config lacks what every package has";
  throw new LadingError("CORRUPT", `Cannot read package ${digest}: ${why}; import it again`, {
    what: `package ${digest}`,
    why,
  });
}
