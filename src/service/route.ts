/**
 * Paths of the distribution API.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
 * @module
 */

import { isRepository } from "../oci/reference.js";

/** What a path asks for. `target` is a tag, a digest or an upload's id, as it was written. */
export type Route =
  | { readonly kind: "base" }
  | { readonly kind: "catalog" }
  | { readonly kind: "blob" | "manifest" | "upload" | "referrers"; readonly name: string; readonly target: string }
  | { readonly kind: "uploads" | "tags"; readonly name: string }
  | { readonly kind: "badName"; readonly name: string };

/** A route that leads somewhere. */
export type GoodRoute = Exclude<Route, { readonly kind: "badName" }>;

/**
 * The route of a path; undefined where there is none. Names are read from the right, since `blobs`, `manifests`, `tags` and
 * `uploads` are good parts of a repository's name.
 *
 * @param path As it came, percent-encoded, without query.
 */
export function parseRoute(path: string): Route | undefined {
  if (path === "/v2/" || path === "/v2") return { kind: "base" };
  if (path === "/v2/_catalog") return { kind: "catalog" };
  if (!path.startsWith("/v2/")) return undefined;
  const segments = path.slice("/v2/".length).split("/");
  const last = decode(segments.pop() ?? "");
  if (last === undefined) return undefined;
  const route = fromRight([...segments, last]);
  if (route === undefined || !("name" in route) || isRepository(route.name)) return route;
  return { kind: "badName", name: route.name };
}

function fromRight(segments: readonly string[]): Route | undefined {
  const name = (count: number) => segments.slice(0, -count).join("/");
  const [third, second, last] = [segments.at(-3), segments.at(-2), segments.at(-1)];
  if (second === undefined || last === undefined || segments.length < 3) return undefined;
  if (third === "blobs" && second === "uploads" && last === "") return { kind: "uploads", name: name(3) };
  if (second === "blobs" && last === "uploads") return { kind: "uploads", name: name(2) };
  if (third === "blobs" && second === "uploads") return { kind: "upload", name: name(3), target: last };
  if (second === "tags" && last === "list") return { kind: "tags", name: name(2) };
  if (second === "blobs") return { kind: "blob", name: name(2), target: last };
  if (second === "manifests") return { kind: "manifest", name: name(2), target: last };
  if (second === "referrers") return { kind: "referrers", name: name(2), target: last };
  return undefined;
}

/**
 * A target; undefined where its encoding is broken. Names are taken as they are: nothing in them needs an encoding, and what
 * stands between here and the client may have judged them by how they are written.
 */
function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
