import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { isLadingError } from "../../../src/errors.js";
import { listPackages } from "../../../src/package/catalog.js";
import { importPackages } from "../../../src/package/import.js";
import { createMemoryStore } from "../../../src/store/memory.js";
import { rejects } from "../../support/rejects.js";
import { suite, type TestContext } from "../../support/suite.js";
import { tempFolder } from "../../support/temp.js";
import { tarGzWith, tarWith } from "../files.js";
import { type Member, zipOf } from "./zip-of.js";

const test = suite("package/cntmp/hostile", { deadlineMs: 120_000 });

const DATA = tarGzWith("a");
const RESOURCE: Member = { name: "PACKAGE_RESOURCE_0001.tar.gz", data: DATA };
const documentMember = (document: unknown): Member => ({
  name: "1.json",
  data: Buffer.from(typeof document === "string" ? document : JSON.stringify(document)),
});
const NAMED = documentMember({ name: "a" });

/** Imports a file of these bytes; nothing of it may be listed. */
async function refused(context: TestContext, bytes: Uint8Array, code: Parameters<typeof rejects>[1]) {
  const path = join(await tempFolder(context), "x.cntmp");
  await writeFile(path, bytes);
  const store = createMemoryStore();
  const error = await rejects(importPackages(store, [path]), code);
  assert.equal(await listPackages(store), []);
  assert.match(error.message, /x\.cntmp/);
  assert.not.match(error.message, /\n/);
  return error;
}

/** Sets bytes of the first central directory header, whose fields are at fixed places. */
function directory(zip: Buffer, at: number, bytes: readonly number[], nth = 0): Buffer {
  let header = -1;
  for (let n = 0; n <= nth; n++) header = zip.indexOf("PK\x01\x02", header + 1, "latin1");
  const changed = Buffer.from(zip);
  changed.set(bytes, header + at);
  return changed;
}

test("what is cut short or damaged is refused, wherever it is", async (context) => {
  const zip = await zipOf([RESOURCE, { ...NAMED, deflate: true }]);
  await refused(context, zip.subarray(0, zip.length - 30), "FORMAT");
  await refused(context, zip.subarray(0, 40), "FORMAT");
  const body = Buffer.from(zip);
  body[70] = (body[70] ?? 0) ^ 1;
  await refused(context, body, "CORRUPT");
  // The CRC, the offset, and the sizes of what the directory says.
  await refused(context, directory(zip, 16, [1, 2, 3, 4]), "CORRUPT");
  await refused(context, directory(zip, 42, [0xff, 0xff, 0xff, 0x7f]), "CORRUPT");
  await refused(context, directory(zip, 20, [0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f]), "CORRUPT");
  await refused(context, directory(zip, 24, [1, 0, 0, 0], 1), "CORRUPT");
});

test("encrypted members and other compressions are refused as such", async (context) => {
  const zip = await zipOf([RESOURCE, NAMED]);
  // An encrypted member is 12 bytes longer than what it becomes.
  const encrypted = directory(directory(zip, 8, [1, 8]), 24, [DATA.byteLength - 12]);
  assert.match((await refused(context, encrypted, "UNSUPPORTED")).message, /is encrypted/);
  assert.match((await refused(context, directory(zip, 10, [12, 0]), "UNSUPPORTED")).message, /method 12/);
});

test("names that climb, and one name twice, are refused", async (context) => {
  const zip = await zipOf([RESOURCE, NAMED]);
  const climbing = Buffer.from(zip.toString("latin1").replaceAll("PACKAGE_RESOURCE", "../../../../../x"), "latin1");
  await refused(context, climbing, "CORRUPT");
  const twice = await zipOf([RESOURCE, RESOURCE, NAMED]);
  assert.match((await refused(context, twice, "CORRUPT")).message, /"PACKAGE_RESOURCE_0001\.tar\.gz" twice/);
});

test("data without a package, a package without data, and data of two packages are refused", async (context) => {
  const other: Member = { name: "PACKAGE_RESOURCE_0002.tar.gz", data: DATA };
  const cases: readonly (readonly [readonly Member[], RegExp])[] = [
    [[RESOURCE], /it has no package's document/],
    [[RESOURCE, documentMember([1, "x", { uuid: "x" }])], /it has no package's document/],
    [[NAMED], /without packages/],
    [[RESOURCE, other, NAMED], /no document speaks of "PACKAGE_RESOURCE_0002\.tar\.gz"/],
    [[RESOURCE, NAMED, { ...NAMED, name: "2.json" }], /no data for package::\/::a/],
    [[RESOURCE, NAMED, { ...NAMED, name: "x/1.json" }], /is the data of several packages/],
  ];
  for (const [members, why] of cases) {
    assert.match((await refused(context, await zipOf(members), "FORMAT")).message, why);
  }
});

test("claims that do not hold, and documents that are not valid, are refused", async (context) => {
  const claim = (resource: object) => documentMember({ name: "a", resource });
  const zero = `sha1:${"0".repeat(40)}`;
  await refused(context, await zipOf([RESOURCE, claim({ digest: zero })]), "DIGEST_MISMATCH");
  await refused(context, await zipOf([RESOURCE, claim({ length: 1 })]), "DIGEST_MISMATCH");
  for (const text of ["{", '{"name":"a","name":"b"}', '{"name":"a","__proto__":{}}', '{"name":"../x"}']) {
    await refused(context, await zipOf([RESOURCE, documentMember(text)]), "SYNTAX");
  }
  const deep = `${"[".repeat(1000)}${"]".repeat(1000)}`;
  await refused(context, await zipOf([RESOURCE, documentMember(deep)]), "SYNTAX");
});

test("what grows out of all proportion, and documents without end, are refused", async (context) => {
  const zeros = tarWith("\0".repeat(20e6));
  const bomb = await zipOf([{ name: RESOURCE.name, data: zeros, deflate: true }, NAMED]);
  assert.match((await refused(context, bomb, "TOO_LARGE")).message, /--max-ratio/);
  const long = documentMember(`{"name":"a"${" ".repeat(5e6)}}`);
  await refused(context, await zipOf([RESOURCE, { ...long, deflate: true }]), "TOO_LARGE");
  const many = Array.from({ length: 20_001 }, (_, at) => ({ name: `f${at}`, data: Buffer.alloc(0) }));
  assert.match((await refused(context, await zipOf(many), "TOO_LARGE")).message, /20001 members/);
});

test("a file with any byte changed gives the same packages, or an error of lading's", async (context) => {
  const zip = await zipOf([RESOURCE, { ...NAMED, deflate: true }]);
  const path = join(await tempFolder(context), "x.cntmp");
  const change = fc.tuple(fc.nat(zip.length - 1), fc.integer({ min: 1, max: 255 }));
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
      const bytes = Buffer.from(zip);
      for (const [at, by] of changes) bytes[at] = ((bytes[at] ?? 0) + by) % 256;
      await writeFile(path, bytes);
      try {
        await importPackages(createMemoryStore(), [path]);
      } catch (error) {
        assert.ok(isLadingError(error), String(error));
      }
    }),
    { numRuns: 300 },
  );
});

test.run();
