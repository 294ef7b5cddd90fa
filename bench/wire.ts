/**
 * Bytes on the wire: a relay in front of a registry that counts. It takes time, so it stands in the round that does not count.
 *
 * @module
 */

import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface WireCount {
  /** `127.0.0.1:PORT`, in place of the registry's own. */
  readonly host: string;
  /** Bytes that went through so far, in both directions. */
  total(): number;
  stop(): Promise<void>;
}

export async function startWireCount(target: string): Promise<WireCount> {
  const [host = "", port = ""] = target.split(":");
  const sockets = new Set<Socket>();
  let bytes = 0;
  const count = (chunk: Buffer) => {
    bytes += chunk.byteLength;
  };
  const server = createServer((near) => {
    const far = connect(Number(port), host);
    for (const [from, to] of [[near, far] as const, [far, near] as const]) {
      sockets.add(from);
      from.on("data", count).on("error", () => to.destroy());
      from.on("close", () => sockets.delete(from));
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    total: () => bytes,
    stop() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
