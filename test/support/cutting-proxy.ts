/**
 * A network that fails: everything goes through to a server on this machine, until the connection is cut.
 *
 * @module
 */

import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { TestContext } from "./suite.js";

export interface CuttingProxy {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Bytes that went from clients to the server so far, requests' headers among them. */
  readonly sent: number;
  /** Bytes that went from the server to clients. */
  readonly received: number;
  /** Connections that were cut. */
  readonly cuts: number;
  /** From now on: bytes that a connection passes on before it is cut, and whether the network is dead after that. */
  limit(rule: CutRule): void;
  /** Calls back once as soon as that many bytes went to the server. */
  at(bytes: number, then: () => void): void;
}

export interface CutRule {
  /** Bytes to the server after which a connection is cut (never). */
  readonly up?: number;
  /** Bytes to the client after which a connection is cut (never). */
  readonly down?: number;
  /** Refuse every connection from the first cut on (false). */
  readonly dead?: boolean;
}

/** Starts a proxy to `target`, a `host:port`, until the test ends. */
export async function startCuttingProxy(context: TestContext, target: string): Promise<CuttingProxy> {
  const [targetHost = "", targetPort = ""] = target.split(":");
  const sockets = new Set<Socket>();
  let rule: CutRule = {};
  let [sent, received, cuts] = [0, 0, 0];
  let watch: { readonly bytes: number; readonly then: () => void } | undefined;

  const server = createServer((client) => {
    if (rule.dead && cuts > 0) return void client.resetAndDestroy();
    const upstream = connect(Number(targetPort), targetHost);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    const cut = (isUp: boolean) => {
      if (client.destroyed || client.writableEnded) return;
      cuts++;
      // Each side gets what was passed on to it.
      if (isUp) client.resetAndDestroy();
      else client.end();
      upstream.end();
    };
    const { up = Infinity, down = Infinity } = rule;
    pass(
      client,
      upstream,
      up,
      () => cut(true),
      (count) => {
        sent += count;
        if (watch === undefined || sent < watch.bytes) return;
        const { then } = watch;
        watch = undefined;
        then();
      },
    );
    pass(
      upstream,
      client,
      down,
      () => cut(false),
      (count) => {
        received += count;
      },
    );
    client.on("close", () => upstream.end());
    upstream.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.defer(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get sent() {
      return sent;
    },
    get received() {
      return received;
    },
    get cuts() {
      return cuts;
    },
    limit(next) {
      rule = next;
      cuts = 0;
    },
    at(bytes, then) {
      watch = { bytes, then };
    },
  };
}

/** Passes on until `limit` bytes went by, no byte more. */
function pass(from: Socket, to: Socket, limit: number, cut: () => void, count: (bytes: number) => void): void {
  let left = limit;
  from.on("data", (chunk: Buffer) => {
    const piece = chunk.subarray(0, Math.min(left, chunk.byteLength));
    left -= piece.byteLength;
    if (piece.byteLength > 0 && !to.destroyed) {
      count(piece.byteLength);
      if (!to.write(piece)) {
        from.pause();
        to.once("drain", () => from.resume());
      }
    }
    if (left === 0) cut();
  });
}
