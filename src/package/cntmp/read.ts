/**
 * Reading `.cntmp` export files: a zip file with several packages, each a document and a resource.
 *
 * @module
 */

import { LadingError } from "../../errors.js";
import type { IoOptions } from "../../stream/bytes.js";
import type { DecompressLimits } from "../../stream/codec.js";
import { checkIdentity } from "../file.js";
import type { PackageFile, PackageSource } from "../package.js";
import { type ExportedDocument, type ExportedLayer, readDocuments } from "./documents.js";
import { openZip, type ZipMember } from "./zip.js";

/** A package in an export file. */
export interface ExportedPackage extends PackageSource {
  /** The member that holds its resource. */
  readonly member: string;
  /** Bytes of its resource. */
  readonly size: number;
  /** What lading wrote of its layer; undefined in a file that another program wrote. */
  readonly layer: ExportedLayer | undefined;
  readonly warnings: readonly string[];
}

export interface OpenExport {
  readonly packages: readonly ExportedPackage[];
  close(): void;
}

export interface OpenExportOptions extends IoOptions {
  /** Where a package stands whose document has a name alone (`/`). */
  readonly namespace?: string | undefined;
  readonly limits?: DecompressLimits | undefined;
}

const RESOURCE = /(?:^|\/)PACKAGE_RESOURCE_(\d+)(?:\.[^/]*)?$/i;
const NUMBER = /(\d+)[^/\d]*$/;

function refuse(path: string, why: string, remedy = "export it again"): LadingError<"FORMAT"> {
  const wanted = "an export file: PACKAGE_RESOURCE_NNNN members and a JSON document for each";
  const message = `Cannot import "${path}": ${why}, wanted ${wanted}; ${remedy}`;
  return new LadingError("FORMAT", message, { wanted, found: why, path });
}

const numberOf = (pattern: RegExp, name: string) => {
  const digits = pattern.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
};

/**
 * Which resource each document speaks of: the one of its member's number; else the only one of the length that it claims;
 * else, where there are as many, the one at its place.
 */
function pair(documents: readonly ExportedDocument[], resources: readonly ZipMember[], path: string) {
  const left = new Set(resources);
  const byNumber = new Map(resources.map((member) => [numberOf(RESOURCE, member.name), member]));
  const inOrder = documents.length === resources.length;
  return documents.map((document, place) => {
    const number = document.siblings === 1 ? numberOf(NUMBER, document.member) : undefined;
    const sameSize = resources.filter(({ size }) => size === document.claims.length);
    const bySize = sameSize.length === 1 ? sameSize[0] : undefined;
    const numbered = number === undefined ? undefined : byNumber.get(number);
    const found = numbered ?? bySize ?? (inOrder ? resources[place] : undefined);
    if (found === undefined) throw refuse(path, `it has no data for ${document.metadata.fqn}`);
    if (!left.delete(found)) throw refuse(path, `"${found.name}" is the data of several packages`);
    return { document, resource: found };
  });
}

function toPackage(
  file: PackageFile,
  { document, resource }: { readonly document: ExportedDocument; readonly resource: ZipMember },
  { limits }: OpenExportOptions,
): ExportedPackage {
  const { metadata, claims, layer, warnings } = document;
  // What stands in the file as it is can be read from there by any thread, but then only its claims tell whether it is whole.
  const hasDigest = claims.sha1 !== undefined || claims.sha256 !== undefined || claims.sha512 !== undefined;
  const open: PackageSource["open"] = async function* (options = {}) {
    await checkIdentity(file.path, file.identity);
    yield* resource.open({ ...options, limits });
    await checkIdentity(file.path, file.identity);
  };
  const range = hasDigest && resource.range !== undefined ? { range: resource.range } : {};
  return { metadata, claims, member: resource.name, size: resource.size, layer, warnings, ...range, open };
}

/**
 * Opens an export file and reads what its packages say; whoever opens it closes it. Resources are read when they are asked for,
 * and what they are is seen from their content.
 *
 * @throws {LadingError} `FORMAT` for a zip file without packages, a package without data and data without a package; else as
 * `openZip()` and `readDocuments()`.
 */
export async function openExport(file: PackageFile, options: OpenExportOptions = {}): Promise<OpenExport> {
  const { path } = file;
  const zip = await openZip(path);
  try {
    const resources = zip.members
      .filter(({ name }) => RESOURCE.test(name))
      .sort((left, right) => (numberOf(RESOURCE, left.name) ?? 0) - (numberOf(RESOURCE, right.name) ?? 0));
    const documents = await readDocuments(zip.members, path, options);
    if (resources.length === 0) throw refuse(path, "it is a zip archive without packages", "name an export file");
    if (documents.length === 0) throw refuse(path, "it has no package's document");
    const pairs = pair(documents, resources, path);
    const used = new Set(pairs.map(({ resource }) => resource));
    const unused = resources.find((member) => !used.has(member));
    if (unused !== undefined) throw refuse(path, `no document speaks of "${unused.name}"`);
    await checkIdentity(path, file.identity);
    return { packages: pairs.map((each) => toPackage(file, each, options)), close: zip.close };
  } catch (error) {
    zip.close();
    throw error;
  }
}
