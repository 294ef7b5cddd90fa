/**
 * Image configs.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 * @module
 */

import type { Digest } from "./digest.js";
import type { Platform } from "./platform.js";

/** How a container starts. Field names are the specification's. */
export interface RunConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  /** Items are `NAME=value`. */
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
}

/** One line of an image's history; every one without `empty_layer` belongs to one layer, in order. */
export interface History {
  /** RFC 3339, UTC. */
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

export interface ImageConfig extends Platform {
  /** RFC 3339, UTC. */
  readonly created?: string;
  readonly author?: string;
  readonly config?: RunConfig;
  /** The digests of the *uncompressed* layers, base first. */
  readonly rootfs: { readonly type: "layers"; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly History[];
}
