/**
 * Whether an eStargz blob is what it says, from the footer to the last chunk.
 *
 * @see https://github.com/containerd/stargz-snapshotter/blob/v0.16.3/docs/estargz.md#content-verification-in-estargz
 * @module
 */

import { type Digest, digestOf } from "../oci/digest.js";
import { collect } from "../stream/bytes.js";
import { decompress } from "../stream/codec.js";
import { createHasher } from "../stream/hash.js";
import { checkContent } from "../stream/verify.js";
import { ESTARGZ_TOC, type EstargzResult, LANDMARK, LANDMARKS } from "./estargz.js";
import { decodeEstargzFooter, ESTARGZ_FOOTER_SIZE } from "./estargz-footer.js";
import { createSplitter } from "./split.js";
import { decodeToc, MAX_TOC } from "./toc.js";
import {
  type BlobRanges,
  brokenLayer,
  listTocFiles,
  openTocFile,
  showName,
  type TocFile,
  type TocFiles,
  type VerifyLayerOptions,
} from "./toc-file.js";
import { createTocMatch } from "./toc-match.js";

const WHAT = "eStargz";
const RANGE = { compression: "gzip", what: WHAT, isExact: false } as const;
/** Header blocks and padding around the table, with room for an extended header. */
const AROUND = 64 * 1024;

/**
 * Verifies a blob: the footer, the table against `tocDigest`, every chunk read from its own offset, the landmark, and that the
 * archive which a reader of gzip sees has the same entries and contents.
 *
 * @param tocDigest As the layer's annotation has it.
 * @returns What the blob is, as its writer would tell.
 * @throws {LadingError} `CORRUPT` when it breaks the format, or table and archive differ; `DIGEST_MISMATCH` when the table, a
 * chunk or a file is not what was promised; `SYNTAX` when the table is no such document; `FORMAT` and
 * whatever else decompression, `createScanner()` and the blob throw.
 */
export async function verifyEstargz(
  blob: BlobRanges,
  tocDigest: Digest,
  options: VerifyLayerOptions = {},
): Promise<EstargzResult> {
  const { tocOffset, json } = await readToc(blob, options);
  checkContent({ digest: digestOf(json), size: json.byteLength }, { digest: tocDigest }, `table of ${WHAT} layer`);
  const toc = decodeToc(json);
  const files = listTocFiles(toc, tocOffset, WHAT);
  checkTable(files);
  const digests = new Map<string, Digest>();
  for (const [name, file] of files) {
    if (file.chunks.length > 0) digests.set(name, await digestOfFile(blob, file, options));
  }
  const match = createTocMatch(files, digests, { what: WHAT, isExact: false, ignored: new Set([ESTARGZ_TOC]) });
  const hasher = createHasher();
  const splitter = createSplitter(match.handlers);
  for await (const bytes of decompress(blob.open(0, blob.size), "gzip", { ...options, what: WHAT })) {
    hasher.update(bytes);
    splitter.write(bytes);
  }
  splitter.end();
  match.end();
  const { digest: diffId, size: uncompressedSize } = hasher.end();
  return { tocDigest, diffId, uncompressedSize, entries: files.size - 1 };
}

/** The table's JSON, which is the first entry of the archive that starts at the offset in the footer. */
async function readToc(blob: BlobRanges, options: VerifyLayerOptions): Promise<{ tocOffset: number; json: Buffer }> {
  const start = Math.max(0, blob.size - ESTARGZ_FOOTER_SIZE);
  const tocOffset = decodeEstargzFooter(await collect(blob.open(start, blob.size), ESTARGZ_FOOTER_SIZE));
  if (tocOffset === undefined || tocOffset >= start) throw brokenLayer(WHAT, "it does not end with a footer");
  const json: Buffer[] = [];
  let entries = 0;
  const splitter = createSplitter({
    header({ entry }) {
      entries++;
      if (entry.path !== ESTARGZ_TOC || entries > 1) throw brokenLayer(WHAT, "its footer does not lead to its table");
    },
    data: (bytes) => json.push(Buffer.from(bytes)),
    endEntry() {},
    padding() {},
    tail() {},
  });
  const limits = { ...options.limits, maxBytes: MAX_TOC + AROUND };
  for await (const bytes of decompress(blob.open(tocOffset, start), "gzip", { ...options, limits, what: WHAT })) {
    splitter.write(bytes);
  }
  splitter.end();
  return { tocOffset, json: Buffer.concat(json) };
}

/** Consumers of eStargz take no file's digest in place of its chunk's, and need to know what to fetch ahead. */
function checkTable(files: TocFiles): void {
  for (const { entry, chunks } of files.values()) {
    if (chunks.length > 0 && entry.chunkDigest === undefined) {
      throw brokenLayer(WHAT, `the chunk of ${showName(entry.name)} has no digest in its table`);
    }
  }
  const found = [...files.values()].filter(({ entry }) => LANDMARKS.has(entry.name));
  const [landmark] = found;
  if (found.length !== 1 || landmark === undefined) {
    throw brokenLayer(WHAT, `its table has ${found.length} landmarks, expected one`);
  }
  if (landmark.chunks[0]?.digest !== digestOf(LANDMARK)) throw brokenLayer(WHAT, "its landmark holds something else");
}

async function digestOfFile(blob: BlobRanges, file: TocFile, options: VerifyLayerOptions): Promise<Digest> {
  const hasher = createHasher();
  for await (const bytes of openTocFile(blob, file, { ...RANGE, ...options })) hasher.update(bytes);
  return hasher.end().digest;
}
