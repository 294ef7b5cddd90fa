/**
 * Builds whose result is known.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Descriptor } from "../oci/descriptor.js";
import { digestOf } from "../oci/digest.js";
import type { Platform } from "../oci/platform.js";
import type { Cache } from "../store/cache.js";
import type { Store } from "../store/store.js";
import {
  type BuildImageOptions,
  type BuildWarning,
  buildImage,
  type Content,
  type ImageContents,
} from "./build-image.js";
import type { Layer } from "./layer-plan.js";
import { identifyRecipeFiles } from "./recipe-files.js";

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
  readonly layers: readonly Layer[];
  readonly warnings: readonly BuildWarning[];
}

/** Changes when the same input would give another image. */
const RULES = 1;

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

/** Everything that the image depends on, as text. Files count by their identity, so nothing is read. */
async function keyOf(input: ImageContents, options: BuildImageOptions): Promise<string> {
  const { platform, base, contents, files, settings } = input;
  const { epoch = 0, compression, signal } = options;
  const parts = {
    rules: RULES,
    platform,
    base: base === undefined ? null : [base.name, base.manifest.digest],
    contents: contents.map(contentKey),
    files,
    identities: await identifyRecipeFiles(files, { folder: input.folder, mtime: epoch, signal }),
    ignoreFiles: await ignoreFileDigests(input),
    settings,
    epoch,
    compression: compression ?? null,
  };
  return `image ${digestOf(JSON.stringify(parts))}`;
}

async function isThere(
  store: Store,
  { descriptor, layers }: BuildRecord,
  options: BuildImageOptions,
): Promise<boolean> {
  const { signal } = options;
  for (const each of [descriptor, ...layers.map((layer) => layer.descriptor)]) {
    if (!(await store.has(each, { signal }))) return false;
  }
  return true;
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
  const known = (await cache.get(key)) as BuildRecord | undefined;
  if (known !== undefined && (await isThere(store, known, options))) {
    for (const warning of known.warnings) options.onWarning?.(warning);
    return { platform, descriptor: known.descriptor, layers: known.layers, known: true };
  }
  const warnings: BuildWarning[] = [];
  const onWarning = (warning: BuildWarning) => {
    warnings.push(warning);
    options.onWarning?.(warning);
  };
  const { descriptor, layers } = await buildImage(store, input, { ...options, cache, onWarning });
  if (key === (await keyOf(input, options)))
    await cache.set(key, { descriptor, layers, warnings } satisfies BuildRecord);
  return { platform, descriptor, layers, known: false };
}
