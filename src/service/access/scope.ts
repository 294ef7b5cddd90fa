/**
 * Scopes of tokens: `repository:w/lab/py:pull,push` and `registry:catalog:*`.
 *
 * @see https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/scope.md
 * @module
 */

import { isRepository } from "../../oci/reference.js";
import type { ContentAction } from "./rules.js";

/** What one repository may be used for; without a repository: that repositories may be listed. */
export interface TokenScope {
  readonly repository?: string | undefined;
  readonly actions: readonly ContentAction[];
}

export const CATALOG_SCOPE = "registry:catalog:*";

const ACTIONS: readonly ContentAction[] = ["pull", "push", "delete"];

/** The scopes that texts name; each may hold several, with blanks between. What is unknown here is passed over. */
export function parseScopes(texts: readonly string[]): readonly TokenScope[] {
  const words = texts.flatMap((text) => text.split(/\s+/)).filter((word) => word !== "");
  return words.flatMap((word) => parseScope(word) ?? []);
}

function parseScope(text: string): TokenScope | undefined {
  if (text === CATALOG_SCOPE) return { actions: [] };
  const [, repository, list = ""] = /^repository:([^:]*):([a-z*,]*)$/.exec(text) ?? [];
  if (!isRepository(repository)) return undefined;
  const wanted = list.split(",");
  return { repository, actions: ACTIONS.filter((action) => wanted.includes(action) || wanted.includes("*")) };
}

export function formatScope({ repository, actions }: TokenScope): string {
  return repository === undefined ? CATALOG_SCOPE : `repository:${repository}:${actions.join(",")}`;
}
