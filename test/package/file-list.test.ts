import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import { type ListedFile, putFileList, readFileList } from "../../src/package/file-list.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { collect } from "../../src/stream/bytes.js";
import { suite } from "../support/suite.js";

const test = suite("package/file-list");

const bytes = fc
  .string({ unit: fc.integer({ min: 1, max: 255 }).map(String.fromCharCode), minLength: 1, maxLength: 40 })
  .chain((text) =>
    fc.constantFrom(text, Buffer.from(text, "latin1").toString("latin1"), Buffer.from(`ü${text}`).toString("latin1")),
  );

const common = { mode: fc.nat(0o7777), uid: fc.nat(65_535), gid: fc.nat(65_535) };
const plain = { noNullPrototype: true };
const files: fc.Arbitrary<ListedFile> = fc.oneof(
  fc.record(
    { path: bytes, type: fc.constant("file"), size: fc.nat(), digest: bytes.map((text) => digestOf(text)), ...common },
    plain,
  ),
  fc.record({ path: bytes, type: fc.constant("directory"), ...common }, plain),
  fc.record({ path: bytes, type: fc.constantFrom("symlink", "hardlink"), target: bytes, ...common }, plain),
);
const lists = fc.uniqueArray(files, { selector: ({ path }) => path, maxLength: 20 });

const byBytes = (a: ListedFile, b: ListedFile) =>
  Buffer.compare(Buffer.from(a.path, "latin1"), Buffer.from(b.path, "latin1"));

test("readFileList() gives what putFileList() took, sorted by bytes, whatever the names are made of", async () => {
  const property = fc.asyncProperty(lists, async (list) => {
    const store = createMemoryStore();
    const descriptor = await putFileList(store, list, {});
    assert.equal(await readFileList(store, descriptor), [...list].sort(byBytes));
    assert.equal(await putFileList(store, [...list].reverse(), {}), descriptor);
  });
  await fc.assert(property, { numRuns: 60 });
});

test("a list is JSON lines, compressed: text where a name is text, base64 where it is not", async () => {
  const store = createMemoryStore();
  const owner = { uid: 0, gid: 0 };
  const list: readonly ListedFile[] = [
    { path: "usr/bin/jq", type: "file", mode: 0o755, ...owner, size: 5, digest: digestOf("hello") },
    { path: Buffer.from("ä").toString("latin1"), type: "symlink", mode: 0o777, ...owner, target: "\xff" },
  ];
  const descriptor = await putFileList(store, list, {});
  assert.is(descriptor.mediaType, "application/vnd.lading.files.v1");
  const text = gunzipSync(await collect(store.open(descriptor), 1000)).toString();
  assert.is(
    text,
    `{"path":"usr/bin/jq","type":"file","mode":493,"uid":0,"gid":0,"size":5,"digest":"${digestOf("hello")}"}\n` +
      `{"path":"ä","type":"symlink","mode":511,"uid":0,"gid":0,"target":{"base64":"/w=="}}\n`,
  );
});

test("a list of no files is a list", async () => {
  const store = createMemoryStore();
  assert.equal(await readFileList(store, await putFileList(store, [], {})), []);
});

test.run();
