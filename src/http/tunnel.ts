/**
 * Through a proxy: https by CONNECT, so that the proxy sees the host's name and nothing else, http by asking the proxy for it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6
 * @module
 */

import type { Dispatcher } from "undici";
import connectTo from "undici/lib/api/api-connect.js";
import Pool from "undici/lib/dispatcher/pool.js";
import ProxyAgent from "undici/lib/dispatcher/proxy-agent.js";

export interface TunnelOptions {
  /** Connections to one host. */
  readonly connections: number;
  readonly allowH2: boolean;
  /** How the host is connected to, and the proxy. */
  readonly connect: TunnelConnect;
  readonly proxyConnect: TunnelConnect;
}

interface TunnelConnect extends Readonly<Record<string, unknown>> {
  /** Milliseconds until a connection stands. */
  readonly timeout: number;
}

/** Creates what sends through a proxy. The proxy's user and password are in its URL, and go to no other. */
export function createTunnel(proxy: URL, { connect, proxyConnect, ...common }: TunnelOptions): Dispatcher {
  const { username, password } = proxy;
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return new ProxyAgent({
    ...common,
    uri: `${proxy.protocol}//${proxy.host}`,
    ...(username === "" ? {} : { token: `Basic ${Buffer.from(login).toString("base64")}` }),
    requestTls: connect,
    proxyTls: proxyConnect,
    proxyTunnel: false,
    // A proxy that takes the question and says nothing is as bad as a host that cannot be reached.
    clientFactory: (origin, options) => openProxy(new Pool(origin, { ...options, headersTimeout: connect.timeout })),
  });
}

/**
 * Gives a pool what loading all of undici would give it. An error that undici takes for one of a connection in use would have
 * the tunnel dug again at once, for ever: it becomes one of a connection that was never there.
 */
function openProxy(pool: Pool): Pool {
  const connect = async (options: Dispatcher.ConnectOptions) => {
    try {
      return await connectTo.call(pool, options);
    } catch (error) {
      const code = String((error as NodeJS.ErrnoException).code);
      if (!["UND_ERR_SOCKET", "UND_ERR_INFO"].includes(code)) throw error;
      throw Object.assign(new Error("the proxy cut the connection", { cause: error }), { code: "ECONNRESET" });
    }
  };
  return Object.assign(pool, { connect });
}
