/**
 * From layers to an image: config and manifest.
 *
 * The output is what every consumer in use accepts: OCI media types, a `history` line for each layer, a `config` that is an
 * object, every item of `Env` with a `=`.
 *
 * @module
 */

import { encodeConfig, type History, type ImageConfig, type RunConfig } from "../oci/config.js";
import type { Descriptor } from "../oci/descriptor.js";
import { encodeManifest, type Manifest } from "../oci/manifest.js";
import { MEDIA_TYPE } from "../oci/media-type.js";
import type { Platform } from "../oci/platform.js";
import type { Store } from "../store/store.js";
import { fromBytes, type IoOptions } from "../stream/bytes.js";
import { foldEnvironment } from "./environment.js";
import type { Layer } from "./layer-plan.js";

/** How containers of an image start, and what it says of itself: the parts of a recipe that its config takes. */
export interface ImageSettings {
  /** Folded in order, after those of a base image. */
  readonly environments: readonly Readonly<Record<string, string>>[];
  readonly entrypoint?: readonly string[] | undefined;
  readonly cmd?: readonly string[] | undefined;
  readonly user?: string | undefined;
  readonly workdir?: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  /** Of the manifest. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** The image that a new one stands on. */
export interface BaseImage {
  /** What the recipe calls it. */
  readonly name: string;
  readonly manifest: Descriptor;
  readonly config: ImageConfig;
  readonly layers: readonly Layer[];
}

/** An image at rest in a store. */
export interface Image {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  /** In the order of the manifest. */
  readonly layers: readonly Layer[];
}

export interface ComposeOptions extends IoOptions {
  /** Whole seconds since 1970: the image's time (0). */
  readonly epoch?: number | undefined;
}

const keysToObjects = (keys: readonly string[]) => Object.fromEntries(keys.map((key) => [key, {}]));

function withDefaultProtocol(port: string): string {
  return port.includes("/") ? port : `${port}/tcp`;
}

function runConfig(settings: ImageSettings, base: RunConfig): RunConfig {
  const { entrypoint, cmd, user, workdir, labels, ports, volumes, environments } = settings;
  const allLabels = { ...base.Labels, ...labels };
  const allPorts = { ...base.ExposedPorts, ...keysToObjects(ports.map(withDefaultProtocol)) };
  const allVolumes = { ...base.Volumes, ...keysToObjects(volumes) };
  // As in Docker, a new entrypoint is not given the arguments that were meant for the old one.
  const { Entrypoint = undefined, Cmd = undefined, ...rest } = base;
  const command = cmd ?? (entrypoint === undefined ? Cmd : undefined);
  return {
    ...rest,
    ...(user === undefined ? {} : { User: user }),
    ...(Object.keys(allPorts).length === 0 ? {} : { ExposedPorts: allPorts }),
    Env: foldEnvironment(environments, base.Env),
    ...(entrypoint === undefined && Entrypoint === undefined ? {} : { Entrypoint: entrypoint ?? Entrypoint ?? [] }),
    ...(command === undefined ? {} : { Cmd: command }),
    ...(Object.keys(allVolumes).length === 0 ? {} : { Volumes: allVolumes }),
    ...(workdir === undefined ? {} : { WorkingDir: workdir }),
    ...(Object.keys(allLabels).length === 0 ? {} : { Labels: allLabels }),
  };
}

/** The lines of a base image's history, one made up for each layer where it has none that fit. */
function baseHistory(base: BaseImage | undefined, created: string): readonly History[] {
  if (base === undefined) return [];
  const { history = [] } = base.config;
  const layers = history.filter((line) => line.empty_layer !== true).length;
  if (layers === base.layers.length) return history;
  return base.layers.map(() => ({ created, created_by: `base image ${base.name}` }));
}

function imageConfig(
  platform: Platform,
  layers: readonly Layer[],
  settings: ImageSettings,
  base: BaseImage | undefined,
  created: string,
): ImageConfig {
  const { rootfs: _rootfs, history: _history, config: baseRun, ...rest } = base?.config ?? {};
  const own = layers.slice(base?.layers.length ?? 0).map(({ createdBy }) => ({ created, created_by: createdBy }));
  return {
    ...(rest as object),
    created,
    ...platform,
    config: runConfig(settings, baseRun ?? {}),
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: [...baseHistory(base, created), ...own],
  };
}

/** Does the image begin with the layers of its base? Once they were flattened it stands on no image that others know. */
function standsOn(base: BaseImage, layers: readonly Layer[]): boolean {
  return base.layers.every(({ descriptor }, index) => layers[index]?.descriptor.digest === descriptor.digest);
}

function manifestAnnotations(settings: ImageSettings, layers: readonly Layer[], base: BaseImage | undefined) {
  const origin =
    base === undefined || !standsOn(base, layers)
      ? {}
      : {
          "org.opencontainers.image.base.digest": base.manifest.digest,
          "org.opencontainers.image.base.name": base.name,
        };
  const all = { ...origin, ...settings.annotations };
  return Object.keys(all).length === 0 ? {} : { annotations: all };
}

/** RFC 3339 with whole seconds, UTC. */
export function formatEpoch(epoch: number): string {
  return new Date(epoch * 1000).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/**
 * Writes config and manifest of an image whose layers are in the store.
 *
 * @param layers Base first; those of `base` are its first ones.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 */
export async function composeImage(
  store: Store,
  platform: Platform,
  layers: readonly Layer[],
  settings: ImageSettings,
  options: ComposeOptions & { readonly base?: BaseImage | undefined } = {},
): Promise<Image> {
  const { base, epoch = 0, signal } = options;
  const config = imageConfig(platform, layers, settings, base, formatEpoch(epoch));
  const configDescriptor = await store.put(MEDIA_TYPE.config, fromBytes(encodeConfig(config)), { signal });
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: configDescriptor,
    layers: layers.map(({ descriptor }) => descriptor),
    ...manifestAnnotations(settings, layers, base),
  };
  const descriptor = await store.put(MEDIA_TYPE.manifest, fromBytes(encodeManifest(manifest)), { signal });
  return { descriptor, manifest, config, layers };
}
