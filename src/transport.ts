/**
 * Transports: how people name places, as skopeo does.
 *
 * ```text
 * oci:DIR[:TAG]                        an OCI layout
 * docker://HOST/NAME[:TAG|@DIGEST]     a registry; a bare reference means the same
 * store:NAME[:TAG]                     the local store
 * ```
 *
 * @module
 */

import { LadingError } from "./errors.js";
import { isRefName } from "./oci/ref-name.js";
import { DEFAULT_TAG, formatReference, parseReference, type Reference } from "./oci/reference.js";
import type { RegistryStoreOptions } from "./registry/client.js";
import { createLayoutStore } from "./store/layout.js";
import type { LocalStore } from "./store/local.js";
import type { Store } from "./store/store.js";

/** A place that a person named, not yet opened. */
export type Transport =
  | { readonly kind: "oci"; readonly folder: string; readonly name: string | undefined }
  | { readonly kind: "docker"; readonly reference: Reference }
  | { readonly kind: "store"; readonly name: string };

/** A place that is open: a store, and the name that is meant in it. */
export interface Place {
  readonly store: Store;
  readonly name: string;
  /** As a person would write it, in full. */
  readonly label: string;
}

const WANTED = "oci:DIR[:TAG], docker://HOST/NAME[:TAG|@DIGEST] or store:NAME[:TAG]";

function refuse(text: string, why: string): LadingError<"SYNTAX"> {
  // Between // and @ there may be a password.
  const shown = text.slice(0, 300).replace(/\/\/[^/@]*@/, "//***@");
  return new LadingError("SYNTAX", `Cannot read ${JSON.stringify(shown)} as a place: ${why}, wanted ${WANTED}`, {
    kind: "transport",
    input: shown,
  });
}

/** A name that a layout can keep; what is wrong with it has to show before anything is copied. */
function checkName(name: string, whole: string): string {
  const shown = name.slice(0, 80);
  if (isRefName(name)) return name;
  throw refuse(whole, `${JSON.stringify(shown)} is not letters and digits with single - . _ : @ + or / between them`);
}

/** `NAME[:TAG]` of the local store, with the tag that it has where it names none. */
function storeName(text: string, whole: string): string {
  if (text === "") throw refuse(whole, "the name is missing");
  const last = text.slice(text.lastIndexOf("/") + 1);
  return checkName(last.includes(":") ? text : `${text}:${DEFAULT_TAG}`, whole);
}

/**
 * Reads the name of a place.
 *
 * @throws {LadingError} `SYNTAX` for a transport that lading does not know, and for a part that is missing or malformed.
 */
export function parseTransport(text: string): Transport {
  const [, scheme = "", rest = ""] = /^([a-z][a-z-]*):(.*)$/s.exec(text) ?? [];
  if (text.startsWith("docker://"))
    return { kind: "docker", reference: parseReference(text.slice("docker://".length)) };
  if (scheme === "oci") {
    const colon = rest.indexOf(":");
    const folder = colon < 0 ? rest : rest.slice(0, colon);
    const name = colon < 0 ? undefined : rest.slice(colon + 1);
    if (folder === "" || name === "") throw refuse(text, `the ${folder === "" ? "folder" : "tag"} is missing`);
    return { kind: "oci", folder, name: name === undefined ? undefined : checkName(name, text) };
  }
  if (scheme === "store") return { kind: "store", name: storeName(rest, text) };
  if (
    /^[a-z][a-z-]*:\/\//.test(text) ||
    /^(oci-archive|docker-archive|docker-daemon|dir|containers-storage):/.test(text)
  ) {
    throw refuse(text, `"${scheme}" is not a transport of lading`);
  }
  return { kind: "docker", reference: parseReference(text) };
}

/** What opening a place needs to know. */
export interface TransportOptions {
  /** The local store. */
  readonly local: LocalStore;
  readonly registry?: RegistryStoreOptions | undefined;
}

/**
 * Opens a place. Nothing is read or written yet, and no connection is made.
 *
 * @throws {LadingError} `SYNTAX` as {@link parseTransport}.
 */
export async function openTransport(text: string, { local, registry }: TransportOptions): Promise<Place> {
  const transport = parseTransport(text);
  if (transport.kind === "store") return { store: local.store, name: transport.name, label: `store:${transport.name}` };
  if (transport.kind === "oci") {
    const name = transport.name ?? DEFAULT_TAG;
    return { store: createLayoutStore(transport.folder), name, label: `oci:${transport.folder}:${name}` };
  }
  const { createRegistryStore } = await import("./registry/client.js");
  const { reference } = transport;
  const { cache, journal } = local;
  const store = createRegistryStore(reference, { cache, journal, ...registry });
  return {
    store,
    name: reference.digest ?? reference.tag ?? DEFAULT_TAG,
    label: `docker://${formatReference(reference)}`,
  };
}
