/**
 * Transports: how people name places, as skopeo does.
 *
 * ```text
 * oci:DIR[:TAG]                        an OCI layout
 * oci-archive:FILE[:TAG]               an OCI layout in one tar file
 * docker-archive:FILE[:NAME[:TAG]]     an archive for `docker load`
 * docker://HOST/NAME[:TAG|@DIGEST]     a registry; a bare reference means the same
 * store:NAME[:TAG]                     the local store
 * ```
 *
 * @module
 */

import { isLadingError, LadingError } from "./errors.js";
import { isDigest } from "./oci/digest.js";
import { isRefName } from "./oci/ref-name.js";
import { DEFAULT_TAG, formatReference, parseReference, type Reference } from "./oci/reference.js";
import type { RegistryStoreOptions } from "./registry/client.js";
import { savedName } from "./store/docker-save.js";
import { createLayoutStore } from "./store/layout.js";
import type { LocalStore } from "./store/local.js";
import type { Store, Tagged } from "./store/store.js";

/** A place that a person named, not yet opened. */
export type Transport =
  | { readonly kind: "oci"; readonly folder: string; readonly name: string | undefined }
  | { readonly kind: "oci-archive"; readonly file: string; readonly name: string | undefined }
  /** The name as `docker images` shows it. */
  | { readonly kind: "docker-archive"; readonly file: string; readonly name: string | undefined }
  | { readonly kind: "docker"; readonly reference: Reference }
  | { readonly kind: "store"; readonly name: string };

/** A place that is open: a store, and the name that is meant in it. */
export interface Place {
  readonly store: Store;
  /** Empty for the image of a Docker archive that has none. */
  readonly name: string;
  /** As a person would write it, in full. */
  readonly label: string;
}

const WANTED =
  "oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME[:TAG]], docker://HOST/NAME[:TAG|@DIGEST] or store:NAME[:TAG]";

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

/** `PATH[:NAME]`: a path ends at its first colon. */
function splitPath(rest: string, whole: string, what: "folder" | "file") {
  const colon = rest.indexOf(":");
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const name = colon < 0 ? undefined : rest.slice(colon + 1);
  if (path === "" || name === "") throw refuse(whole, `the ${path === "" ? what : "tag"} is missing`);
  return { path, name };
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
    const { path, name } = splitPath(rest, text, "folder");
    return { kind: "oci", folder: path, name: name === undefined ? undefined : checkName(name, text) };
  }
  if (scheme === "oci-archive") {
    const { path, name } = splitPath(rest, text, "file");
    return { kind: "oci-archive", file: path, name: name === undefined ? undefined : checkName(name, text) };
  }
  if (scheme === "docker-archive") {
    const { path, name } = splitPath(rest, text, "file");
    return { kind: "docker-archive", file: path, name: name === undefined || isDigest(name) ? name : savedName(name) };
  }
  if (scheme === "store") return { kind: "store", name: storeName(rest, text) };
  if (/^[a-z][a-z-]*:\/\//.test(text) || /^(docker-daemon|dir|containers-storage):/.test(text)) {
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
  if (transport.kind === "oci-archive" || transport.kind === "docker-archive") return await openArchivePlace(transport);
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

type ArchiveTransport = Extract<Transport, { readonly kind: "oci-archive" | "docker-archive" }>;

/** An archive whose name is left out is read by its only image; one is written under the usual tag, or without a name. */
async function openArchivePlace({ kind, file, name }: ArchiveTransport): Promise<Place> {
  if (kind === "oci-archive") {
    const { createOciArchiveStore } = await import("./store/oci-archive.js");
    const store = createOciArchiveStore(file);
    if (name !== undefined) return { store, name, label: `oci-archive:${file}:${name}` };
    return { store: withOnlyRoot(store), name: DEFAULT_TAG, label: `oci-archive:${file}` };
  }
  const { createDockerArchiveStore } = await import("./store/docker-archive.js");
  const store = createDockerArchiveStore(file);
  if (name !== undefined) return { store, name, label: `docker-archive:${file}:${name}` };
  return { store: withOnlyRoot(store), name: "", label: `docker-archive:${file}` };
}

/** The store, in which a name that is not there means the only image. */
function withOnlyRoot(store: Store): Store {
  return {
    ...store,
    async resolve(name, options) {
      const roots = await store.tags(options);
      const [only] = roots;
      const isOne = new Set(roots.map(({ descriptor }) => descriptor.digest)).size === 1;
      const isThere = roots.some((root) => root.name === name);
      if (only !== undefined && isOne && !isThere) return only.descriptor;
      try {
        return await store.resolve(name, options);
      } catch (error) {
        if (isLadingError(error) && roots.length > 1) throw severalRoots(store, roots);
        throw error;
      }
    },
  };
}

function severalRoots({ label }: Store, roots: readonly Tagged[]): LadingError<"NOT_FOUND"> {
  const names = roots.map(({ name, descriptor }) => name ?? descriptor.digest);
  const message = `Cannot choose an image in ${label}: it holds ${names.slice(0, 8).join(", ")}${names.length > 8 ? " and more" : ""}; name one of them`;
  return new LadingError("NOT_FOUND", message, { what: "tag", name: "" });
}
