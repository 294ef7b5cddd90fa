/**
 * Which proxy a request goes through, as the environment says.
 *
 * `HTTPS_PROXY` is for https, `HTTP_PROXY` for http; `NO_PROXY` lists hosts that are asked directly. A variable in lower case
 * wins over the same in upper case, empty ones say that there is none, and this machine is always asked directly.
 *
 * @see https://curl.se/docs/manpage.html#ENVIRONMENT
 * @module
 */

import { BlockList, isIP } from "node:net";
import { refusedRequest } from "./failure.js";
import { addressOf, isLoopbackHost } from "./host.js";

/** Variables of an environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Could any request go through a proxy? Cheap, so that nothing else is loaded where there is none. */
export function hasProxies(env: Environment): boolean {
  return [env.https_proxy, env.HTTPS_PROXY, env.http_proxy, env.HTTP_PROXY].some((value) => (value ?? "") !== "");
}

/**
 * The proxy for a URL; undefined where the host is asked directly.
 *
 * @throws {LadingError} `NETWORK` where the variable is no http or https URL; its user and password are not shown.
 */
export function proxyFor(url: URL, env: Environment): URL | undefined {
  const isHttps = url.protocol === "https:";
  // Who calls a CGI program chooses HTTP_PROXY, by a header named Proxy: see https://httpoxy.org
  const upper = isHttps ? env.HTTPS_PROXY : env.REQUEST_METHOD === undefined ? env.HTTP_PROXY : undefined;
  const value = ((isHttps ? env.https_proxy : env.http_proxy) ?? upper ?? "").trim();
  if (value === "" || isLoopbackHost(url.hostname) || isExempt(url, env.no_proxy ?? env.NO_PROXY ?? ""))
    return undefined;
  const text = /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const proxy = URL.canParse(text) ? new URL(text) : undefined;
  if (proxy?.protocol === "http:" || proxy?.protocol === "https:") return proxy;
  const name = isHttps ? "HTTPS_PROXY" : "HTTP_PROXY";
  throw refusedRequest(
    url,
    `${name} is no http or https URL`,
    "set it as http://host:port, or name the host in NO_PROXY",
  );
}

/** Does a list as `NO_PROXY` holds it name this host? */
export function isExempt(url: URL, list: string): boolean {
  const host = url.hostname.toLowerCase().replace(/\.$/, "");
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((item) => item !== "" && matches(item, host, port));
}

/** One item: `*`, a domain with or without a leading dot or `*.`, an address, or a range of them; a port may follow. */
function matches(item: string, host: string, port: string): boolean {
  if (item === "*") return true;
  if (item.includes("/")) return isInRange(item, host);
  const [, name = item, wanted] = /^(\[.*\]|[^:]*):(\d+)$/.exec(item) ?? [];
  if (wanted !== undefined && wanted !== port) return false;
  const address = addressOf(host);
  if (address !== undefined) return addressOf(name) === address;
  const domain = name.replace(/^\*?\./, "").replace(/\.$/, "");
  return domain !== "" && (host === domain || host.endsWith(`.${domain}`));
}

function isInRange(item: string, host: string): boolean {
  const address = addressOf(host);
  const [, net = "", bits = ""] = /^(.+)\/(\d{1,3})$/.exec(item) ?? [];
  const family = isIP(net);
  if (address === undefined || family === 0 || Number(bits) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(net, Number(bits), family === 4 ? "ipv4" : "ipv6");
  return isIP(address) === family && list.check(address, family === 4 ? "ipv4" : "ipv6");
}
