/** The parts of undici that are loaded by themselves: all of it takes four times as long to load. */

declare module "undici/lib/dispatcher/agent.js" {
  import { Agent } from "undici";

  export = Agent;
}

declare module "undici/lib/api/api-request.js" {
  import type { Dispatcher } from "undici";

  /** What `Dispatcher.request` is. A body may be an async iterable, which the package's types leave out. */
  const request: (
    this: Dispatcher,
    options: Omit<Dispatcher.RequestOptions, "body"> & { readonly body: AsyncIterable<Uint8Array> | null },
  ) => Promise<Dispatcher.ResponseData>;

  export = request;
}

declare module "undici/lib/dispatcher/pool.js" {
  import { Pool } from "undici";

  export = Pool;
}

declare module "undici/lib/dispatcher/proxy-agent.js" {
  import { ProxyAgent } from "undici";

  export = ProxyAgent;
}

declare module "undici/lib/api/api-connect.js" {
  import type { Dispatcher } from "undici";

  const connect: (this: Dispatcher, options: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData>;

  export = connect;
}

declare module "undici/lib/core/connect.js" {
  import { buildConnector } from "undici";

  export = buildConnector;
}
