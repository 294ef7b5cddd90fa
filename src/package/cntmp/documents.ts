/**
 * The documents of an export file: what its packages say of themselves.
 *
 * Only the names of data members are documented. So any JSON member counts that holds a package's document, a list of them, or an
 * object with such a list; members that are not known are passed over, with a warning.
 *
 * @module
 */

import { LadingError } from "../../errors.js";
import { decodeJson } from "../../oci/json.js";
import { collect, type IoOptions } from "../../stream/bytes.js";
import type { LayerFormat } from "../../tar/layer-format.js";
import { type Field, itemsOf, knownMembersOf, membersOf, textOf, wordOf } from "../field.js";
import { type PackageDocument, readDocument } from "../metadata.js";
import type { ZipMember } from "./zip.js";

/** What lading adds to a document: how the layer came to be, so that importing gives the same package. */
export interface ExportedLayer {
  readonly compression: LayerFormat["type"];
  readonly normalized: readonly string[];
}

/** The document of one package in an export file. */
export interface ExportedDocument extends PackageDocument {
  /** The member that it stands in, and how many packages that has. */
  readonly member: string;
  readonly siblings: number;
  readonly layer: ExportedLayer | undefined;
  readonly warnings: readonly string[];
}

/** Bytes that all documents of a file may have together. */
const MAX_DOCUMENTS = 64 * 1024 * 1024;
const MAX_DOCUMENT = 4 * 1024 * 1024;
const KEPT = ["gzip", "zstd", "none"] as const;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isPackage = (value: unknown): boolean =>
  isObject(value) && (typeof value.fqn === "string" || typeof value.name === "string");

/** The packages' documents in a JSON value; none where it is about something else. */
function findDocuments(field: Field): readonly Field[] {
  if (Array.isArray(field.value)) return itemsOf(field).filter(({ value }) => isPackage(value));
  if (isPackage(field.value)) return [field];
  if (!isObject(field.value)) return [];
  return [...membersOf(field).values()].flatMap((member) =>
    isPackage(member.value) ? [member] : Array.isArray(member.value) ? findDocuments(member) : [],
  );
}

function readLayer(field: Field): ExportedLayer {
  const members = knownMembersOf(field, ["compression", "normalized"]);
  const compression = members.get("compression");
  const normalized = members.get("normalized");
  return {
    compression: compression ? wordOf(compression, KEPT) : "gzip",
    normalized: normalized ? itemsOf(normalized).map((item) => textOf(item, 4096)) : [],
  };
}

function readOne(field: Field, member: string, siblings: number, namespace: string | undefined): ExportedDocument {
  const { layer, ...value } = { ...(field.value as Readonly<Record<string, unknown>>) };
  const warnings: string[] = [];
  const onUnknown = (key: string) => warnings.push(`its document has ${JSON.stringify(key)}, which is not known`);
  const document = readDocument({ ...field, value }, { namespace, onUnknown });
  // What another program writes under that name is not lading's.
  const isOwn = isObject(layer) && "compression" in layer && "normalized" in layer;
  const own = isOwn ? readLayer({ ...field, path: "layer", value: layer }) : undefined;
  return { ...document, member, siblings, layer: own, warnings };
}

/**
 * Reads every document of an export file.
 *
 * @param path The file, as messages call it.
 * @param options `namespace` is where a package stands whose document has a name alone.
 * @throws {LadingError} `SYNTAX` for a JSON member that is not JSON, and for a document that is not valid; `TOO_LARGE` for
 * documents above 4 MiB, or 64 MiB together.
 */
export async function readDocuments(
  members: readonly ZipMember[],
  path: string,
  options: IoOptions & { readonly namespace?: string | undefined } = {},
): Promise<readonly ExportedDocument[]> {
  const json = members.filter(({ name }) => /\.json$/i.test(name));
  const total = json.reduce((sum, { size }) => sum + size, 0);
  if (total > MAX_DOCUMENTS) {
    const message = `Cannot import "${path}": its documents have ${total} bytes, expected at most ${MAX_DOCUMENTS}`;
    throw new LadingError("TOO_LARGE", message, { what: "documents", limit: MAX_DOCUMENTS, actual: total });
  }
  const documents: ExportedDocument[] = [];
  for (const member of json) {
    const source = `${member.name} in ${path}`;
    const bytes = await collect(member.open(options), MAX_DOCUMENT, JSON.stringify(source));
    const found = findDocuments({ source, path: "", value: decodeJson(bytes, { what: JSON.stringify(source) }) });
    documents.push(...found.map((field) => readOne(field, member.name, found.length, options.namespace)));
  }
  return documents;
}
