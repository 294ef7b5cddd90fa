/**
 * Files of users and passwords, as `htpasswd -B` writes them.
 *
 * @see https://httpd.apache.org/docs/2.4/misc/password_encryptions.html
 * @module
 */

import { LadingError } from "../../errors.js";

/** Each user's bcrypt hash. */
export type Users = ReadonlyMap<string, string>;

/** Bytes (1 MiB). */
const MAX_BYTES = 1024 * 1024;
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
/** log2 of the rounds: a login at the highest takes some seconds. */
const COSTS = { least: 4, most: 16 } as const;

/**
 * Reads such a file: `user:hash` lines; empty ones and those that begin with `#` are passed over.
 *
 * @param path Names it in messages, which never quote a hash.
 * @throws {LadingError} `TOO_LARGE` above 1 MiB; `SYNTAX` for a line without a user, a user twice, and a hash that is not
 * bcrypt or whose cost is not 4 to 16.
 */
export function parseHtpasswd(text: string, path: string): Users {
  if (text.length > MAX_BYTES) {
    const message = `Cannot read "${path}": it is larger than ${MAX_BYTES} bytes; check the path`;
    throw new LadingError("TOO_LARGE", message, { what: path, limit: MAX_BYTES });
  }
  const users = new Map<string, string>();
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    const refuse = (why: string) => {
      return new LadingError("SYNTAX", `${path}:${at + 1}: ${why}`, {
        kind: "htpasswd",
        path,
        line: at + 1,
        column: 1,
      });
    };
    if (colon < 1) throw refuse("expected USER:HASH");
    const user = line.slice(0, colon);
    const hash = line.slice(colon + 1);
    if (users.has(user)) throw refuse(`the user ${JSON.stringify(user)} comes twice`);
    const cost = Number(BCRYPT.exec(hash)?.[1]);
    if (!(cost >= COSTS.least && cost <= COSTS.most)) {
      const wanted = `bcrypt of a cost from ${COSTS.least} to ${COSTS.most}`;
      throw refuse(`the password of ${JSON.stringify(user)} is not ${wanted}; write it by \`htpasswd -B\``);
    }
    users.set(user, hash);
  }
  return users;
}

/** log2 of a hash's rounds. */
export function costOf(hash: string): number {
  return Number(BCRYPT.exec(hash)?.[1]);
}
