/**
 * The way to a host: directly or through a proxy, with whom it trusts. Most hosts share one way; others are made when needed.
 *
 * @module
 */

import type { SecureContext } from "node:tls";
import type { Dispatcher } from "undici";
import Agent from "undici/lib/dispatcher/agent.js";
import { connectorFor } from "./connector.js";
import { type Environment, hasProxies, proxyFor } from "./proxy.js";

export interface RouteOptions {
  /** Milliseconds until a connection stands. */
  readonly connectTimeoutMs: number;
  /** Connections to one host. */
  readonly connections: number;
  /** Proxies and certificates; undefined looks for none. */
  readonly env: Environment | undefined;
  /** Files of PEM certificates of authorities. */
  readonly cacert: readonly string[];
}

export interface Routes {
  /** What sends requests to the URL's host. */
  find(url: URL): Dispatcher | Promise<Dispatcher>;
  close(): Promise<void>;
}

/** Bytes that a socket takes before it asks to wait (64 KiB). */
export const SOCKET_BUFFER = 65_536;

/** Makes none yet. */
export function createRoutes(options: RouteOptions): Routes {
  const { env = {}, cacert } = options;
  const common = { connections: options.connections, allowH2: false };
  const connect = { timeout: options.connectTimeoutMs, ...{ highWaterMark: SOCKET_BUFFER } };
  const opened: Dispatcher[] = [];
  const special = new Map<string, Promise<Dispatcher>>();
  let shared: Dispatcher | undefined;

  const keep = (dispatcher: Dispatcher): Dispatcher => {
    opened.push(dispatcher);
    return dispatcher;
  };
  const plain = (): Dispatcher => {
    shared ??= keep(new Agent({ ...common, connect: connectorFor(connect) }));
    return shared;
  };

  async function trust(url: URL): Promise<SecureContext | undefined> {
    if (url.protocol !== "https:" || (options.env === undefined && cacert.length === 0)) return undefined;
    const { loadTrust } = await import("./trust.js");
    return await loadTrust(url, { cacert, env });
  }

  async function make(url: URL, proxy: URL | undefined): Promise<Dispatcher> {
    const secureContext = await trust(url);
    const secured = secureContext === undefined ? connect : { ...connect, secureContext };
    if (proxy === undefined)
      return secureContext === undefined ? plain() : keep(new Agent({ ...common, connect: connectorFor(secured) }));
    const secureProxy = await trust(proxy);
    const { createTunnel } = await import("./tunnel.js");
    return keep(
      createTunnel(proxy, { ...common, connect: secured, proxyConnect: { ...connect, secureContext: secureProxy } }),
    );
  }

  return {
    find(url) {
      const proxy = hasProxies(env) ? proxyFor(url, env) : undefined;
      if (proxy === undefined && url.protocol === "http:") return plain();
      const made = special.get(url.origin) ?? make(url, proxy);
      special.set(url.origin, made);
      return made;
    },
    async close() {
      await Promise.all(opened.map((dispatcher) => dispatcher.destroy()));
    },
  };
}
