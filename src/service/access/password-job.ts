/**
 * One password against one hash: the work of a thread.
 *
 * @module
 */

import { compareSync } from "bcryptjs";

/** What is compared. */
export interface PasswordJob {
  readonly password: string;
  readonly hash: string;
}

/** Is it the password? Takes as long as the hash's cost says, and no shorter where it is wrong. */
export function runPasswordJob({ password, hash }: PasswordJob): boolean {
  return compareSync(password, hash);
}
