/**
 * URLs that are fit to print.
 *
 * @module
 */

/**
 * A URL without user, password, query and fragment: signed URLs and upload sessions carry secrets in their queries. A
 * query that was there shows as `?…`.
 */
export function redactUrl(url: URL | string): string {
  if (!URL.canParse(String(url))) return "(not a URL)";
  const { protocol, host, pathname, search } = new URL(url);
  return `${protocol}//${host}${pathname}${search === "" ? "" : "?…"}`;
}
