/**
 * Lists in pages: `n` names after `last`.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 * @module
 */

import { jsonReply, type Reply, refusal } from "./reply.js";

/**
 * One page of a sorted list, with a `Link` where there is more.
 *
 * @param names Sorted by code unit.
 * @param path Of this list, for the `Link`.
 * @param wrap Makes the document.
 */
export function pageReply(
  names: readonly string[],
  { path, query }: { readonly path: string; readonly query: URLSearchParams },
  wrap: (names: readonly string[]) => unknown,
): Reply {
  const count = query.get("n");
  if (count !== null && !/^\d{1,9}$/.test(count)) {
    return refusal(400, "PAGINATION_NUMBER_INVALID", `n is ${JSON.stringify(count.slice(0, 50))}, expected a number`);
  }
  const last = query.get("last");
  const rest = last === null ? names : names.filter((name) => name > last);
  const page = count === null ? rest : rest.slice(0, Number(count));
  const end = page.at(-1);
  if (end === undefined || page.length === rest.length) return jsonReply(wrap(page));
  const next = new URLSearchParams({ n: count ?? "", last: end });
  return jsonReply(wrap(page), { headers: { link: `<${path}?${next}>; rel="next"` } });
}
