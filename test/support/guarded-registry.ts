/**
 * lading's own registry with users, workspaces and permissions.
 *
 * @module
 */

import { mkdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { hashSync } from "bcryptjs";
import { type Access, openAccess } from "../../src/service/access/gate.js";
import { createLayoutRepositories } from "../../src/service/layout-repositories.js";
import { createRegistryServer } from "../../src/service/server.js";
import type { TestContext } from "./suite.js";
import { tempFolder } from "./temp.js";

/** ann owns `lab`, bob is a member of it, eve reads there; carl is of `ops`; nobody logs in as `anonymous`. */
export const ACCESS = `administrators: [root]
workspaces:
  lab:
    members: {ann: owner, bob: member, eve: reader}
    repositories:
      public: {public: true}
      shared: {share: [ops]}
  ops:
    members: [carl]
`;
export const USERS = ["root", "ann", "bob", "eve", "carl"] as const;
export const TOKEN_KEY = Buffer.alloc(32, "k");

/** Each user's password. */
export function passwordOf(user: string): string {
  return `pw-${user}`;
}

const lines = new Map<string, string>();

/** One line of a users' file, at the lowest cost; the same each time. */
export function userLine(user: string, password = passwordOf(user)): string {
  const key = `${user} ${password}`;
  const line = lines.get(key) ?? `${user}:${hashSync(password, 4)}\n`;
  lines.set(key, line);
  return line;
}

/** A `Basic` header's value; undefined for `anonymous`. */
export function basicOf(user: string, password = passwordOf(user)): string | undefined {
  return user === "anonymous" ? undefined : `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The first error's code. */
  readonly code: string | undefined;
}

export interface Call {
  readonly authorization?: string | undefined;
  readonly body?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface GuardedRegistry {
  readonly host: string;
  readonly url: string;
  /** The folder of its repositories, and that of its rules. */
  readonly folder: string;
  readonly auth: string;
  readonly warnings: readonly string[];
  /** Sends a path exactly as it is written. */
  call(method: string, path: string, call?: Call): Promise<Answer>;
  /** A token, with its `Bearer`. */
  token(user: string, ...scopes: readonly string[]): Promise<string>;
}

/** Writes rules and users into a folder. */
export async function writeRules(auth: string, rules = ACCESS, users = USERS.map((each) => userLine(each)).join("")) {
  await mkdir(auth, { recursive: true });
  await writeFile(join(auth, "htpasswd"), users);
  await writeFile(join(auth, "access.yaml"), rules);
}

/** Starts it until the test ends. */
export async function startGuardedRegistry(context: TestContext, rules = ACCESS): Promise<GuardedRegistry> {
  const top = await tempFolder(context);
  const [folder, auth] = [join(top, "registry"), join(top, "auth")];
  await writeRules(auth, rules);
  const warnings: string[] = [];
  const gate: Access = await openAccess(auth, { key: TOKEN_KEY, onWarning: (message) => warnings.push(message) });
  context.defer(() => gate.close());
  const { url, port, close } = await createRegistryServer({
    repositories: createLayoutRepositories(folder),
    gate,
  }).listen();
  context.defer(close);
  const call = (method: string, path: string, options: Call = {}) => send(port, method, path, options);
  return {
    host: `127.0.0.1:${port}`,
    url,
    folder,
    auth,
    warnings,
    call,
    async token(user, ...scopes) {
      const query = new URLSearchParams({ service: "lading" });
      for (const scope of scopes) query.append("scope", scope);
      const { text } = await call("GET", `/v2/token?${query}`, { authorization: basicOf(user) });
      return `Bearer ${JSON.parse(text).token}`;
    },
  };
}

function send(port: number, method: string, path: string, { authorization, body, headers }: Call): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = { ...headers, ...(authorization && { authorization }) };
    const sent = request({ host: "127.0.0.1", port, method, path, headers: all }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const code = text.startsWith('{"errors"') ? JSON.parse(text).errors[0].code : undefined;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, code });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
