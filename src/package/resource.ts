/**
 * A resource made a layer: kept byte for byte where it is clean, compressed or rewritten once where it is not.
 *
 * A clean resource is read once: its stored bytes are hashed and written while they are inflated, scanned and hashed again.
 * One that turns out unclean, or that is to be transformed, is read a second time and rewritten. Nothing is unpacked, and
 * memory grows with the count of entries only.
 *
 * @module
 */

import type { Store } from "../store/store.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import type { DecompressOptions } from "../stream/codec.js";
import { type Compression, detectCompression, HEAD_SIZE } from "../stream/detect.js";
import { peek } from "../stream/peek.js";
import { compressionOf, type LayerFormat } from "../tar/layer-format.js";
import { isTransform, type Transform } from "../tar/transform.js";
import { createClaimCheck } from "./claim-check.js";
import { createFileListEncoder, type FileListEncoder, type ListedFile, putFileList } from "./file-list.js";
import type { Inspected } from "./inspection.js";
import type { Outline } from "./outline.js";
import type { PackageLayer, ResourceClaims } from "./package.js";
import { DEFAULT_FORMAT } from "./put-layer.js";
import { type Kept, keep, look, type Pass, type PassResult, recompress, rewrite, tapped } from "./resource-pass.js";

/** Bytes that are to become a layer. */
export interface Resource {
  /** What a person would call it, for messages. */
  readonly what: string;
  readonly claims: ResourceClaims;
  readonly fileChecksums?: ReadonlyMap<string, string> | undefined;
  /**
   * Of no package (no): only images that lading builds here ask for its list of files, which then has no digests, and stands in
   * its own descriptor where it is short.
   */
  readonly bare?: boolean | undefined;
  /** The stored bytes, the same at each call. */
  open(): ByteStream;
}

export interface ResourceOptions extends IoOptions {
  /** How a layer is compressed whose bytes have to be made (gzip, level 6). */
  readonly compression?: LayerFormat | undefined;
  /** Threads that compress a layer whose bytes have to be made (1: the caller's own). */
  readonly jobs?: number | undefined;
  /** What the entries are to become, after the claims held for them as they are (nothing else). */
  readonly transform?: Transform | undefined;
  /** Against archives that grow out of all proportion. */
  readonly limits?: DecompressOptions["limits"];
}

export interface StoredResource {
  readonly layer: PackageLayer;
  readonly warnings: readonly string[];
  /** Undefined for a layer of very many entries. */
  readonly outline: Outline | undefined;
}

/** Why the layer's bytes cannot be the resource's, before anything of the tar is known. */
function compressionReason(found: Compression, wanted: LayerFormat): string | undefined {
  const target = compressionOf(wanted);
  if (found === target || (found === "gzip" && target !== "gzip")) return undefined;
  if (found === "none") return `it is not compressed: ${wanted.type} is wanted`;
  return `it is compressed with ${found}: ${wanted.type} is wanted`;
}

/** Files but those in places that are `dropped`, ascending. */
function* without(files: Iterable<ListedFile>, dropped: readonly number[]): Generator<ListedFile> {
  let [ordinal, next] = [0, 0];
  for (const file of files) {
    if (dropped[next] === ordinal++) next++;
    else yield file;
  }
}

/** The same with its entries changed. The plan is made from what is left once what comes twice is gone. */
async function transformed(
  pass: Pass,
  compression: Compression,
  inspected: Inspected,
  files: Iterable<ListedFile>,
  transform: Transform,
) {
  const entries = { [Symbol.iterator]: () => without(files, inspected.dropped) };
  // Loaded when needed, for most threads never do.
  const { planTransform } = await import("../tar/transform-plan.js");
  const plan = planTransform(entries, transform);
  return { last: await rewrite(pass, compression, inspected, plan), reasons: plan.reasons };
}

async function layerOf(pass: Pass, { inspected, descriptor, table, files }: PassResult, normalized: readonly string[]) {
  const { store, resource, options } = pass;
  if (descriptor === undefined || files === undefined)
    throw new Error(`The rewritten layer of ${resource.what} is not clean`);
  const { diffId, uncompressedSize } = inspected;
  const layer: PackageLayer = {
    descriptor,
    diffId: table?.diffId ?? diffId,
    uncompressedSize: table?.uncompressedSize ?? uncompressedSize,
    entries: files.size,
    files: await putFileList(store, files, { isInline: resource.bare, signal: options.signal }),
    normalized,
  };
  return layer;
}

/**
 * Puts a resource into a store as a layer, with its list of files.
 *
 * @returns The layer, `normalized` telling why its bytes differ from the resource's, and warnings about what it holds.
 * @throws {LadingError} `FORMAT` when it is no tar archive; `CORRUPT` when it is cut off or damaged; `UNSAFE_ENTRY` for an
 * entry that must not be carried; `DIGEST_MISMATCH` when a claim does not hold; `TOO_LARGE` over a limit. Nothing of the
 * layer stays in the store then. `SYNTAX` and `NOT_FOUND` for a transform as `planTransform()`.
 */
export async function storeResource(
  store: Store,
  resource: Resource,
  options: ResourceOptions = {},
): Promise<StoredResource> {
  const lists: FileListEncoder[] = [];
  const createList = async () => {
    const list = await createFileListEncoder(store.scratch);
    lists.push(list);
    return list;
  };
  try {
    return await readResource({ store, resource, options, createList });
  } finally {
    for (const list of lists) list.close();
  }
}

async function readResource(pass: Pass): Promise<StoredResource> {
  const { resource, options } = pass;
  const transform = isTransform(options.transform) ? options.transform : undefined;
  const claims = createClaimCheck(resource.claims, resource.what);
  const peeked = await peek(tapped(resource.open(), claims.update), HEAD_SIZE);
  const compression = detectCompression(peeked.head);
  const reason = compressionReason(compression, options.compression ?? DEFAULT_FORMAT);
  const why = reason === undefined ? [] : [reason];
  const check = () => claims.end();
  if (transform !== undefined) {
    await pass.store.prepareScratch?.();
    const files = await pass.createList();
    const { inspected } = await look(pass, peeked.stream, compression, check, files.add);
    const { last, reasons } = await transformed(pass, compression, inspected, files, transform);
    const layer = await layerOf(pass, last, [...why, ...inspected.reasons, ...reasons]);
    return { layer, warnings: inspected.warnings, outline: last.files?.outline() };
  }
  const reading =
    reason === undefined
      ? keep(pass, peeked.stream, compression as Kept, check)
      : recompress(pass, peeked.stream, compression, check);
  // A store that refuses before it reads would leave the file open.
  const first = await reading.finally(peeked.close);
  const last = first.descriptor === undefined ? await rewrite(pass, compression, first.inspected) : first;
  const layer = await layerOf(pass, last, [...why, ...first.inspected.reasons]);
  return { layer, warnings: first.inspected.warnings, outline: last.files?.outline() };
}
