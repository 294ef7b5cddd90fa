/**
 * The ways in which a resource is read once: to be kept, compressed, rewritten, or only looked at.
 *
 * @module
 */

import { isLadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { LAYER_TYPE } from "../oci/media-type.js";
import type { Store } from "../store/store.js";
import type { ByteStream } from "../stream/bytes.js";
import { createChannel } from "../stream/channel.js";
import { decompress } from "../stream/codec.js";
import type { Compression } from "../stream/detect.js";
import { encodeHeader } from "../tar/encode.js";
import { type LayerTable, TABLE_ANNOTATION } from "../tar/layer-format.js";
import { rewriteTar } from "../tar/rewrite.js";
import type { TransformPlan } from "../tar/transform-plan.js";
import { createClaimCheck } from "./claim-check.js";
import type { FileListEncoder, ListedFile } from "./file-list.js";
import { createInspection, type Inspected } from "./inspection.js";
import { DEFAULT_FORMAT, putLayer } from "./put-layer.js";
import type { Resource, ResourceOptions } from "./resource.js";

/** Ends a write whose bytes turned out not to be wanted. */
const UNWANTED = Symbol("unwanted");
/** Ends a reading whose bytes nobody writes any more. */
const UNREAD = new Error("The store stopped reading before the layer ended");

/** A compression that a layer may have. */
export type Kept = keyof typeof LAYER_TYPE;

/** What every way of reading takes. */
export interface Pass {
  readonly store: Store;
  readonly resource: Resource;
  readonly options: ResourceOptions;
  /** Begins a list of files, which is closed with the resource. */
  createList(): Promise<FileListEncoder>;
}

/** What one reading gave. */
export interface PassResult {
  readonly inspected: Inspected;
  /** The stored layer; undefined where its bytes cannot be the ones that were read. */
  readonly descriptor: Descriptor | undefined;
  /** What the layer's format added to the tar that was inspected. */
  readonly table?: LayerTable | undefined;
  /** Of the layer; undefined where there is none. */
  readonly files?: FileListEncoder | undefined;
}

/** Passes a stream on and shows each chunk to `tap`. */
export async function* tapped(stream: ByteStream, tap: (chunk: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    tap(chunk);
    yield chunk;
  }
}

/** Reads once; writes the stored bytes as they are. */
export async function keep(pass: Pass, source: ByteStream, compression: Kept, check: () => void): Promise<PassResult> {
  const { store, options } = pass;
  const files = await pass.createList();
  const channel = createChannel();
  const written = store
    .put(LAYER_TYPE[compression], channel.stream, { signal: options.signal })
    .finally(channel.close)
    .then(
      (descriptor) => ({ descriptor }),
      (error: unknown) => ({ error }),
    );
  async function* teed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      if (!(await channel.push(chunk))) throw UNREAD;
      yield chunk;
    }
  }
  let inspected: Inspected;
  try {
    inspected = (await look(pass, teed(), compression, check, files.add)).inspected;
  } catch (error) {
    channel.fail(error);
    const result = await written;
    throw error === UNREAD && "error" in result ? result.error : error;
  }
  if (inspected.clean) channel.end();
  else channel.fail(UNWANTED);
  const result = await written;
  if ("descriptor" in result) return { inspected, descriptor: result.descriptor, files };
  if (result.error !== UNWANTED) throw result.error;
  return { inspected, descriptor: undefined };
}

/** Reads once; writes nothing. */
export async function look(
  pass: Pass,
  source: ByteStream,
  compression: Compression,
  check: () => void,
  onFile?: (file: ListedFile) => void,
): Promise<PassResult> {
  const { resource, options } = pass;
  const inspection = createInspection({ ...resource, listDigests: resource.bare !== true, onFile });
  const reasons: string[] = [];
  const onTrailing = () => reasons.push("it has bytes after its last gzip member");
  const tar = decompress(source, compression, { ...options, what: resource.what, onTrailing, waits: true });
  for await (const chunk of tar) inspection.write(chunk);
  const found = inspection.end();
  check();
  const inspected = { ...found, clean: found.clean && reasons.length === 0, reasons: [...reasons, ...found.reasons] };
  return { inspected, descriptor: undefined };
}

/** Reads once; writes the tar compressed anew. */
export async function recompress(
  pass: Pass,
  source: ByteStream,
  compression: Compression,
  check: () => void,
): Promise<PassResult> {
  const { store, resource, options } = pass;
  const target = options.compression ?? DEFAULT_FORMAT;
  const files = await pass.createList();
  const inspection = createInspection({ ...resource, listDigests: resource.bare !== true, onFile: files.add });
  let inspected: Inspected | undefined;
  async function* inspectedTar(): AsyncGenerator<Uint8Array> {
    yield* tapped(decompress(source, compression, { ...options, what: resource.what, waits: true }), inspection.write);
    inspected = inspection.end();
    check();
    if (!inspected.clean) throw UNWANTED;
  }
  try {
    const { descriptor, table } = await putLayer(store, inspectedTar(), target, { ...options, checked: true });
    if (inspected === undefined) throw new Error("The layer was stored before it was read");
    return { inspected, descriptor, table, files };
  } catch (error) {
    if (error === UNWANTED && inspected !== undefined) return { inspected, descriptor: undefined };
    // What a table of contents cannot hold may be what a rewrite takes away, such as a path that is there twice.
    if (!(target.type in TABLE_ANNOTATION) || !isLadingError(error)) throw error;
    const claims = createClaimCheck(resource.claims, resource.what);
    const looked = await look(pass, tapped(resource.open(), claims.update), compression, claims.end);
    if (looked.inspected.clean) throw error;
    return looked;
  }
}

/** The entries of a resource as a plan has them. */
async function* planned(tar: ByteStream, plan: TransformPlan | undefined, dropped: readonly number[]): ByteStream {
  for (const folder of plan?.before ?? []) yield encodeHeader(folder);
  yield* rewriteTar(tar, { dropped, ...(plan === undefined ? {} : { map: plan.map }) });
}

/** The second reading of a resource that is unclean, or that is to become something else. */
export async function rewrite(
  pass: Pass,
  compression: Compression,
  first: Inspected,
  plan?: TransformPlan,
): Promise<PassResult> {
  const { store, resource, options } = pass;
  const { what, bare } = resource;
  const files = await pass.createList();
  const inspection = createInspection({ what, listDigests: bare !== true, onFile: files.add });
  const source = decompress(resource.open(), compression, { ...options, onTrailing: () => {}, waits: true });
  let inspected: Inspected | undefined;
  async function* rewritten(): AsyncGenerator<Uint8Array> {
    yield* tapped(planned(source, plan, first.dropped), inspection.write);
    inspected = inspection.end();
    if (!inspected.clean)
      throw new Error(`The rewritten ${resource.what} is not clean: ${inspected.reasons.join("; ")}`);
  }
  const target = options.compression ?? DEFAULT_FORMAT;
  const { descriptor, table } = await putLayer(store, rewritten(), target, { ...options, checked: true });
  if (inspected === undefined) throw new Error("The layer was stored before it was read");
  return { inspected, descriptor, table, files };
}
