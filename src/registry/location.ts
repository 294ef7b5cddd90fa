/**
 * Where a registry says that an upload goes on.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-blobs
 * @module
 */

import { isInternalHost } from "../http/host.js";

/**
 * The URL of a `Location`, relative or absolute, its query untouched; or, as a text, why it is refused: it is missing, not
 * http, has a user name, leaves https, or leads from the registry to an address inside the network on another host.
 * Another public host is allowed: it gets no credentials.
 *
 * @param from The URL of the request that was answered.
 */
export function parseLocation(location: string | undefined, from: URL): URL | string {
  if (location === undefined || location === "") return "the answer has no Location";
  if (!URL.canParse(location, from.href)) return "the answer's Location is not a URL";
  const url = new URL(location, from);
  url.hash = "";
  if (url.username !== "" || url.password !== "") return "the answer's Location carries a user name";
  if (url.protocol !== "https:" && url.protocol !== "http:") return "the answer's Location is not http or https";
  if (from.protocol === "https:" && url.protocol !== "https:") {
    return "the answer's Location leaves https: the registry's proxy may lack X-Forwarded-Proto";
  }
  if (url.hostname !== from.hostname && isInternalHost(url.hostname)) {
    return "the answer's Location is an address inside the network on another host";
  }
  return url;
}

/** The URL with one more parameter. As text: signed queries break when they are written anew. */
export function withParameter(url: URL, name: string, value: string): URL {
  return new URL(`${url.href}${url.href.includes("?") ? "&" : "?"}${name}=${encodeURIComponent(value)}`);
}
