/**
 * `Authorization`: who a client says it is.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7617
 * @see https://www.rfc-editor.org/rfc/rfc6750
 * @module
 */

/** What a header says, not yet believed. */
export type Authorization =
  | { readonly kind: "none" }
  | { readonly kind: "basic"; readonly user: string; readonly password: string }
  | { readonly kind: "bearer"; readonly token: string }
  | { readonly kind: "malformed" };

/** Reads the header's value; undefined where there is no such header. */
export function parseAuthorization(header: string | undefined): Authorization {
  if (header === undefined) return { kind: "none" };
  const [, scheme = "", value = ""] = /^([A-Za-z]+) +([A-Za-z0-9\-._~+/]+=*) *$/.exec(header) ?? [];
  if (scheme.toLowerCase() === "bearer") return { kind: "bearer", token: value };
  if (scheme.toLowerCase() !== "basic") return { kind: "malformed" };
  const text = Buffer.from(value, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0) return { kind: "malformed" };
  return { kind: "basic", user: text.slice(0, colon), password: text.slice(colon + 1) };
}
