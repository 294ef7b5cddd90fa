/**
 * Answers of the registry.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { ByteStream } from "../stream/bytes.js";

/** An answer, before it is sent. */
export interface Reply {
  readonly status: number;
  /** Lower-case names. `content-length` is always there. */
  readonly headers: Readonly<Record<string, string>>;
  /** Left out for HEAD, whose headers are those of GET. */
  readonly body?: Uint8Array | ByteStream | undefined;
}

/** The codes of the distribution specification that are used here. */
export type RefusalCode =
  | "BLOB_UNKNOWN"
  | "BLOB_UPLOAD_INVALID"
  | "BLOB_UPLOAD_UNKNOWN"
  | "DENIED"
  | "DIGEST_INVALID"
  | "MANIFEST_BLOB_UNKNOWN"
  | "MANIFEST_INVALID"
  | "MANIFEST_UNKNOWN"
  | "NAME_INVALID"
  | "NAME_UNKNOWN"
  | "PAGINATION_NUMBER_INVALID"
  | "SIZE_INVALID"
  | "TOOMANYREQUESTS"
  | "UNAUTHORIZED"
  | "UNKNOWN"
  | "UNSUPPORTED";

/** Bytes of a request that nobody wants and that are still read, so that its sender sees the answer (16 MiB). */
const DRAIN_LIMIT = 16 * 1024 * 1024;

/** In every answer. No browser is to take for a page what somebody has pushed. */
const EVERYWHERE = { "docker-distribution-api-version": "registry/2.0", "x-content-type-options": "nosniff" };

/** An answer without content. */
export function emptyReply(status: number, headers: Readonly<Record<string, string>> = {}): Reply {
  // RFC 9110, section 8.6: none in a 204.
  return { status, headers: status === 204 ? headers : { "content-length": "0", ...headers } };
}

export function jsonReply(
  value: unknown,
  {
    status = 200,
    headers = {},
  }: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): Reply {
  const body = Buffer.from(JSON.stringify(value));
  const own = { "content-type": "application/json", "content-length": String(body.byteLength) };
  return { status, headers: { ...own, ...headers }, body };
}

/** A no, as the specification writes it. */
export function refusal(
  status: number,
  code: RefusalCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return jsonReply({ errors: [{ code, message }] }, { status, headers });
}

/**
 * Sends an answer. Where its content fails half-way the connection is cut, so that nobody takes the part for the whole.
 *
 * @throws What the content throws while its client is there.
 */
export async function sendReply(request: IncomingMessage, response: ServerResponse, reply: Reply): Promise<void> {
  drain(request);
  response.writeHead(reply.status, { ...EVERYWHERE, ...reply.headers });
  if (request.method === "HEAD" || reply.body === undefined) response.end();
  else if (reply.body instanceof Uint8Array) response.end(reply.body);
  else await sendStream(response, reply.body);
}

/** Thrown where a client has gone, which is nobody's mistake. */
const GONE = Symbol("the client has gone");

async function sendStream(response: ServerResponse, body: ByteStream): Promise<void> {
  try {
    for await (const chunk of body) await write(response, chunk);
    response.end();
  } catch (error) {
    const isGone = error === GONE || response.destroyed;
    response.destroy();
    if (!isGone) throw error;
  }
}

/** Each chunk is handed to the system before the next is asked for: producers reuse their buffers. */
async function write(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const gone = () => reject(GONE);
    if (response.destroyed) return gone();
    response.once("close", gone);
    response.write(chunk, (error) => {
      response.off("close", gone);
      if (error) gone();
      else resolve();
    });
  });
}

function drain(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  let size = 0;
  request.on("data", (chunk: Uint8Array) => {
    size += chunk.byteLength;
    if (size > DRAIN_LIMIT) request.destroy();
  });
  request.on("error", () => undefined);
  request.resume();
}
