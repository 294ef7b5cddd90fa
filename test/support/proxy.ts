/**
 * A proxy on this machine that takes names to where a test wants them.
 *
 * @module
 */

import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { TestContext } from "./suite.js";

export interface SeenByProxy {
  readonly method: string;
  /** `host:port` of a CONNECT, else the whole URL. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

export interface TestProxy {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  readonly seen: readonly SeenByProxy[];
}

export interface ProxyOptions {
  /** The port on this machine to which a name, `host:port`, leads; undefined says 502. */
  readonly route: (target: string) => number | undefined;
  /** What `Proxy-Authorization` has to be, else 407. */
  readonly login?: string;
  /** What becomes of a CONNECT instead: it is cut, or never answered. */
  readonly fault?: "cut" | "silent";
}

/** Starts it until the test ends. */
export async function startProxy(context: TestContext, { route, login, fault }: ProxyOptions): Promise<TestProxy> {
  const seen: SeenByProxy[] = [];
  const sockets = new Set<Socket>();
  const note = ({ method = "", url: target = "", headers }: IncomingMessage) => {
    seen.push({ method, target, headers });
    const isKnown = login === undefined || headers["proxy-authorization"] === login;
    return { target, status: isKnown ? 502 : 407, isKnown };
  };
  const server = createServer((incoming, response) => {
    const { target, status, isKnown } = note(incoming);
    const { host, pathname, search } = new URL(target);
    const port = isKnown ? route(host) : undefined;
    if (port === undefined) return void response.writeHead(status).end();
    const { method, headers } = incoming;
    const onward = request({ host: "127.0.0.1", port, method, path: pathname + search, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward);
  });
  server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => undefined)));
  server.on("connect", (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    const { target, status, isKnown } = note(incoming);
    if (fault === "cut") return void socket.destroy();
    if (fault === "silent") return;
    const port = isKnown ? route(target) : undefined;
    if (port === undefined) return void socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
    const onward = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    sockets.add(onward.on("error", () => socket.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.defer(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}
