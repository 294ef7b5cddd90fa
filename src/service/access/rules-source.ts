/**
 * The access file and the users' file beside it, read again when they change.
 *
 * The two are asked for at every request, so that a change counts from the next one on. New rules take the place of the old
 * ones as a whole; while a file is broken, the rules before it stay.
 *
 * @module
 */

import { readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ioError, isLadingError, LadingError } from "../../errors.js";
import { type AccessFile, parseAccessFile } from "./access-file.js";
import { parseHtpasswd, type Users } from "./htpasswd.js";

/** Names of the access file in a folder, the first that is there. */
const NAMES = ["access.yaml", "access.yml", "access.json"] as const;
/** Bytes of each of the files (1 MiB). */
const MAX_BYTES = 1024 * 1024;
/** Milliseconds after which a file that changes has another time than before on every file system. */
const SETTLED_MS = 2_000;

/** What the two files say. */
export interface AccessState extends AccessFile {
  readonly users: Users;
}

export interface RulesSource {
  /** What holds now. */
  current(): Promise<AccessState>;
}

/** What is known of files that were looked at. */
interface Look {
  /** Changes with the files; undefined where it may not, since they have just been written. */
  readonly stamp: string | undefined;
  readonly text: string;
  readonly passwords: string;
}

/**
 * Reads the files.
 *
 * @param path The access file, or a folder with `access.yaml`, `access.yml` or `access.json` in it.
 * @param onWarning Told of what is wrong with changed files, and of members who cannot log in.
 * @throws {LadingError} `IO`, `TOO_LARGE` and `SYNTAX` for files that cannot be read. Later ones only warn.
 */
export async function openRulesSource(path: string, onWarning: (message: string) => void): Promise<RulesSource> {
  const file = await findAccessFile(path);
  let passwordFile = "";
  let last: Look | undefined;
  let problem = "";
  let turn: Promise<unknown> = Promise.resolve();
  let state = await read();

  /** Reads both files where they are other than last time. */
  async function read(): Promise<AccessState> {
    const before = last;
    // Before they are read: what changes meanwhile is seen next time.
    const stamp = before && (await stampOf([file, passwordFile]));
    const text = await readText(file);
    const same = text === before?.text;
    const access = same ? state : parseAccessFile(text, file);
    passwordFile = resolve(dirname(file), access.htpasswd);
    const passwords = await readText(passwordFile);
    last = { stamp: same ? stamp : undefined, text, passwords };
    if (same && passwords === before?.passwords) return state;
    const users = parseHtpasswd(passwords, passwordFile);
    warnOfStrangers(access, users, passwordFile, onWarning);
    return { ...access, users };
  }

  async function renew(): Promise<void> {
    try {
      state = await read();
      problem = "";
    } catch (error) {
      if (!isLadingError(error)) throw error;
      // Once for each problem, not for each request.
      if (error.message !== problem) onWarning(`${error.message}; until then the access rules stay as they were`);
      problem = error.message;
      last = undefined;
    }
  }

  return {
    async current() {
      if (last?.stamp !== undefined && (await stampOf([file, passwordFile])) === last.stamp) return state;
      const mine = turn.then(renew);
      turn = mine.catch(() => undefined);
      await mine;
      return state;
    },
  };
}

async function findAccessFile(path: string): Promise<string> {
  const stats = await stat(path).catch((error) => {
    throw ioError(error, "read the access rules in", path);
  });
  if (!stats.isDirectory()) return path;
  for (const name of NAMES) {
    if ((await stat(join(path, name)).catch(() => undefined)) !== undefined) return join(path, name);
  }
  const message = `Cannot read the access rules in "${path}": it has no ${NAMES.join(", ")}; name another folder, or the file`;
  throw new LadingError("NOT_FOUND", message, { what: "file", name: join(path, NAMES[0]) });
}

/** Identity, size and times of files; undefined where one is missing, or so young that a change may not show. */
async function stampOf(paths: readonly string[]): Promise<string | undefined> {
  const parts: string[] = [];
  for (const path of paths) {
    const stats = await stat(path, { bigint: true }).catch(() => undefined);
    if (stats === undefined) return undefined;
    const { ino, size, mtimeNs, ctimeNs, ctimeMs } = stats;
    if (Date.now() - Number(ctimeMs) < SETTLED_MS) return undefined;
    parts.push([ino, size, mtimeNs, ctimeNs].join(":"));
  }
  return parts.join(" ");
}

async function readText(path: string): Promise<string> {
  try {
    if ((await stat(path)).size <= MAX_BYTES) return await readFile(path, "utf8");
  } catch (error) {
    throw ioError(error, "read", path);
  }
  const message = `Cannot read "${path}": it is larger than ${MAX_BYTES} bytes; check the path`;
  throw new LadingError("TOO_LARGE", message, { what: path, limit: MAX_BYTES });
}

/** A member without a password is mostly a slip of the pen; it may also be one that comes next. */
function warnOfStrangers(
  { rules }: AccessFile,
  users: Users,
  path: string,
  onWarning: (message: string) => void,
): void {
  const named = [...rules.workspaces.values()].flatMap(({ members }) => [...members.keys()]);
  const strangers = [...new Set([...rules.administrators, ...named])].filter((name) => !users.has(name)).sort();
  if (strangers.length === 0) return;
  const shown = strangers.slice(0, 10).join(", ") + (strangers.length > 10 ? `, … (${strangers.length})` : "");
  onWarning(`The access rules name users without a password: ${shown}; add them to "${path}"`);
}
