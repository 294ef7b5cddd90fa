/**
 * A resource made a layer: kept byte for byte where it is clean, compressed or rewritten once where it is not.
 *
 * A clean resource is read once: its stored bytes are hashed and written while they are inflated, scanned and hashed again.
 * One that turns out unclean is read a second time and rewritten. Nothing is unpacked, and memory grows with the count of
 * entries only.
 *
 * @module
 */

import type { Descriptor } from "../oci/descriptor.js";
import { LAYER_TYPE } from "../oci/media-type.js";
import type { Store } from "../store/store.js";
import type { ByteStream, IoOptions } from "../stream/bytes.js";
import { createChannel } from "../stream/channel.js";
import { type CompressOptions, compress, type DecompressOptions, decompress } from "../stream/codec.js";
import { type Compression, detectCompression, HEAD_SIZE } from "../stream/detect.js";
import { peek } from "../stream/peek.js";
import { rewriteTar } from "../tar/rewrite.js";
import { createClaimCheck } from "./claim-check.js";
import { putFileList } from "./file-list.js";
import { createInspection, type Inspected } from "./inspection.js";
import type { PackageLayer, ResourceClaims } from "./package.js";

/** Bytes that are to become a layer. */
export interface Resource {
  /** What a person would call it, for messages. */
  readonly what: string;
  readonly claims: ResourceClaims;
  readonly fileChecksums?: ReadonlyMap<string, string> | undefined;
  /** Compute the digest of every file for the list of files (yes). */
  readonly listDigests?: boolean | undefined;
  /** The stored bytes, the same at each call. */
  open(): ByteStream;
}

export interface ResourceOptions extends IoOptions {
  /** How a layer is compressed whose bytes have to be made (gzip, level 6). */
  readonly compression?: CompressOptions | undefined;
  /** Against archives that grow out of all proportion. */
  readonly limits?: DecompressOptions["limits"];
}

export interface StoredResource {
  readonly layer: PackageLayer;
  readonly warnings: readonly string[];
}

const GZIP: CompressOptions = { type: "gzip" };

/** Ends a write whose bytes turned out not to be wanted. */
const UNWANTED = Symbol("unwanted");
/** Ends a reading whose bytes nobody writes any more. */
const UNREAD = new Error("The store stopped reading before the layer ended");

type Kept = keyof typeof LAYER_TYPE;

/** Why the layer's bytes cannot be the resource's, before anything of the tar is known. */
function compressionReason(found: Compression, wanted: CompressOptions): string | undefined {
  if (found === wanted.type || (found === "gzip" && wanted.type !== "gzip")) return undefined;
  if (found === "none") return `it is not compressed: ${wanted.type} is wanted`;
  return `it is compressed with ${found}: ${wanted.type} is wanted`;
}

interface Pass {
  readonly store: Store;
  readonly resource: Resource;
  readonly options: ResourceOptions;
}

interface PassResult {
  readonly inspected: Inspected;
  /** The stored layer; undefined where the tar is unclean. */
  readonly descriptor: Descriptor | undefined;
}

async function* tapped(stream: ByteStream, tap: (chunk: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    tap(chunk);
    yield chunk;
  }
}

/** Reads once; writes the stored bytes as they are. */
async function keep(pass: Pass, source: ByteStream, compression: Kept, check: () => void): Promise<PassResult> {
  const { store, resource, options } = pass;
  const inspection = createInspection(resource);
  const channel = createChannel();
  const written = store
    .put(LAYER_TYPE[compression], channel.stream, { signal: options.signal })
    .finally(channel.close)
    .then(
      (descriptor) => ({ descriptor }),
      (error: unknown) => ({ error }),
    );
  const reasons: string[] = [];
  async function* teed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      if (!(await channel.push(chunk))) throw UNREAD;
      yield chunk;
    }
  }
  let inspected: Inspected;
  try {
    const onTrailing = () => reasons.push("it has bytes after its last gzip member");
    const tar = decompress(teed(), compression, { ...options, what: resource.what, onTrailing });
    for await (const chunk of tar) inspection.write(chunk);
    const found = inspection.end();
    inspected = { ...found, clean: found.clean && reasons.length === 0, reasons: [...reasons, ...found.reasons] };
    check();
  } catch (error) {
    channel.fail(error);
    const result = await written;
    throw error === UNREAD && "error" in result ? result.error : error;
  }
  if (inspected.clean) channel.end();
  else channel.fail(UNWANTED);
  const result = await written;
  if ("descriptor" in result) return { inspected, descriptor: result.descriptor };
  if (result.error !== UNWANTED) throw result.error;
  return { inspected, descriptor: undefined };
}

