/**
 * Workspaces: areas of a registry that belong to a team.
 *
 * ```text
 * w/WORKSPACE/NAME           scope `workspace`: its members'
 * w/WORKSPACE/u/USER/NAME    scope `user`: that one user's
 * ```
 *
 * NAME may have several parts. Those of a workspace do not begin with `u`.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { isRepository, type Reference } from "../oci/reference.js";

/** A repository's place in a workspace. */
export interface WorkspacePlace {
  readonly workspace: string;
  /** Whose it is; undefined where it is the workspace's. */
  readonly user?: string | undefined;
}

/** Can it be a workspace's or a user's name in a path: one part of a repository's name? */
export function isPathName(text: unknown): text is string {
  return isRepository(text) && !text.includes("/");
}

/** Where a repository belongs; undefined for one outside of all workspaces, and for a path that leads to none. */
export function parseWorkspacePath(repository: string): (WorkspacePlace & { readonly name: string }) | undefined {
  const [w, workspace, ...rest] = repository.split("/");
  if (w !== "w" || workspace === undefined || rest.length === 0) return undefined;
  if (rest[0] !== "u") return { workspace, name: rest.join("/") };
  const [, user, ...name] = rest;
  return user === undefined || name.length === 0 ? undefined : { workspace, user, name: name.join("/") };
}

/**
 * The same image in a workspace: `host/py:1` becomes `host/w/lab/py:1`, or for one user `host/w/lab/u/ann/py:1`.
 *
 * @throws {LadingError} `SYNTAX` where workspace or user cannot be a part of a path, where the repository is in a workspace
 * already or begins with `u/`, where the registry is Docker Hub, which has none, and where the result has more than 255
 * characters.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatReference, parseReference, placeInWorkspace } from "lading";
 *
 * const mine = placeInWorkspace(parseReference("127.0.0.1:5000/py:1"), { workspace: "lab", user: "ann" });
 * assert.equal(formatReference(mine), "127.0.0.1:5000/w/lab/u/ann/py:1");
 * ```
 */
export function placeInWorkspace(reference: Reference, { workspace, user }: WorkspacePlace): Reference {
  for (const name of user === undefined ? [workspace] : [workspace, user]) {
    if (!isPathName(name))
      throw refuse(name, "it is not lower-case letters and digits with single . _ or - between them");
  }
  const { registry, repository: given } = reference;
  if (registry === "docker.io") throw refuse(given, "it names no registry, and Docker Hub has none; write HOST/NAME");
  if (/^(w|u)(\/|$)/.test(given)) throw refuse(given, "its first part is w or u; name what comes after the workspace");
  const repository = ["w", workspace, ...(user === undefined ? [] : ["u", user]), given].join("/");
  if (`${registry}/${repository}`.length > 255)
    throw refuse(given, "with its workspace it has more than 255 characters");
  return { ...reference, repository };
}

function refuse(text: string, why: string): LadingError<"SYNTAX"> {
  const shown = text.slice(0, 200);
  const message = `Cannot name a place in a workspace by ${JSON.stringify(shown)}: ${why}`;
  return new LadingError("SYNTAX", message, { kind: "workspace", input: shown });
}
