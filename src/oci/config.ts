/**
 * Image configs.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 * @module
 */

import { DIGEST_SHAPE, TEXT_SHAPE } from "./descriptor.js";
import type { Digest } from "./digest.js";
import { decodeJson, encodeJson } from "./json.js";
import { PLATFORM_FIELDS, type Platform } from "./platform.js";
import { listOf, mapOf, recordOf, refuseValue, type Shape, scalarOf, textOf } from "./shape.js";

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

/** What an image is, for whom, and how it runs. Field names are the specification's. */
export interface ImageConfig extends Platform {
  /** RFC 3339, UTC. */
  readonly created?: string;
  readonly author?: string;
  readonly config?: RunConfig;
  /** The digests of the *uncompressed* layers, base first. */
  readonly rootfs: { readonly type: "layers"; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly History[];
}

const STRINGS = listOf(TEXT_SHAPE);
const FLAG = scalarOf("true or false", (value): value is boolean => typeof value === "boolean");

/** The values of `ExposedPorts` and `Volumes` say nothing: they are `{}`, and Go's readers take `null` for it too. */
const NOTHING: Shape<object> = {
  wanted: "{}",
  read(value, place) {
    if (typeof value === "object" && !Array.isArray(value)) return value ?? {};
    throw refuseValue(place, value, "{}");
  },
  write: (value) => value,
};

const RUN_SHAPE = recordOf<RunConfig>(
  {
    User: TEXT_SHAPE,
    ExposedPorts: mapOf(NOTHING),
    Env: listOf(textOf("NAME=value without NUL", /^[^=\0]+=[^\0]*$/)),
    Entrypoint: STRINGS,
    Cmd: STRINGS,
    Volumes: mapOf(NOTHING),
    WorkingDir: TEXT_SHAPE,
    Labels: mapOf(TEXT_SHAPE),
    StopSignal: TEXT_SHAPE,
  },
  { required: [], passed: ["ArgsEscaped", "Memory", "MemorySwap", "CpuShares", "Healthcheck"] },
);

const HISTORY_SHAPE = recordOf<History>(
  { created: TEXT_SHAPE, created_by: TEXT_SHAPE, author: TEXT_SHAPE, comment: TEXT_SHAPE, empty_layer: FLAG },
  { required: [] },
);

const ROOTFS_SHAPE = recordOf<ImageConfig["rootfs"]>(
  { type: scalarOf('"layers"', (value): value is "layers" => value === "layers"), diff_ids: listOf(DIGEST_SHAPE) },
  { required: ["type", "diff_ids"] },
);

const CONFIG_SHAPE = recordOf<ImageConfig>(
  {
    created: TEXT_SHAPE,
    author: TEXT_SHAPE,
    ...PLATFORM_FIELDS,
    config: RUN_SHAPE,
    rootfs: ROOTFS_SHAPE,
    history: listOf(HISTORY_SHAPE),
  },
  { required: ["architecture", "os", "rootfs"] },
);

/**
 * Decodes an image's config. Fields that lading does not know are kept; an optional one that is `null` counts as absent.
 * Texts may hold line ends, as labels of real images do.
 *
 * @param options `what` names the document in messages (`config`).
 * @throws {LadingError} `TOO_LARGE` above 4 MiB.
 * @throws {LadingError} `SYNTAX` when it is no strict JSON, or when a field is not of the specification's type: an item of
 * `Env` without `=`, a command that is no list, a digest that cannot be verified, a NUL in a text.
 */
export function decodeConfig(bytes: Uint8Array, options: { readonly what?: string | undefined } = {}): ImageConfig {
  const { what = "config" } = options;
  return CONFIG_SHAPE.read(decodeJson(bytes, { what, names: CONFIG_SHAPE.names }), { what });
}

/** Encodes an image's config: fields in the specification's order, labels, ports and volumes sorted. */
export function encodeConfig(config: ImageConfig): Uint8Array {
  return encodeJson(CONFIG_SHAPE.write(config));
}