/** Reads once; writes the tar compressed anew. */
async function recompress(pass: Pass, source: ByteStream, compression: Compression, check: () => void) {
  const { store, resource, options } = pass;
  const target = options.compression ?? GZIP;
  const inspection = createInspection(resource);
  let inspected: Inspected | undefined;
  async function* inspectedTar(): AsyncGenerator<Uint8Array> {
    yield* tapped(decompress(source, compression, { ...options, what: resource.what }), inspection.write);
    inspected = inspection.end();
    check();
    if (!inspected.clean) throw UNWANTED;
  }
  const stream = compress(inspectedTar(), target);
  const descriptor = await store.put(LAYER_TYPE[target.type], stream, { signal: options.signal }).catch((error) => {
    if (error !== UNWANTED) throw error;
    return undefined;
  });
  if (inspected === undefined) throw new Error("The layer was stored before it was read");
  return { inspected, descriptor };
}

/** The second reading of a resource that is unclean. */
async function rewrite(pass: Pass, compression: Compression, first: Inspected): Promise<PassResult> {
  const { store, resource, options } = pass;
  const target = options.compression ?? GZIP;
  const { what, listDigests } = resource;
  const inspection = createInspection({ what, listDigests });
  const source = decompress(resource.open(), compression, { ...options, onTrailing: () => {} });
  let inspected: Inspected | undefined;
  async function* rewritten(): AsyncGenerator<Uint8Array> {
    yield* tapped(rewriteTar(source, { dropped: first.dropped }), inspection.write);
    inspected = inspection.end();
    if (!inspected.clean)
      throw new Error(`The rewritten ${resource.what} is not clean: ${inspected.reasons.join("; ")}`);
  }
  const stream = compress(rewritten(), target);
  const descriptor = await store.put(LAYER_TYPE[target.type], stream, { signal: options.signal });
  if (inspected === undefined) throw new Error("The layer was stored before it was read");
  return { inspected, descriptor };
}

/**
 * Puts a resource into a store as a layer, with its list of files.
 *
 * @returns The layer, `normalized` telling why its bytes differ from the resource's, and warnings about what it holds.
 * @throws {LadingError} `FORMAT` when it is no tar archive; `CORRUPT` when it is cut off or damaged; `UNSAFE_ENTRY` for an
 * entry that must not be carried; `DIGEST_MISMATCH` when a claim does not hold; `TOO_LARGE` over a limit. Nothing of the
 * layer stays in the store then.
 */
export async function storeResource(store: Store, resource: Resource, options: ResourceOptions = {}) {
  const pass: Pass = { store, resource, options };
  const claims = createClaimCheck(resource.claims, resource.what);
  const peeked = await peek(tapped(resource.open(), claims.update), HEAD_SIZE);
  const compression = detectCompression(peeked.head);
  const reason = compressionReason(compression, options.compression ?? GZIP);
  const check = () => claims.end();
  const first =
    reason === undefined
      ? await keep(pass, peeked.stream, compression as Kept, check)
      : await recompress(pass, peeked.stream, compression, check);
  const last = first.descriptor === undefined ? await rewrite(pass, compression, first.inspected) : first;
  if (last.descriptor === undefined) throw new Error(`The rewritten layer of ${resource.what} is not clean`);
  const { diffId, uncompressedSize, files } = last.inspected;
  const layer: PackageLayer = {
    descriptor: last.descriptor,
    diffId,
    uncompressedSize,
    entries: files.length,
    files: await putFileList(store, files, { signal: options.signal }),
    normalized: [...(reason === undefined ? [] : [reason]), ...first.inspected.reasons],
  };
  return { layer, warnings: first.inspected.warnings };
}
