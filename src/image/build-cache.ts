/**
 * Builds whose result is known.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Descriptor } from "../oci/descriptor.js";
import { digestOf, isDigest } from "../oci/digest.js";
import type { Platform } from "../oci/platform.js";
import type { Cache } from "../store/cache.js";
import type { Store } from "../store/store.js";
import type { IoOptions } from "../stream/bytes.js";
import { isFresh } from "../stream/file-identity.js";
import { type BuildImageOptions, buildImage } from "./build-image.js";
import type { Content, ImageContents } from "./content.js";
import type { Layer } from "./layer-plan.js";
import type { BuildWarning } from "./plan-layers.js";
import { identifyRecipeFiles } from "./recipe-files.js";
import { IMAGE_RULES } from "./rules.js";
import { MAX_LAYERS } from "./stack-layers.js";

/** An image that was built, in the local store. */
export interface BuiltImage {
  readonly platform: Platform;
  readonly descriptor: Descriptor;
  /** Base first. */
  readonly layers: readonly Layer[];
  /** Was the whole result known, so that nothing was assembled? */
  readonly known: boolean;
}

interface BuildRecord {
  readonly descriptor: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Layer[];
  readonly warnings: readonly BuildWarning[];
}

function contentKey(content: Content): unknown {
  if (content.kind === "package") return ["package", content.package.manifest.digest];
  return ["tarball", content.name, content.layer.descriptor.digest, content.layer.files.digest];
}

async function ignoreFileDigests({ files, folder }: ImageContents): Promise<readonly string[]> {
  const texts = files.map(async ({ ignoreFile }) =>
    ignoreFile === undefined ? "" : digestOf(await readFile(join(folder, ignoreFile)).catch(() => "")),
  );
  return await Promise.all(texts);
}

interface Key {
  /** Everything that the image depends on, as text. Files count by their identity, so nothing is read. */
  readonly text: string;
  readonly isFresh: boolean;
}

async function keyOf(input: ImageContents, options: BuildImageOptions): Promise<Key> {
  const { platform, base, contents, files, settings } = input;
  const { epoch = 0, compression, singleId = false, squash, maxLayers = MAX_LAYERS, signal } = options;
  const now = Date.now();
  const identities = await identifyRecipeFiles(files, { folder: input.folder, mtime: epoch, signal });
  const parts = {
    rules: IMAGE_RULES,
    platform,
    base: base === undefined ? null : [base.name, base.manifest.digest],
    contents: contents.map(contentKey),
    files,
    identities,
    ignoreFiles: await ignoreFileDigests(input),
    settings,
    epoch,
    compression: compression ?? null,
    singleId,
    squash: squash === undefined ? null : (squash.from ?? 1),
    maxLayers,
  };
  const text = `image ${digestOf(JSON.stringify(parts))}`;
  return { text, isFresh: identities.some(({ type, identity = "" }) => type === "file" && isFresh(identity, now)) };
}

/** Is it the record of a build all of which is still in the store? A cache may hold anything. */
async function isThere(store: Store, record: Partial<BuildRecord> | undefined, options: IoOptions): Promise<boolean> {
  const { descriptor, config, layers, warnings } = record ?? {};
  if (!Array.isArray(layers) || !Array.isArray(warnings)) return false;
  const needed: (Descriptor | undefined)[] = [descriptor, config, ...layers.map((layer) => layer?.descriptor)];
  const there = needed.map(
    async (each) => each !== undefined && isDigest(each?.digest) && (await store.has(each, options)),
  );
  return !(await Promise.all(there)).includes(false);
}

/**
 * Builds an image, or finds it where the same was built before and all of it is still there.
 */
export async function buildCached(
  store: Store,
  cache: Cache,
  input: ImageContents,
  options: BuildImageOptions,
): Promise<BuiltImage> {
  const { platform } = input;
  const key = await keyOf(input, options);
  const known = (await cache.get(key.text)) as BuildRecord | undefined;
  if (known && (await isThere(store, known, { signal: options.signal }))) {
    for (const warning of known.warnings) options.onWarning?.(warning);
    return { platform, descriptor: known.descriptor, layers: known.layers, known: true };
  }
  const warnings: BuildWarning[] = [];
  const onWarning = (warning: BuildWarning) => {
    warnings.push(warning);
    options.onWarning?.(warning);
  };
  const { descriptor, manifest, layers } = await buildImage(store, input, { ...options, cache, onWarning });
  const { config } = manifest;
  const record: BuildRecord = { descriptor, config, layers, warnings };
  if (!key.isFresh && key.text === (await keyOf(input, options)).text) await cache.set(key.text, record);
  return { platform, descriptor, layers, known: false };
}
