/**
 * `index.json` of an OCI layout: which roots it lists, under which names.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#indexjson-file
 * @module
 */

import { LadingError } from "../errors.js";
import type { Descriptor } from "../oci/descriptor.js";
import { decodeJson, encodeJson } from "../oci/json.js";
import { decodeIndex, type Index } from "../oci/manifest.js";
import { MEDIA_TYPE } from "../oci/media-type.js";
import { REF_NAME } from "../oci/ref-name.js";
import type { Tagged } from "./store.js";

/** Bytes that an `index.json` may have: 64 MiB, since a store of ten thousand packages lists them all there. */
export const MAX_INDEX_BYTES = 64 * 1024 * 1024;

/** What a layout without `index.json` lists. */
export const EMPTY_INDEX: Index = { schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests: [] };

/** Reads the index of a layout. `path` names it in errors. */
export function decodeLayoutIndex(bytes: Uint8Array, path: string): Index {
  if (bytes.byteLength > 0) return decodeIndex(bytes, { what: path, maxBytes: MAX_INDEX_BYTES });
  throw new LadingError(
    "CORRUPT",
    `Cannot read "${path}": it is empty, so a writer was cut off there; restore it, or remove the folder and build again`,
    { what: path, why: "empty" },
  );
}

/** Checks `oci-layout`, the file that says which version of the layout this is. */
export function checkLayoutVersion(bytes: Uint8Array, path: string): void {
  const value = bytes.byteLength === 0 ? {} : decodeJson(bytes, { what: path });
  const version = (value as { imageLayoutVersion?: unknown } | null)?.imageLayoutVersion;
  if (version === "1.0.0") return;
  throw new LadingError(
    "UNSUPPORTED",
    `Cannot read "${path}": the layout's version is ${JSON.stringify(version ?? null)}, wanted "1.0.0"`,
    { what: "layout version" },
  );
}

export function nameOf(descriptor: Descriptor): string | undefined {
  return descriptor.annotations?.[REF_NAME];
}

/**
 * The root of that name, else the one of that digest.
 *
 * @throws {LadingError} `CORRUPT` when the name stands there for several contents: tools differ on which one they take.
 */
export function findRoot(index: Index, name: string, path: string): Descriptor | undefined {
  const named = index.manifests.filter((entry) => nameOf(entry) === name);
  const digests = [...new Set(named.map(({ digest }) => digest))];
  if (digests.length > 1) {
    const why = `it lists "${name}" ${digests.length} times, as ${digests.join(" and ")}`;
    const message = `Cannot read "${path}": ${why}, expected one; tag the one that is meant again, by its digest`;
    throw new LadingError("CORRUPT", message, { what: path, why });
  }
  return named[0] ?? index.manifests.find(({ digest }) => digest === name);
}

/** The roots, sorted by name, those without one last. */
export function listRoots(index: Index): Tagged[] {
  const key = (name: string | undefined) => (name === undefined ? "1" : `0${name}`);
  return index.manifests
    .map((descriptor) => ({ name: nameOf(descriptor), descriptor }))
    .sort((a, b) => (key(a.name) < key(b.name) ? -1 : key(a.name) > key(b.name) ? 1 : 0));
}

function withName(descriptor: Descriptor, name: string | undefined): Descriptor {
  const { [REF_NAME]: _old, ...others } = descriptor.annotations ?? {};
  const annotations = name === undefined ? others : { ...others, [REF_NAME]: name };
  const { annotations: _annotations, data: _data, ...plain } = descriptor;
  return Object.keys(annotations).length === 0 ? plain : { ...plain, annotations };
}

/** What another tool says of a root that has no name yet stays with it when it gets one. */
function merged(older: Descriptor | undefined, { annotations, ...descriptor }: Descriptor): Descriptor {
  const all = { ...older?.annotations, ...annotations };
  return { ...older, ...descriptor, ...(Object.keys(all).length > 0 && { annotations: all }) };
}

/**
 * The index with these roots added. A name has one meaning: every older entry of that name goes. A root without name is
 * listed once, and not at all where it stands there under a name.
 */
export function addRoots(index: Index | undefined, roots: readonly Tagged[]): Index {
  const base = index ?? EMPTY_INDEX;
  const names = new Set(roots.map(({ name }) => name));
  const digests = new Set(roots.map(({ descriptor }) => descriptor.digest));
  const isUnnamed = (entry: Descriptor) => nameOf(entry) === undefined;
  const kept = base.manifests.filter((entry) =>
    isUnnamed(entry) ? !digests.has(entry.digest) : !names.has(nameOf(entry)),
  );
  const unnamed = new Map(base.manifests.filter(isUnnamed).map((entry) => [entry.digest, entry]));
  const added = new Map<string, Descriptor>();
  for (const { name, descriptor } of roots) {
    if (name !== undefined) added.set(name, withName(merged(unnamed.get(descriptor.digest), descriptor), name));
  }
  const named = new Set([...kept, ...added.values()].filter((entry) => !isUnnamed(entry)).map(({ digest }) => digest));
  for (const { name, descriptor } of roots) {
    if (name !== undefined || named.has(descriptor.digest)) continue;
    added.set(descriptor.digest, withName(merged(unnamed.get(descriptor.digest), descriptor), undefined));
  }
  return { ...base, manifests: [...kept, ...added.values()] };
}

/** Would {@link addRoots} change nothing but the order? */
export function hasRoots(index: Index, roots: readonly Tagged[]): boolean {
  const after = addRoots(index, roots).manifests;
  const texts = (entries: readonly Descriptor[], others: readonly Descriptor[]) => {
    const known = new Set(others);
    return entries.flatMap((entry) => (known.has(entry) ? [] : JSON.stringify(entry))).sort();
  };
  return texts(after, index.manifests).join("\n") === texts(index.manifests, after).join("\n");
}

/** The index without these names. A `sha256:…` name removes every entry of that digest. */
export function removeRoots(index: Index, names: readonly string[]): Index {
  const gone = new Set<string>(names);
  return {
    ...index,
    manifests: index.manifests.filter((entry) => !gone.has(nameOf(entry) ?? "") && !gone.has(entry.digest)),
  };
}

/** The roots that have a name before and are not listed after: to be added without one where they are kept. */
export function nameless(before: Index, after: Index): readonly Tagged[] {
  const listed = new Set(after.manifests.map(({ digest }) => digest));
  const lost = before.manifests.filter((entry) => nameOf(entry) !== undefined && !listed.has(entry.digest));
  return lost.map((descriptor) => ({ descriptor }));
}

/**
 * The bytes of an index that is read again.
 *
 * @throws {LadingError} `TOO_LARGE` above 64 MiB, which nobody could read any more.
 */
export function encodeReadableIndex(index: Index, path: string): Uint8Array {
  const bytes = encodeLayoutIndex(index);
  if (bytes.byteLength <= MAX_INDEX_BYTES) return bytes;
  const message = `Cannot list more in "${path}": it would have ${bytes.byteLength} bytes, more than the ${MAX_INDEX_BYTES} that are allowed; delete names there, or use another place`;
  throw new LadingError("TOO_LARGE", message, { what: path, limit: MAX_INDEX_BYTES, actual: bytes.byteLength });
}

export function encodeLayoutIndex(index: Index): Uint8Array {
  return encodeJson(index);
}
