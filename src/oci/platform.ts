/**
 * Platforms: what an image runs on.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md#image-index-property-descriptions
 * @module
 */

import { LadingError } from "../errors.js";
import { listOf, recordOf, textOf } from "./shape.js";

/** Field names and values are the specification's, which are Go's `GOOS` and `GOARCH`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly "os.version"?: string;
  readonly "os.features"?: readonly string[];
}

const TEXT = textOf("a text without control characters", /^[^\p{Cc}]*$/u);

/** Shapes of a platform's fields, in the order in which they are written. Images have some of them empty. */
export const PLATFORM_FIELDS = {
  architecture: TEXT,
  os: TEXT,
  "os.version": TEXT,
  "os.features": listOf(TEXT),
  variant: TEXT,
};

export const PLATFORM_SHAPE = recordOf<Platform>(PLATFORM_FIELDS, { required: ["architecture", "os"] });

/** Other names of architectures: those of `uname -m`, and those of Debian. */
const ARCHITECTURES: ReadonlyMap<string, readonly [architecture: string, variant?: string]> = new Map([
  ["x86_64", ["amd64"]],
  ["x86-64", ["amd64"]],
  ["aarch64", ["arm64"]],
  ["i386", ["386"]],
  ["i486", ["386"]],
  ["i586", ["386"]],
  ["i686", ["386"]],
  ["armhf", ["arm", "v7"]],
  ["armv7l", ["arm", "v7"]],
  ["armel", ["arm", "v6"]],
  ["armv6l", ["arm", "v6"]],
  ["ppc64el", ["ppc64le"]],
  ["mips64el", ["mips64le"]],
]);

/** The variant that an architecture without one means. It is left out, except for `arm`, whose readers differ. */
const BASELINE: ReadonlyMap<string, string> = new Map([
  ["amd64", "v1"],
  ["arm64", "v8"],
  ["arm", "v7"],
]);

/**
 * The one spelling of a platform: lower case, `amd64` for `x86_64`, `arm64` for `aarch64`, `darwin` for `macos`, variant
 * `v7` for `7`; no variant where it is the baseline (`amd64/v1`, `arm64/v8`), but always one for `arm` (`v7`).
 */
export function normalizePlatform(platform: Platform): Platform {
  const { os, architecture, variant: _variant, ...others } = platform;
  const name = architecture.toLowerCase();
  const [known, implied] = ARCHITECTURES.get(name) ?? [name];
  const given = platform.variant?.toLowerCase().replace(/^(?=[0-9])/, "v") || implied || BASELINE.get(known);
  const variant = known !== "arm" && given === BASELINE.get(known) ? undefined : given;
  const system = os.toLowerCase() === "macos" ? "darwin" : os.toLowerCase();
  return { ...others, os: system, architecture: known, ...(variant !== undefined && { variant }) };
}

/**
 * Reads `os/architecture` or `os/architecture/variant`, normalised as {@link normalizePlatform} does.
 *
 * @throws {LadingError} `SYNTAX` unless there are two or three parts of letters, digits, `_`, `.` and `-`.
 */
export function parsePlatform(text: string): Platform {
  const parts = text.split("/");
  const [os, architecture, variant] = parts;
  const good = parts.length <= 3 && parts.every((part) => /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(part));
  if (!good || os === undefined || architecture === undefined) {
    const shown = text.slice(0, 80);
    const message = `Cannot parse platform ${JSON.stringify(shown)}: expected OS/ARCHITECTURE[/VARIANT], such as linux/amd64`;
    throw new LadingError("SYNTAX", message, { kind: "platform", input: shown });
  }
  return normalizePlatform({ os, architecture, ...(variant !== undefined && { variant }) });
}

/** `os/architecture`, and `/variant` if there is one. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant ? [variant] : [])].join("/");
}
