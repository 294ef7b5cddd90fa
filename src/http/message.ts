/**
 * A request and what comes back.
 *
 * @module
 */

import type { ByteStream, IoOptions } from "../stream/bytes.js";

/** Content to send. */
export interface RequestBody {
  /** Opens the content from its start; called again for a retry or a redirect unless `once`. */
  readonly open: () => ByteStream;
  /** Bytes that `open` gives. Absent: sent in chunks of HTTP. */
  readonly size?: number | undefined;
  /** True where `open` works a single time: such a request is never sent again once its body was opened. */
  readonly once?: boolean | undefined;
}

export interface HttpRequest extends IoOptions {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL | string;
  /** Lower-case names. Only harmless ones follow a redirect to another scheme, host or port. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RequestBody | undefined;
  /** `follow` (the default), or `same-origin`, which refuses a redirect to another scheme, host or port. */
  readonly redirect?: "follow" | "same-origin" | undefined;
  /** May it be sent again? (true for GET, HEAD, PUT and DELETE) */
  readonly retry?: boolean | undefined;
  /** Milliseconds that the answer may take beyond the client's limit, where the server has much to do (0). */
  readonly patienceMs?: number | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names; several lines of one name are joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /**
   * The content, once, as sent: nothing is decompressed. It throws `NETWORK` where the answer breaks off. Who does not want
   * it calls `discard()`.
   */
  readonly body: ByteStream;
  /** Lets go of the content. The connection is kept where little of it is left. */
  discard(): Promise<void>;
}

/** Do both have the same scheme, host and port? */
export function isSameOrigin(left: URL, right: URL): boolean {
  return left.protocol === right.protocol && left.host === right.host;
}
