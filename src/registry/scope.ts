/**
 * Scopes: what a token is asked for, `repository:team/py:pull,push`.
 *
 * @see https://github.com/distribution/distribution/blob/v2.8.3/docs/spec/auth/scope.md
 * @module
 */

/** What may be done: in a repository; `catalog` lists the repositories of a registry, `login` does nothing. */
export type Actions = "pull" | "pull,push" | "delete" | "catalog" | "login";

/** What a request needs to be allowed. */
export interface Need {
  readonly actions: Actions;
  /** Another repository of the registry, out of which a blob is to be mounted. */
  readonly from?: string | undefined;
}

/** The scopes of what a request needs. */
export function scopesOf(repository: string, { actions, from }: Need): readonly string[] {
  if (actions === "login") return [];
  if (actions === "catalog") return ["registry:catalog:*"];
  const own = `repository:${repository}:${actions}`;
  return from === undefined ? [own] : [own, `repository:${from}:pull`];
}

/**
 * The scopes to ask for: first those that the registry demands, since some token servers read the first only, then lading's
 * own. Two of one resource become one with the actions of both.
 */
export function mergeScopes(demanded: string | undefined, ...own: readonly string[]): readonly string[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of [...(demanded ?? "").split(/\s+/), ...own]) {
    if (scope === "") continue;
    // The resource's name may hold a colon, `host:port/name`: only the last one parts the actions from it.
    const colon = scope.lastIndexOf(":");
    const resource = scope.slice(0, Math.max(colon, 0));
    const set = actions.get(resource) ?? new Set();
    for (const action of scope.slice(colon + 1).split(",")) set.add(action);
    actions.set(resource, set);
  }
  return [...actions].map(([resource, set]) =>
    resource === "" ? [...set].join(",") : `${resource}:${[...set].join(",")}`,
  );
}
