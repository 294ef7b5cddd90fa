/**
 * Several layers made one, without unpacking them: their headers are read to see which entries win, then their tars once
 * more, and the winners go out.
 *
 * @module
 */

import type { Store } from "../store/store.js";
import type { ByteStream } from "../stream/bytes.js";
import { createBatch } from "../tar/batch.js";
import { writeHeader } from "../tar/encode.js";
import type { Entry } from "../tar/entry.js";
import { rewriteTar } from "../tar/rewrite.js";
import { createScanner } from "../tar/scan.js";
import { assembleTar } from "./assemble.js";
import type { Layer } from "./layer-plan.js";
import { createSquashPlanner, type SquashPlan } from "./squash-plan.js";
import { type AssembleOptions, inLayer, openTar, rememberLayer } from "./stored-layer.js";

export interface SquashLayersOptions extends AssembleOptions {
  /** Are there layers below these? Then what these hide of them stays hidden, by whiteouts (no). */
  readonly hasBelow?: boolean | undefined;
}

/** What closes an archive that lading writes. */
const END = 1024;
const FLUSH = 64 * 1024;

async function planSquash(store: Store, layers: readonly Layer[], options: SquashLayersOptions): Promise<SquashPlan> {
  const planner = createSquashPlanner(options.hasBelow ?? false);
  for (const layer of layers) {
    planner.beginLayer();
    const scanner = createScanner({ entry: planner.add });
    for await (const chunk of openTar(store, layer, options)) {
      options.signal?.throwIfAborted();
      scanner.write(chunk);
    }
    scanner.end();
  }
  return planner.plan();
}

/** Headers alone. */
function* headersOf(entries: Iterable<Entry>): Generator<Uint8Array> {
  const batch = createBatch(FLUSH);
  for (const entry of entries) {
    writeHeader(entry, batch);
    if (batch.length >= FLUSH) yield batch.flush();
  }
  if (batch.length > 0) yield batch.flush();
}

/** An archive without its end, so that another may follow. */
async function* withoutEnd(tar: ByteStream): ByteStream {
  let held = Buffer.alloc(0);
  for await (const chunk of tar) {
    if (chunk.byteLength < END) {
      const both = Buffer.concat([held, chunk]);
      held = Buffer.from(both.subarray(-END));
      yield both.subarray(0, both.byteLength - held.byteLength);
      continue;
    }
    if (held.byteLength > 0) yield held;
    yield chunk.subarray(0, chunk.byteLength - END);
    held = Buffer.from(chunk.subarray(chunk.byteLength - END));
  }
}

/** The one archive: folders and links first, then each file under its first name, then its other names. */
async function* squashedTar(
  store: Store,
  layers: readonly Layer[],
  plan: SquashPlan,
  options: AssembleOptions,
): ByteStream {
  yield* headersOf(plan.first);
  const links: Entry[] = [];
  let number = 0;
  const map = (entry: Entry): Entry | undefined => {
    const [path, ...others] = entry.type === "file" ? plan.namesOf(number) : [];
    number++;
    if (path === undefined) return undefined;
    for (const other of others) links.push({ ...entry, path: other, type: "hardlink", linkpath: path, size: 0 });
    return { ...entry, path };
  };
  for (const layer of layers) yield* withoutEnd(rewriteTar(openTar(store, layer, options), { map }));
  yield* headersOf(links);
  yield new Uint8Array(END);
}

/**
 * Makes one layer of several that lie on one another, in the format that `compression` names (gzip). What it holds is what
 * they come to: replaced and removed files are gone, and a hard link whose target was replaced keeps its content. The same
 * layers give the same bytes; a result is kept and found again.
 *
 * @param layers Lowest first.
 * @throws {LadingError} `UNSAFE_ENTRY` for a whiteout that is none and for symlinks in a circle; what reading and writing
 * throws.
 */
export async function squashLayers(
  store: Store,
  layers: readonly Layer[],
  options: SquashLayersOptions = {},
): Promise<Layer> {
  const { compression, hasBelow = false } = options;
  const names = layers.map(({ createdBy }) => createdBy.replace(/^lading: /, ""));
  const createdBy = `lading: squashed ${names.join(", ")}`;
  const digests = layers.map(({ descriptor }) => descriptor.digest);
  const key = `squash ${JSON.stringify([digests, hasBelow, compression ?? null])}`;
  const made = await rememberLayer(store, key, options, async () => {
    const plan = await planSquash(store, layers, options);
    try {
      return await assembleTar(store, squashedTar(store, layers, plan, options), options);
    } catch (error) {
      throw inLayer(error, "the squashed layer", compression);
    }
  });
  return { ...made, createdBy };
}
