/**
 * An OCI image layout in one tar file as a {@link Store}: what `oci-archive:` names.
 *
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 * @module
 */

import { LadingError } from "../errors.js";
import { decodeIndex, type Index } from "../oci/manifest.js";
import { parseRefName } from "../oci/ref-name.js";
import type { IoOptions } from "../stream/bytes.js";
import { type ArchiveOptions, createArchiveStore } from "./archive.js";
import { type ArchiveFile, describeMembers } from "./archive-file.js";
import type { ArchiveContents, ArchiveFormat } from "./archive-format.js";
import { findMember, listBlobs, readDocument } from "./archive-member.js";
import { addRoots, checkLayoutVersion, decodeLayoutIndex, encodeLayoutIndex, MAX_INDEX_BYTES } from "./layout-index.js";
import type { Store } from "./store.js";

const MAX_VERSION_BYTES = 64 * 1024;

/** The file that says which version of the layout this is. */
export const LAYOUT_VERSION = { path: "oci-layout", bytes: Buffer.from('{"imageLayoutVersion":"1.0.0"}') };

/** What the layout in an archive lists; undefined where there is none in it. */
export async function readArchiveIndex(file: ArchiveFile, options: IoOptions): Promise<Index | undefined> {
  const [version, index] = [findMember(file, "oci-layout"), findMember(file, "index.json")];
  if (version === undefined || index === undefined) return undefined;
  checkLayoutVersion(await readDocument(file, version, MAX_VERSION_BYTES, options), `${file.path}/oci-layout`);
  return decodeLayoutIndex(await readDocument(file, index, MAX_INDEX_BYTES, options), `${file.path}/index.json`);
}

async function read(file: ArchiveFile, options: IoOptions): Promise<ArchiveContents> {
  const index = await readArchiveIndex(file, options);
  if (index !== undefined) return { blobs: listBlobs(file), index };
  const found = describeMembers(file);
  const remedy = found === "a Docker archive" ? "name it with docker-archive:" : "check the path";
  const message = `Cannot read "${file.path}": it is ${found}, expected an OCI archive; ${remedy}`;
  throw new LadingError("FORMAT", message, { wanted: "an OCI archive", found, path: file.path });
}

const FORMAT: ArchiveFormat = {
  what: "OCI archive",
  read,
  nameOf: parseRefName,
  add: addRoots,
  async documents(index) {
    const bytes = encodeLayoutIndex(index);
    // What is written has to be what can be read again.
    decodeIndex(bytes, { what: "index.json", maxBytes: MAX_INDEX_BYTES });
    return [{ path: "index.json", bytes }, LAYOUT_VERSION];
  },
};

/**
 * Opens the OCI archive in a file, or one to be made there.
 *
 * Nothing is unpacked: blobs are read where they lie. One that is compressed is read too, forward; it is not written to. What is
 * put gathers in a temporary file beside the archive, and is in the archive when it has a name; blobs that no name leads to
 * then go. The same puts and names give the same bytes.
 *
 * @param file A path. A file that is empty or not there is an archive without images.
 * @throws {LadingError} From its methods: `NOT_FOUND` for a file, blob or tag that is missing; `FORMAT` for a file that is something
 * else; `CORRUPT`, `UNSAFE_ENTRY`, `TOO_LARGE` for an archive that is damaged or dangerous; `DIGEST_MISMATCH` for content that is not
 * what it should be; `CHANGED` where somebody else replaces the file while it is read; `UNSUPPORTED` for writing to a
 * compressed one; `EXISTS` when the lock stays taken; `IO` from the file system.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createOciArchiveStore, fromBytes } from "lading";
 *
 * const store = createOciArchiveStore("greetings.tar");
 * const descriptor = await store.put("text/plain", fromBytes("hello"));
 * await store.tag([{ name: "greeting", descriptor }]);
 * assert.equal((await createOciArchiveStore("greetings.tar").resolve("greeting")).size, 5);
 * ```
 */
export function createOciArchiveStore(file: string, options: ArchiveOptions = {}): Store {
  return createArchiveStore(file, FORMAT, { label: `oci-archive:${file}`, ...options });
}
