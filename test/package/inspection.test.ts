import { createHash } from "node:crypto";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import type { ListedFile } from "../../src/package/file-list.js";
import { createInspection, type InspectionOptions } from "../../src/package/inspection.js";
import { writeTar } from "../../src/tar/write.js";
import { chunkSizes, gather, pieces } from "../stream/pieces.js";
import { archive, directory, file, hardlink, symlink } from "../support/hostile-tar.js";
import { throws } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { entryLists } from "../tar/archives.js";

const test = suite("package/inspection");

function inspect(tar: Uint8Array, options: Partial<InspectionOptions> = {}) {
  const files: ListedFile[] = [];
  const inspection = createInspection({ what: '"a.deb"', onFile: (file) => files.push(file), ...options });
  inspection.write(tar);
  return { ...inspection.end(), files };
}

/** Entries that a package may have, whatever their names and contents are. */
const safeLists = entryLists.map((entries) =>
  entries
    .filter(({ type }) => type !== "symlink")
    .map((entry, at) => ({ ...entry, path: `${at}/${entry.path.replaceAll("/", "_")}` })),
);

const md5 = (text: string) => createHash("md5").update(text).digest("hex");

test("createInspection() sees digest, size and files, however the tar comes in", async () => {
  const property = fc.asyncProperty(safeLists, chunkSizes, async (entries, sizes) => {
    const tar = await gather(writeTar(entries));
    const files: ListedFile[] = [];
    const inspection = createInspection({ what: "a", onFile: (each) => files.push(each) });
    for await (const chunk of pieces(tar, sizes)) inspection.write(chunk);
    const { diffId, uncompressedSize } = inspection.end();
    assert.equal([diffId, uncompressedSize], [digestOf(tar), tar.length]);
    const expected = entries.map(({ path, type, size, text, linkpath }) =>
      type === "file" ? [path, size, digestOf(Buffer.from(text, "latin1"))] : [path, undefined, linkpath],
    );
    const found = files.map(({ path, size, digest, target }) => [path, size, digest ?? target]);
    assert.equal(found, expected);
  });
  await fc.assert(property, { numRuns: 40 });
});

test("an inspection says whether the tar is clean, and why not", () => {
  assert.is(inspect(archive(file("a", "1"))).clean, true);
  const twice = inspect(archive(file("a", "1"), file("a", "2")));
  assert.equal([twice.clean, twice.reasons.length, twice.dropped], [false, 1, [0]]);
});

test("digests of files are left out where nobody wants them", () => {
  const { files } = inspect(archive(file("a", "1")), { listDigests: false });
  assert.equal(files[0]?.digest, undefined);
  assert.is(files[0]?.size, 1);
});

test("checksums are held against the files that they are of, and only those", () => {
  const tar = archive(directory("d"), file("d/a", "1"), hardlink("d/b", "d/a"), symlink("d/c", "a"), file("e", ""));
  const right = [
    ["d/a", md5("1")],
    ["d/b", md5("other")],
    ["d/c", md5("other")],
    ["e", md5("")],
    ["absent", md5("x")],
  ] as const;
  inspect(tar, { fileChecksums: new Map(right) });
  inspect(tar, { fileChecksums: new Map(right), listDigests: false });
  for (const path of ["d/a", "e"]) {
    const wrong = new Map([...right, [path, md5("wrong")] as const]);
    const error = throws(() => inspect(tar, { fileChecksums: wrong }), "DIGEST_MISMATCH");
    assert.match(error.message, `Cannot accept "a.deb": its file "${path}" has md5 `);
  }
});

test("what is no sound tar is refused", () => {
  throws(() => inspect(Buffer.from("hello")), "FORMAT");
  throws(() => inspect(archive(file("a", "1")).subarray(0, 700)), "CORRUPT");
  throws(() => inspect(archive(file("../a", "1"))), "UNSAFE_ENTRY");
});

test.run();
