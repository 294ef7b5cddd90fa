/**
 * The access file: who may do what, written by people as YAML or JSON.
 *
 * ```yaml
 * administrators: [root]
 * workspaces:
 *   lab:
 *     members: {ann: owner, bob: member, eve: reader}
 *     repositories:
 *       base: {public: true}
 *       tools/*: {share: [ops]}
 *       u/ann/demo: {share: [ops]}
 *   ops: {members: [carl]}
 * repositories:
 *   library/*: {public: true}
 * ```
 *
 * @module
 */

import { isRepository } from "../../oci/reference.js";
import { readDocument } from "../../recipe/read-document.js";
import { either, flag, keys, list, names, type Of, text, textThat, word } from "../../recipe/schema-parts.js";
import { isPathName, parseWorkspacePath } from "../../registry/workspace.js";
import type { AccessRules, PullGrant, Role } from "./rules.js";

const USER = textThat("a user's name: lower-case letters and digits with single . _ or - between them", isPathName);
const WORKSPACE = textThat(
  "a workspace's name: lower-case letters and digits with single . _ or - between them",
  isPathName,
);

const GRANT = keys(
  {
    public: flag().optional().describe("Everybody may pull, without a login, too."),
    share: list(WORKSPACE, "a list of workspaces").optional().describe("Workspaces whose members may pull."),
  },
  "who may pull: {public: true} or {share: [WORKSPACE]}",
);

function grantsOf(wanted: string, isRight: (pattern: string) => boolean) {
  return names(textThat(wanted, isRight), GRANT, "repositories with who may pull from them");
}

const MEMBERS = either(
  list(USER, "a list of users"),
  names(USER, word(["owner", "member", "reader"]), "users with what they are"),
  "users with what they are, such as {ann: owner, bob: member}",
);

const WORKSPACE_KEYS = keys(
  {
    members: MEMBERS.optional().describe("owner: pulls, pushes and deletes; member: pulls and pushes; reader: pulls."),
    repositories: grantsOf(
      "a repository's name inside the workspace: NAME or u/USER/NAME, also with /* at its end",
      (pattern) => pattern === "*" || isInside(exampleOf(pattern)),
    )
      .optional()
      .describe("Repositories that others may pull from."),
  },
  "keys with values, such as members: {ann: owner}",
);

const ACCESS_SCHEMA = keys(
  {
    administrators: list(USER, "a list of users").optional().describe("May do everything, everywhere."),
    workspaces: names(WORKSPACE, WORKSPACE_KEYS, "workspaces with their members").optional(),
    repositories: grantsOf(
      "a repository's name outside of w/, also with /* at its end",
      (pattern) => pattern === "*" || (isRepository(exampleOf(pattern)) && !/^w(\/|$)/.test(pattern)),
    )
      .optional()
      .describe("Repositories outside of workspaces that others than administrators may pull from."),
    htpasswd: text("the path of a file", /^[^\0\r\n]+$/)
      .optional()
      .describe("Users and their passwords: a path beside this file (htpasswd)."),
    login: word(["token", "password"])
      .optional()
      .describe("What clients are asked for: tokens, or user and password with each request (token). Both are taken."),
    url: text("an address such as https://registry.example", /^https?:\/\/[^\s/?#@"\\]+\/?$/)
      .optional()
      .describe("Where clients reach the registry, where that is not what they name as its host."),
  },
  "keys with values, such as workspaces: {lab: {members: {ann: owner}}}",
).superRefine((document, context) => {
  for (const [path, { share = [] }] of sharesOf(document)) {
    for (const [at, workspace] of share.entries()) {
      if (Object.hasOwn(document.workspaces ?? {}, workspace)) continue;
      context.addIssue({
        code: "custom",
        path: [...path, "share", at],
        input: workspace,
        message: "expected a workspace of this file",
      });
    }
  }
});

type AccessDocument = Of<typeof ACCESS_SCHEMA>;
type Grants = NonNullable<AccessDocument["repositories"]>;

function isInside(name: string): boolean {
  return isRepository(name) && parseWorkspacePath(`w/x/${name}`) !== undefined;
}

/** A name that a pattern stands for. */
function exampleOf(pattern: string): string {
  return pattern.replace(/\/\*$/, "/x");
}

function sharesOf({ workspaces = {}, repositories = {} }: AccessDocument) {
  const outside = Object.entries(repositories).map(([name, grant]) => [["repositories", name], grant] as const);
  const inside = Object.entries(workspaces).flatMap(([workspace, { repositories: own = {} }]) =>
    Object.entries(own).map(
      ([name, grant]) => [["workspaces", workspace, "repositories", name] as string[], grant] as const,
    ),
  );
  return [...outside, ...inside];
}

function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  if (path.includes("repositories")) return Object.keys(GRANT.shape);
  return Object.keys(path[0] === "workspaces" ? WORKSPACE_KEYS.shape : ACCESS_SCHEMA.shape);
}

/** What a file says, and what it leads to. */
export interface AccessFile {
  readonly rules: AccessRules;
  /** The path of the users' passwords, from the file's folder. */
  readonly htpasswd: string;
  readonly login: "token" | "password";
  /** Where clients reach the registry; undefined: where they say. */
  readonly url: string | undefined;
}

/**
 * Reads an access file.
 *
 * @param path Names it in messages.
 * @throws {LadingError} `TOO_LARGE` above 1 MiB; `SYNTAX`, with line and column, where it is not of the schema.
 */
export function parseAccessFile(source: string, path: string): AccessFile {
  const { data } = readDocument(source, { path, kind: "access file", schema: ACCESS_SCHEMA, knownKeys });
  const workspaces = Object.entries(data.workspaces ?? {}).map(([name, { members, repositories }]) => {
    return [name, { members: membersOf(members), grants: toGrants(repositories) }] as const;
  });
  return {
    rules: {
      administrators: new Set(data.administrators),
      workspaces: new Map(workspaces),
      grants: toGrants(data.repositories),
    },
    htpasswd: data.htpasswd ?? "htpasswd",
    login: data.login ?? "token",
    url: data.url?.replace(/\/$/, ""),
  };
}

function membersOf(members: Of<typeof MEMBERS> = []): ReadonlyMap<string, Role> {
  return new Map(Array.isArray(members) ? members.map((user) => [user, "member"]) : Object.entries(members));
}

function toGrants(grants: Grants = {}): readonly PullGrant[] {
  return Object.entries(grants).map(([pattern, grant]) => ({
    pattern,
    isPublic: grant.public === true,
    workspaces: new Set(grant.share),
  }));
}
