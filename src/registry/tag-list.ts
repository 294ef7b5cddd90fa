/**
 * The tags of a repository.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 * @module
 */

import type { HttpResponse } from "../http/message.js";
import { isTag } from "../oci/reference.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import { createPages } from "./page-link.js";
import type { Session } from "./session.js";

/** Bytes of a page (8 MiB). */
const PAGE_LIMIT = 8 * 1024 * 1024;
const ACTION = "list the tags of";

/** Every tag, sorted, each once. A repository that the registry does not know has none. */
export async function fetchTagNames(session: Session, { signal }: IoOptions): Promise<readonly string[]> {
  const names = new Set<string>();
  const pages = createPages(session, ACTION, "list of tags");
  let to: string | URL | undefined = "tags/list";
  while (to !== undefined) {
    const response = await session.send({ method: "GET", to, actions: "pull", signal });
    if (response.status === 404 && names.size === 0) {
      await response.discard();
      return [];
    }
    if (response.status !== 200) throw await session.refused(response, "GET", ACTION);
    for (const name of await readPage(session, response)) names.add(name);
    to = pages.next(response);
  }
  return [...names].sort();
}

async function readPage(session: Session, response: HttpResponse): Promise<readonly string[]> {
  const bytes = await collect(response.body, PAGE_LIMIT, `the list of tags of ${session.label}`);
  try {
    const { tags } = JSON.parse(bytes.toString()) as { tags?: unknown };
    return Array.isArray(tags) ? tags.filter(isTag) : [];
  } catch {
    throw session.confused(response, "GET", ACTION, "its list of tags is not JSON");
  }
}
