/**
 * Servers with names of the wide world, which all are one server of this machine behind a proxy.
 *
 * @module
 */

import type { NetworkOptions } from "../../src/http/client.js";
import { createAuthority } from "./authority.js";
import { type Answer, reply, type SeenRequest, startHostileServer } from "./hostile-server.js";
import { startProxy, type TestProxy } from "./proxy.js";
import type { TestContext } from "./suite.js";

export interface NamedHosts {
  /** What a client needs to get there. */
  readonly network: NetworkOptions & { readonly env: Readonly<Record<string, string>> };
  readonly proxy: TestProxy;
  /** What a host has seen. */
  seenBy(host: string): readonly SeenRequest[];
}

/** Starts them until the test ends. Each answers, by https, as the test says; others answer 404. */
export async function startNamedHosts(
  context: TestContext,
  answers: Readonly<Record<string, Answer>>,
): Promise<NamedHosts> {
  const authority = await createAuthority(context);
  const tls = await authority.issue(Object.keys(answers));
  const hostOf = ({ headers }: SeenRequest) => String(headers.host).replace(/:\d+$/, "");
  const server = await startHostileServer(
    context,
    (request, response, count) => {
      const answer = answers[hostOf(request)];
      return answer === undefined ? reply(response, 404) : answer(request, response, count);
    },
    { tls },
  );
  const proxy = await startProxy(context, { route: () => Number(new URL(server.url).port) });
  const env = { HTTPS_PROXY: `http://${proxy.host}`, SSL_CERT_FILE: authority.caFile };
  return { network: { env }, proxy, seenBy: (host) => server.seen.filter((request) => hostOf(request) === host) };
}
