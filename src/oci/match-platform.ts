/**
 * Which entry of an index is for a platform.
 *
 * - Attestations (`unknown/unknown`, as BuildKit writes them) never match.
 * - System and architecture must be equal, once both are normalised; `os.version` too, where it is asked for.
 * - Variants `v1`, `v2` … are levels: an entry runs where its level is at most the one that is wanted, and the highest of
 *   those is taken. An entry without variant has the lowest level of its architecture, and so is the one for whoever asks
 *   for none. Other variants (`power9`) match themselves, else an entry without any.
 * - Of entries that are as good, the first counts.
 * - An index whose only entry names no platform gives that entry.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md#platform-variants
 * @module
 */

import { LadingError } from "../errors.js";
import type { Descriptor } from "./descriptor.js";
import { formatPlatform, normalizePlatform, type Platform } from "./platform.js";

/** Is the entry no image, but what BuildKit says about one? */
export function isAttestation({ platform, annotations }: Descriptor): boolean {
  if (annotations?.["vnd.docker.reference.type"] !== undefined) return true;
  return platform?.os === "unknown" && platform.architecture === "unknown";
}

/**
 * The entry of an index that is for a platform, by the rules above.
 *
 * @throws {LadingError} `NOT_FOUND` where none is; the message lists the platforms that are there.
 */
export function matchPlatform(want: Platform, entries: readonly Descriptor[]): Descriptor {
  const images = entries.filter((entry) => !isAttestation(entry));
  const [only, second] = images;
  if (only !== undefined && second === undefined && only.platform === undefined) return only;
  const wanted = normalizePlatform(want);
  let best: Descriptor | undefined;
  let bestRank = -1;
  for (const entry of images) {
    const rank = entry.platform === undefined ? -1 : rankOf(wanted, normalizePlatform(entry.platform));
    if (rank > bestRank) {
      best = entry;
      bestRank = rank;
    }
  }
  return best ?? refuse(wanted, images);
}

/** How well an entry suits: below 0 not at all, else more is better. */
function rankOf(want: Platform, have: Platform): number {
  if (want.os !== have.os || want.architecture !== have.architecture) return -1;
  if (want["os.version"] !== undefined && want["os.version"] !== have["os.version"]) return -1;
  if (have.variant === undefined) return 0;
  if (want.variant === have.variant) return Number.POSITIVE_INFINITY;
  const level = levelOf(have.variant);
  // What has no variant is the lowest level, so nothing with one is below it.
  return want.variant !== undefined && level <= levelOf(want.variant) ? level : -1;
}

/** The number in `v7` or `v8.2`; not a number elsewhere, so that no comparison holds. */
function levelOf(variant: string): number {
  return Number(/^v([0-9]+(?:\.[0-9]+)?)$/.exec(variant)?.[1] ?? Number.NaN);
}

function refuse(want: Platform, images: readonly Descriptor[]): never {
  const name = formatPlatform(want);
  const there = images.flatMap(({ platform }) => (platform === undefined ? [] : [formatPlatform(platform)]));
  const list = there.length === 0 ? "names no platform" : `holds ${[...new Set(there)].slice(0, 20).join(", ")}`;
  const message = `Cannot find platform "${name}": the index ${list}; ask for one that it holds`;
  throw new LadingError("NOT_FOUND", message, { what: "platform", name });
}
