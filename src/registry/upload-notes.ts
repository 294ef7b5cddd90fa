/**
 * What the next process has to know of an upload: where it goes on.
 *
 * @module
 */

import { isSameOrigin } from "../http/message.js";
import type { Digest } from "../oci/digest.js";
import type { Journal } from "../store/journal.js";
import { parseLocation } from "./location.js";
import type { Session } from "./session.js";

export interface UploadNotes {
  /** Is there a journal at all? */
  readonly keeps: boolean;
  /** Where an earlier process left it; undefined where none did. */
  take(): Promise<URL | undefined>;
  note(location: URL): Promise<void>;
  /** Leaves it to whoever comes next. */
  release(): Promise<void>;
  drop(): Promise<void>;
}

/**
 * Notes of one upload. Only locations at the registry itself are kept: those at another host are signed, and open what they
 * name to anybody.
 */
export function createUploadNotes(session: Session, digest: Digest, journal: Journal | undefined): UploadNotes {
  const key = `upload ${session.label} ${digest}`;
  let last = "";
  async function take(): Promise<URL | undefined> {
    const record = (await journal?.take(key)) as { location?: unknown } | undefined;
    const location = typeof record?.location === "string" ? record.location : undefined;
    const url = parseLocation(location, session.registry);
    if (typeof url !== "string" && isSameOrigin(url, session.registry)) return url;
    await journal?.drop(key);
    return undefined;
  }
  async function note({ href }: URL): Promise<void> {
    if (href === last || !isSameOrigin(new URL(href), session.registry)) return;
    last = href;
    await journal?.note(key, { location: href });
  }
  return {
    keeps: journal !== undefined,
    take,
    note,
    release: async () => await journal?.release(key),
    drop: async () => await journal?.drop(key),
  };
}
