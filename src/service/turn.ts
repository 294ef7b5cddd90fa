/**
 * Changes of one repository, one after the other.
 *
 * @module
 */

import type { Repository } from "./repository.js";

const turns = new WeakMap<Repository, Promise<unknown>>();

/**
 * Runs a change when those before it are done: what it looked at stays as it was until it has acted. Uploads need no turn; what
 * lists, names or removes content does.
 */
export function inTurn<T>(repository: Repository, change: () => Promise<T>): Promise<T> {
  const mine = (turns.get(repository) ?? Promise.resolve()).then(change);
  turns.set(
    repository,
    mine.catch(() => undefined),
  );
  return mine;
}
