/**
 * Opening one connection.
 *
 * @module
 */

import type { buildConnector } from "undici";
import createConnector from "undici/lib/core/connect.js";

/**
 * What opens connections with these options. The first error of a connection is the one that counts: a server that refuses a
 * certificate says so and then hangs up, and undici would only tell of the latter.
 */
export function connectorFor(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = createConnector(options);
  return (target, callback) =>
    connect(target, (...opened) => {
      const [, socket] = opened;
      socket?.once("error", (error) => socket.destroy(error));
      callback(...opened);
    });
}
