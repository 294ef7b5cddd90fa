import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import * as assert from "uvu/assert";
import type { Descriptor } from "../../src/oci/descriptor.js";
import { digestOf } from "../../src/oci/digest.js";
import {
  createFileListEncoder,
  type ListedFile,
  openFileList,
  putFileList,
  readFileList,
} from "../../src/package/file-list.js";
import { createMemoryStore } from "../../src/store/memory.js";
import type { Store } from "../../src/store/store.js";
import { collect } from "../../src/stream/bytes.js";
import { rejects } from "../support/rejects.js";
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

async function putList(store: Store, list: readonly ListedFile[]): Promise<Descriptor> {
  const encoder = await createFileListEncoder();
  for (const each of list) encoder.add(each);
  return await putFileList(store, encoder);
}

test("readFileList() gives what putFileList() took, whatever the names are made of", async () => {
  const property = fc.asyncProperty(lists, async (list) => {
    const store = createMemoryStore();
    assert.equal(await readFileList(store, await putList(store, list)), list);
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
  const descriptor = await putList(store, list);
  assert.is(descriptor.mediaType, "application/vnd.lading.files.v1");
  const text = gunzipSync(await collect(store.open(descriptor), 1000)).toString();
  assert.is(
    text,
    `{"path":"usr/bin/jq","type":"file","mode":493,"uid":0,"gid":0,"size":5,"digest":"${digestOf("hello")}"}\n` +
      `{"path":"ä","type":"symlink","mode":511,"uid":0,"gid":0,"target":{"base64":"/w=="}}\n`,
  );
});

test("a long list comes in parts, each file once and whole", async () => {
  const store = createMemoryStore();
  const long = Array.from({ length: 20_000 }, (_, at) => ({
    path: `${"d".repeat(at % 200)}/${at}`,
    type: "directory" as const,
    mode: 0o755,
    uid: 0,
    gid: 0,
  }));
  const batches: (readonly ListedFile[])[] = [];
  for await (const batch of openFileList(store, await putList(store, long))) batches.push(batch);
  assert.ok(batches.length > 5, `${batches.length} parts`);
  assert.equal(batches.flat(), long);
});

test("a short list may stand in its own descriptor, which is held against its digest", async () => {
  const store = createMemoryStore();
  const inline = async (list: readonly ListedFile[]) => {
    const encoder = await createFileListEncoder();
    for (const each of list) encoder.add(each);
    return await putFileList(store, encoder, { isInline: true });
  };
  const common = { type: "directory", mode: 0o755, uid: 0, gid: 0 } as const;
  const short = await inline([{ path: "a", ...common }]);
  assert.is(await store.has(short), false);
  assert.equal(await readFileList(store, short), [{ path: "a", ...common }]);
  await rejects(readFileList(store, { ...short, data: "AAAA" }), "DIGEST_MISMATCH");
  const long = await inline(Array.from({ length: 3000 }, (_, at) => ({ path: digestOf(`${at}`), ...common })));
  assert.is(long.data, undefined);
  assert.ok(await store.has(long));
});

test("a list of no files is a list", async () => {
  const store = createMemoryStore();
  assert.equal(await readFileList(store, await putList(store, [])), []);
});

test.run();
