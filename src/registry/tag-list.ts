/**
 * The names that a registry lists: tags of a repository, and its repositories.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 * @see https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/api.md#listing-repositories
 * @module
 */

import type { HttpResponse } from "../http/message.js";
import { isRepository, isTag } from "../oci/reference.js";
import { collect, type IoOptions } from "../stream/bytes.js";
import { createPages } from "./page-link.js";
import type { Actions } from "./scope.js";
import type { Session } from "./session.js";

/** Bytes of a page (8 MiB). */
const PAGE_LIMIT = 8 * 1024 * 1024;

/** A list, and what it is called. */
interface NameList {
  readonly to: string;
  readonly actions: Actions;
  readonly field: "tags" | "repositories";
  readonly isName: (text: unknown) => text is string;
  /** As it follows "Cannot". */
  readonly action: string;
}

const TAGS: NameList = {
  to: "tags/list",
  actions: "pull",
  field: "tags",
  isName: isTag,
  action: "list the tags of",
};
const REPOSITORIES: NameList = {
  to: "_catalog?n=1000",
  actions: "catalog",
  field: "repositories",
  isName: isRepository,
  action: "list the repositories of",
};

/** Every tag, sorted, each once. A repository that the registry does not know has none. */
export async function fetchTagNames(session: Session, options: IoOptions): Promise<readonly string[]> {
  return (await fetchNames(session, TAGS, options)) ?? [];
}

/**
 * Every repository that a registry tells of, sorted; undefined where it keeps no such list, or none for strangers to it.
 *
 * @param session That of the registry as a whole.
 */
export async function fetchRepositoryNames(
  session: Session,
  options: IoOptions,
): Promise<readonly string[] | undefined> {
  return await fetchNames(session, REPOSITORIES, options);
}

/** Undefined where the registry does not know the list. */
async function fetchNames(session: Session, list: NameList, { signal }: IoOptions) {
  const { actions, action } = list;
  const names = new Set<string>();
  const pages = createPages(session, action, `list of ${list.field}`);
  let to: string | URL | undefined = list.to;
  while (to !== undefined) {
    const response = await session.send({ method: "GET", to, actions, signal });
    if (response.status === 404 && names.size === 0) {
      await response.discard();
      return undefined;
    }
    if (response.status !== 200) throw await session.refused(response, "GET", action);
    for (const name of await readPage(session, response, list)) names.add(name);
    to = pages.next(response);
  }
  return [...names].sort();
}

async function readPage(session: Session, response: HttpResponse, { field, isName, action }: NameList) {
  const bytes = await collect(response.body, PAGE_LIMIT, `the list of ${field} of ${session.label}`);
  try {
    const names = (JSON.parse(bytes.toString()) as Record<string, unknown> | null)?.[field];
    return Array.isArray(names) ? names.filter(isName) : [];
  } catch {
    throw session.confused(response, "GET", action, `its list of ${field} is not JSON`);
  }
}
