/**
 * What a host in a URL is: this machine, an address inside a network, or anything else.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6890
 * @module
 */

import { BlockList, isIP } from "node:net";

/** Loopback, unspecified, private, shared, link-local and the addresses that lead to them. */
const INTERNAL = [
  ["127.0.0.0", 8],
  ["::1", 128],
  ["0.0.0.0", 8],
  ["::", 128],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
  ["169.254.0.0", 16],
  ["fe80::", 10],
  ["fc00::", 7],
  ["64:ff9b::", 96],
] as const;
let internal: BlockList | undefined;

function blocks(subnets: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of subnets) list.addSubnet(net, prefix, net.includes(":") ? "ipv6" : "ipv4");
  return list;
}

/** An address without the brackets of a URL, an IPv4 address inside IPv6 as plain IPv4; undefined for a name. */
export function addressOf(hostname: string): string | undefined {
  const bare = hostname.startsWith("[") && hostname.endsWith("]") ? hostname.slice(1, -1) : hostname;
  if (isIP(bare) === 0) return undefined;
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(bare);
  if (mapped === null) return bare.replace(/^::ffff:(?=\d+\.)/i, "");
  const bits = (Number.parseInt(mapped[1] ?? "", 16) << 16) | Number.parseInt(mapped[2] ?? "", 16);
  return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join(".");
}

/** Every request asks this, so it does without a list, which takes a millisecond or two to make. */
function isLoopback(address: string | undefined): boolean {
  if (!address?.includes(":")) return address?.startsWith("127.") ?? false;
  return !address.includes("%") && new URL(`http://[${address}]`).hostname === "[::1]";
}

/**
 * Is it this machine: `localhost`, `*.localhost`, 127.0.0.0/8 or ::1? Takes the `hostname` of a URL, which has decimal,
 * octal and short forms of addresses already normalised.
 */
export function isLoopbackHost(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, "");
  return name === "localhost" || name.endsWith(".localhost") || isLoopback(addressOf(name));
}

/** Is it a loopback name, or the literal of an address that only means something inside a network? */
export function isInternalHost(hostname: string): boolean {
  if (isLoopbackHost(hostname)) return true;
  const address = addressOf(hostname);
  internal ??= blocks(INTERNAL);
  return address !== undefined && internal.check(address, address.includes(":") ? "ipv6" : "ipv4");
}
