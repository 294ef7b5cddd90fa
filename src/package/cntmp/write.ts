/**
 * Writing `.cntmp` export files.
 *
 * ```text
 * PACKAGE_RESOURCE_0001.tar.gz   the first package's layer, stored as it is; the name is always this one, whatever the content
 * PACKAGE_0001.json              its document, with the layer's length and digests
 * PACKAGE_RESOURCE_0002.tar.gz   …
 * ```
 *
 * The same packages give the same bytes, on any machine.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { Store } from "../../store/store.js";
import type { ByteStream, IoOptions } from "../../stream/bytes.js";
import { detectCompression } from "../../stream/detect.js";
import { encodeMetadata } from "../metadata.js";
import { writeNewFile } from "../new-file.js";
import type { Package, ResourceClaims } from "../package.js";
import type { ExportedLayer } from "./documents.js";

/** What was written: bytes of the file. */
export interface WrittenExport {
  readonly path: string;
  readonly size: number;
  readonly packages: readonly Package[];
}

type Zip = InstanceType<typeof import("yazl").ZipFile>;

/** 1980-01-01 0:00, where times in a zip file begin; it is written in local time, so this is the same everywhere. */
const EPOCH = new Date(1980, 0, 1);
const OPTIONS = { compress: false, mtime: EPOCH, mode: 0o100644, forceDosTimestamp: true };

function addLazily(zip: Zip, name: string, size: number | undefined, open: () => Readable): void {
  const options = size === undefined ? OPTIONS : { ...OPTIONS, size };
  zip.addReadStreamLazy(name, options, (give) => {
    const stream = open();
    stream.on("error", (error) => zip.emit("error", error));
    give(undefined, stream);
  });
}

/** The document that says the same as the package, and what its layer is. */
function documentOf(pkg: Package, sha1: string, compression: ExportedLayer["compression"]): Buffer {
  const { descriptor, normalized } = pkg.layer;
  const [algorithm, hex] = descriptor.digest.split(":");
  const claims: ResourceClaims = { length: descriptor.size, sha1, [algorithm as "sha256" | "sha512"]: hex };
  const document: unknown = JSON.parse(encodeMetadata(pkg, claims).toString());
  const layer: ExportedLayer = { compression, normalized };
  return Buffer.from(`${JSON.stringify({ ...(document as object), layer }, null, 2)}\n`);
}

/** Adds a package. Its document comes second, for only then its checksums are known. */
function addPackage(zip: Zip, store: Store, pkg: Package, number: string, signal: AbortSignal | undefined): void {
  const { descriptor } = pkg.layer;
  const hash = createHash("sha1");
  let compression: ExportedLayer["compression"] = "none";
  async function* resource() {
    let isFirst = true;
    for await (const chunk of store.open(descriptor, { signal })) {
      if (isFirst) compression = detectCompression(chunk) as ExportedLayer["compression"];
      isFirst = false;
      hash.update(chunk);
      // The store uses its buffer again, and streams read ahead.
      yield Buffer.from(chunk);
    }
  }
  addLazily(zip, `PACKAGE_RESOURCE_${number}.tar.gz`, descriptor.size, () =>
    Readable.from(resource(), { objectMode: false }),
  );
  addLazily(zip, `PACKAGE_${number}.json`, undefined, () =>
    Readable.from([documentOf(pkg, hash.digest("hex"), compression)], { objectMode: false }),
  );
}

/** The zip file's bytes. */
function readZip(zip: Zip): ByteStream {
  const output = zip.outputStream as Readable;
  zip.on("error", (error) => output.destroy(error));
  return output as AsyncIterable<Uint8Array>;
}

/**
 * Writes packages into one export file, whole or not at all; a file that is there is replaced. What `importPackages()` reads
 * from it equals what was exported. Memory does not grow with the packages.
 *
 * @param packages Whole packages, as `showPackage()` gives them.
 * @throws {LadingError} `FORMAT` where something other than a file is there; `IO`; what reading the store throws.
 */
export async function exportPackages(
  store: Store,
  packages: readonly Package[],
  path: string,
  { signal }: IoOptions = {},
): Promise<WrittenExport> {
  if (packages.length === 0) throw new RangeError("There is nothing to export");
  const { default: yazl } = await import("yazl");
  const digits = Math.max(4, String(packages.length).length);
  const open = () => {
    const zip = new yazl.ZipFile();
    for (const [index, pkg] of packages.entries()) {
      addPackage(zip, store, pkg, String(index + 1).padStart(digits, "0"), signal);
    }
    zip.end();
    return readZip(zip);
  };
  return { path, size: await writeNewFile(path, open, { signal }), packages };
}
