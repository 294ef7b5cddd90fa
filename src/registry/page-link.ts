/**
 * Lists in pages.
 *
 * @module
 */

import { type HttpResponse, isSameOrigin } from "../http/message.js";
import type { Session } from "./session.js";

/** Pages of a list. */
const PAGES = 1000;

export interface Pages {
  /** Where the list goes on after this answer: the target of `Link: <…>; rel="next"`, which must be the registry's own. */
  next(response: HttpResponse): URL | undefined;
}

/**
 * Follows a list from page to page.
 *
 * @param action What is being done, as it follows "Cannot": `list the tags of`. @param what The list, for messages.
 * @throws {LadingError} From `next`: `REGISTRY` where it leaves the registry, comes back to a page, or has 1000 pages.
 */
export function createPages(session: Session, action: string, what: string): Pages {
  const seen = new Set<string>();
  return {
    next(response) {
      seen.add(response.url.href);
      const next = nextPage(session, response, action, what);
      if (next === undefined || (seen.size <= PAGES && !seen.has(next.href))) return next;
      throw session.confused(response, "GET", action, `its ${what} does not end`);
    },
  };
}

function nextPage(session: Session, response: HttpResponse, action: string, what: string): URL | undefined {
  for (const [, target = "", parameters = ""] of (response.headers.link ?? "").matchAll(/<([^>]*)>([^<]*)/g)) {
    if (!/;\s*rel="?next"?\s*(?:[;,]|$)/i.test(parameters)) continue;
    const url = URL.canParse(target, response.url.href) ? new URL(target, response.url) : undefined;
    if (url !== undefined && isSameOrigin(url, session.registry)) return url;
    throw session.confused(response, "GET", action, `its ${what} goes on at another host`);
  }
  return undefined;
}
