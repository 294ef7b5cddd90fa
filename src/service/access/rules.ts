/**
 * Rules: who may do what in which repository. They judge names alone; whether a repository is there makes no difference.
 *
 * | repository                | pull                    | push            | delete |
 * | ------------------------- | ----------------------- | --------------- | ------ |
 * | `w/WORKSPACE/NAME`        | its members             | owners, members | owners |
 * | `w/WORKSPACE/u/USER/NAME` | that user, while member | as pull         | as pull|
 * | any other                 | administrators          | administrators  | administrators |
 *
 * A grant adds pulling for another workspace's members, or for everybody.
 *
 * @module
 */

import { isRepository } from "../../oci/reference.js";
import { parseWorkspacePath } from "../../registry/workspace.js";

/** What may be done with a repository's content. */
export type ContentAction = "pull" | "push" | "delete";

/** What a member is in a workspace: `reader` pulls, `member` pushes too, `owner` deletes too. */
export type Role = "owner" | "member" | "reader";

/** Repositories that others may pull from. */
export interface PullGrant {
  /** A repository's name, or `PREFIX/*` for all below it, or `*` for all; a user's own are only below `u/USER/*`. */
  readonly pattern: string;
  readonly isPublic: boolean;
  /** Workspaces whose members may. */
  readonly workspaces: ReadonlySet<string>;
}

/** A team's area. */
export interface Workspace {
  readonly members: ReadonlyMap<string, Role>;
  /** Patterns are of names inside the workspace. */
  readonly grants: readonly PullGrant[];
}

/** What an access file says. */
export interface AccessRules {
  readonly administrators: ReadonlySet<string>;
  readonly workspaces: ReadonlyMap<string, Workspace>;
  /** Of repositories outside of all workspaces. */
  readonly grants: readonly PullGrant[];
}

const MAY: Readonly<Record<Role, readonly ContentAction[]>> = {
  reader: ["pull"],
  member: ["pull", "push"],
  owner: ["pull", "push", "delete"],
};

/**
 * May this user do that?
 *
 * @param user Undefined for somebody who did not log in.
 * @param repository Any text; one that is no repository's name is nobody's but an administrator's.
 */
export function isAllowed(
  rules: AccessRules,
  user: string | undefined,
  repository: string,
  action: ContentAction,
): boolean {
  if (user !== undefined && rules.administrators.has(user)) return true;
  if (!isRepository(repository)) return false;
  const place = parseWorkspacePath(repository);
  if (place === undefined) {
    return action === "pull" && !/^w(\/|$)/.test(repository) && isGranted(rules, rules.grants, user, repository);
  }
  const workspace = rules.workspaces.get(place.workspace);
  if (workspace === undefined) return false;
  const role = user === undefined ? undefined : workspace.members.get(user);
  const own = place.user === undefined ? role : role && place.user === user ? "owner" : undefined;
  if (own !== undefined && MAY[own].includes(action)) return true;
  if (action !== "pull") return false;
  if (place.user === undefined) return isGranted(rules, workspace.grants, user, place.name);
  // What is for all of a workspace means what is the workspace's.
  const grants = workspace.grants.filter(({ pattern }) => pattern !== "*");
  return isGranted(rules, grants, user, `u/${place.user}/${place.name}`);
}

function isGranted(rules: AccessRules, grants: readonly PullGrant[], user: string | undefined, name: string): boolean {
  return grants.some(({ pattern, isPublic, workspaces }) => {
    if (!matches(pattern, name)) return false;
    if (isPublic) return true;
    return user !== undefined && [...workspaces].some((each) => rules.workspaces.get(each)?.members.has(user));
  });
}

function matches(pattern: string, name: string): boolean {
  return pattern === "*" || (pattern.endsWith("/*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern);
}
