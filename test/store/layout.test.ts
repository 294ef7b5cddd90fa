import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { type Descriptor, describe } from "../../src/oci/descriptor.js";
import { digestOf, splitDigest } from "../../src/oci/digest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { REF_NAME } from "../../src/oci/ref-name.js";
import { copy } from "../../src/store/copy.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { testStore } from "../contract/store.js";
import { listTree } from "../support/folder.js";
import { putImage } from "../support/image.js";
import { missing, output } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

testStore("layout", async (context) => {
  const store = createLayoutStore(join(await tempFolder(context), "new/layout"));
  await store.put("text/plain", fromBytes("the first write makes it"));
  return store;
});
testStore("layout of another tool", async (context) => createLayoutStore(await writeLayout(context)));

const test = suite("store/layout");

const VERSION = '{"imageLayoutVersion": "1.0.0"}';
const EMPTY = { schemaVersion: 2, manifests: [] as readonly object[] };

/** A layout as another tool leaves it; undefined leaves a file out. */
async function writeLayout(
  context: TestContext,
  index: object | string | undefined = EMPTY,
  version: string | undefined = VERSION,
): Promise<string> {
  const folder = await tempFolder(context);
  await mkdir(join(folder, "blobs/sha256"), { recursive: true });
  if (version !== undefined) await writeFile(join(folder, "oci-layout"), version);
  const text = typeof index === "object" ? JSON.stringify(index) : index;
  if (text !== undefined) await writeFile(join(folder, "index.json"), text);
  return folder;
}

const blobPath = (folder: string, { digest }: Pick<Descriptor, "digest">) =>
  join(folder, "blobs", splitDigest(digest).algorithm, splitDigest(digest).hex);

async function writeBlob(folder: string, content: string, mediaType: string = MEDIA_TYPE.manifest) {
  const descriptor = describe(mediaType, Buffer.from(content));
  await writeFile(blobPath(folder, descriptor), content);
  return descriptor;
}

const readJson = async (path: string) => JSON.parse(await readFile(path, "utf8"));

test("a new layout holds what the specification asks for, and nothing before the first write", async (context) => {
  const folder = join(await tempFolder(context), "a/b");
  const store = createLayoutStore(folder);
  assert.equal(await store.tags(), []);
  await rejects(store.resolve("x"), "NOT_FOUND");
  assert.equal(await listTree(join(folder, "..")), []);
  const descriptor = await store.put(MEDIA_TYPE.manifest, fromBytes("{}"));
  await store.tag([{ name: "x", descriptor }]);
  assert.equal(await readJson(join(folder, "oci-layout")), { imageLayoutVersion: "1.0.0" });
  assert.equal(await readJson(join(folder, "index.json")), {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.index,
    manifests: [{ ...descriptor, annotations: { [REF_NAME]: "x" } }],
  });
  assert.equal((await readdir(folder)).sort(), [".lading", "blobs", "index.json", "oci-layout"]);
  assert.equal(await readdir(join(folder, ".lading")), ["own"]);
});

test("sha512 has a folder of its own", async (context) => {
  const folder = await tempFolder(context);
  const store = createLayoutStore(folder);
  const digest = digestOf("hello", "sha512");
  const descriptor = await store.put("text/plain", fromBytes("hello"), { digest });
  await store.tag([{ name: "x", descriptor }]);
  assert.is(await readFile(join(folder, "blobs/sha512", splitDigest(digest).hex), "utf8"), "hello");
  assert.is((await collect(createLayoutStore(folder).open(descriptor), 10)).toString(), "hello");
});

test("a folder that holds something else is not touched", async (context) => {
  const folder = await tempFolder(context);
  await writeFile(join(folder, "thesis.txt"), "years of work");
  const before = await listTree(folder);
  const store = createLayoutStore(folder);
  const error = await rejects(store.put("text/plain", fromBytes("x")), "EXISTS");
  assert.match(error.message, /holds something else than an OCI layout; name a new folder$/);
  await rejects(store.tag([{ name: "x", descriptor: describe("text/plain", Buffer.from("x")) }]), "NOT_FOUND");
  assert.equal(await listTree(folder), before);
  await rejects(createLayoutStore(join(folder, "thesis.txt")).put("text/plain", fromBytes("x")), "IO");
});

test("what another tool wrote is kept: unknown fields, annotations, platform", async (context) => {
  const folder = await writeLayout(context);
  const [one, two, three] = [await writeBlob(folder, "1"), await writeBlob(folder, "2"), await writeBlob(folder, "3")];
  const platform = { architecture: "arm64", os: "linux", "os.future": "x" };
  const foreign = { ...one, platform, "x-field": { deep: [1, null] }, annotations: { "org.example": "1" } };
  const named = { ...two, annotations: { [REF_NAME]: "two", "org.example": "2" } };
  const annotations = { "org.example.index": "kept" };
  await writeFile(
    join(folder, "index.json"),
    JSON.stringify({ ...EMPTY, future: true, annotations, manifests: [foreign, named] }),
  );
  const store = createLayoutStore(folder);
  await store.tag([{ name: "three", descriptor: three }]);
  await store.tag([{ name: "one", descriptor: one }]);
  assert.equal(await readJson(join(folder, "index.json")), {
    ...EMPTY,
    future: true,
    annotations,
    manifests: [
      named,
      { ...three, annotations: { [REF_NAME]: "three" } },
      { ...foreign, annotations: { "org.example": "1", [REF_NAME]: "one" } },
    ],
  });
  assert.is(await readFile(join(folder, "oci-layout"), "utf8"), VERSION);
});

test("a root without a name is listed once, last, and not beside its name", async (context) => {
  const folder = await tempFolder(context);
  const store = createLayoutStore(folder);
  const [a, b] = [await store.put("text/plain", fromBytes("a")), await store.put("text/plain", fromBytes("b"))];
  await store.tag([{ descriptor: b }, { descriptor: b }, { name: "a", descriptor: a }, { descriptor: a }]);
  const names = async () => (await store.tags()).map(({ name, descriptor }) => [name, descriptor.digest]);
  assert.equal(await names(), [
    ["a", a.digest],
    [undefined, b.digest],
  ]);
  assert.equal(await store.resolve(b.digest), b);
  await store.tag([{ name: "b", descriptor: b }]);
  assert.equal(await names(), [
    ["a", a.digest],
    ["b", b.digest],
  ]);
  await store.untag([b.digest]);
  assert.equal(await names(), [["a", a.digest]]);
});

test("no more is listed than can be read again", async (context) => {
  const folder = await writeLayout(context);
  const store = createLayoutStore(folder);
  const descriptor = await store.put("text/plain", fromBytes("hello"));
  // Roots with large annotations: the limit is reached by few of them.
  const annotations = { note: "x".repeat(1024 * 1024) };
  const entries = Array.from({ length: 63 }, (_, at) => ({
    ...descriptor,
    annotations: { ...annotations, [REF_NAME]: `n${at}` },
  }));
  const path = join(folder, "index.json");
  await writeFile(path, JSON.stringify({ ...EMPTY, manifests: entries }));
  const before = await readFile(path);
  const error = await rejects(store.tag([{ name: "last", descriptor: { ...descriptor, annotations } }]), "TOO_LARGE");
  assert.match(error.message, /more than the 67108864 that are allowed; delete names there/);
  assert.ok((await readFile(path)).equals(before));
  await store.untag(["n0"]);
  assert.is((await store.tags()).length, 62);
});

for (const kind of ["link", "folder", "pipe"]) {
  test(`a blob that is a ${kind} is no content, and put() replaces what it can`, async (context) => {
    const folder = await writeLayout(context);
    const descriptor = describe("text/plain", Buffer.from("hello"));
    const path = blobPath(folder, descriptor);
    const target = join(folder, "target");
    await writeFile(target, "hello");
    if (kind === "link") await symlink(target, path);
    if (kind === "folder") await mkdir(path);
    if (kind === "pipe") execFileSync("mkfifo", [path]);
    const store = createLayoutStore(folder);
    assert.not.ok(await store.has(descriptor));
    assert.match((await rejects(collect(store.open(descriptor), 10), "FORMAT")).message, /expected a regular file/);
    await rejects(store.tag([{ name: "x", descriptor }]), "NOT_FOUND");
    if (kind === "folder") {
      await rejects(store.put("text/plain", fromBytes("hello")), "IO");
    } else {
      await store.put("text/plain", fromBytes("hello"));
      assert.ok(await store.has(descriptor));
    }
    assert.is(await readFile(target, "utf8"), "hello");
    assert.equal((await readdir(join(folder, ".lading"))).length, 0);
  });
}

const VERSIONS: readonly (readonly [string, string | undefined, "UNSUPPORTED" | "SYNTAX" | "TOO_LARGE"])[] = [
  ["is empty", "", "UNSUPPORTED"],
  ["says 2.0.0", '{"imageLayoutVersion":"2.0.0"}', "UNSUPPORTED"],
  ["says nothing", "{}", "UNSUPPORTED"],
  ["is null", "null", "UNSUPPORTED"],
  ["is no JSON", "1.0.0\n", "SYNTAX"],
  ["is huge", `{"imageLayoutVersion":"1.0.0"}${" ".repeat(70_000)}`, "TOO_LARGE"],
];

for (const [what, version, code] of VERSIONS) {
  test(`a layout whose oci-layout ${what} is neither read nor written`, async (context) => {
    const folder = await writeLayout(context, EMPTY, version);
    const before = await listTree(folder);
    await rejects(createLayoutStore(folder).tags(), code);
    await rejects(createLayoutStore(folder).resolve("x"), code);
    await rejects(createLayoutStore(folder).put("text/plain", fromBytes("x")), code);
    assert.equal(await listTree(folder), before);
  });
}

test("a layout without oci-layout is neither read nor written", async (context) => {
  const folder = await writeLayout(context);
  await rm(join(folder, "oci-layout"));
  await rejects(createLayoutStore(folder).tags(), "UNSUPPORTED");
  await rejects(createLayoutStore(folder).put("text/plain", fromBytes("x")), "EXISTS");
});

test("a layout without index.json has no names yet", async (context) => {
  const folder = await writeLayout(context);
  await rm(join(folder, "index.json"));
  assert.equal(await createLayoutStore(folder).tags(), []);
  await rejects(createLayoutStore(folder).resolve("x"), "NOT_FOUND");
});

const INDEXES: readonly (readonly [string, string, "CORRUPT" | "SYNTAX" | "FORMAT"])[] = [
  ["empty", "", "CORRUPT"],
  ["truncated", '{"schemaVersion":2,"manifests":[{"mediaType":"applic', "SYNTAX"],
  ["a list", "[]", "SYNTAX"],
  ["a manifest", '{"schemaVersion":2,"config":{},"layers":[]}', "FORMAT"],
  ["twofold in a key", '{"schemaVersion":2,"manifests":[],"manifests":[]}', "SYNTAX"],
  [
    "bad in a digest",
    '{"schemaVersion":2,"manifests":[{"mediaType":"a/b","size":1,"digest":"sha256:../x"}]}',
    "SYNTAX",
  ],
];

for (const [what, index, code] of INDEXES) {
  test(`an index.json that is ${what} is refused, and left as it is`, async (context) => {
    const folder = await writeLayout(context, index);
    const store = createLayoutStore(folder);
    const error = await rejects(store.resolve("x"), code);
    assert.ok(error.message.includes(join(folder, "index.json")));
    const descriptor = await store.put("text/plain", fromBytes("x"));
    await rejects(store.tag([{ name: "x", descriptor }]), code);
    assert.is(await readFile(join(folder, "index.json"), "utf8"), index);
    assert.equal(await readdir(join(folder, ".lading")), []);
  });
}

test("an index.json of 100 MB is refused without being read", async (context) => {
  const folder = await writeLayout(context);
  await truncate(join(folder, "index.json"), 100_000_000);
  assert.is((await rejects(createLayoutStore(folder).tags(), "TOO_LARGE")).detail.actual, 100_000_000);
});

test("a name that stands there for two contents is an error until it is tagged again", async (context) => {
  const folder = await writeLayout(context);
  const [one, two] = [await writeBlob(folder, "1"), await writeBlob(folder, "2")];
  const annotations = { [REF_NAME]: "x" };
  const manifests = [
    { ...two, annotations },
    { ...one, annotations },
    { ...one, annotations },
  ];
  await writeFile(join(folder, "index.json"), JSON.stringify({ ...EMPTY, manifests }));
  const store = createLayoutStore(folder);
  const error = await rejects(store.resolve("x"), "CORRUPT");
  assert.ok(error.message.includes(one.digest) && error.message.includes(two.digest));
  assert.is((await store.resolve(one.digest)).digest, one.digest);
  await store.tag([{ name: "x", descriptor: one }]);
  assert.is((await store.resolve("x")).digest, one.digest);
  assert.is((await store.tags()).length, 1);
  const twice = manifests.slice(1);
  await writeFile(join(folder, "index.json"), JSON.stringify({ ...EMPTY, manifests: twice }));
  assert.is((await store.resolve("x")).digest, one.digest);
});

test("tag() takes all names or none", async (context) => {
  const store = createLayoutStore(await tempFolder(context));
  const descriptor = await store.put("text/plain", fromBytes("x"));
  for (const name of ["a b", "..", "x".repeat(300), ""]) {
    const roots = [
      { name: "good", descriptor },
      { name, descriptor },
    ];
    await rejects(store.tag(roots), "SYNTAX");
  }
  assert.equal(await store.tags(), []);
});

test("the error for a missing name tells which ones there are", async (context) => {
  const store = createLayoutStore(await tempFolder(context), { label: "oci:here" });
  const descriptor = await store.put("text/plain", fromBytes("x"));
  await store.tag(["b", "a"].map((name) => ({ name, descriptor })));
  const { message } = await rejects(store.resolve("c"), "NOT_FOUND");
  assert.is(message, 'Cannot find "c" in oci:here: it holds a, b');
});

for (const [what, damage] of [
  ["flipped", (text: string) => text.replace("l", "L")],
  ["cut short", (text: string) => text.slice(1)],
] as const) {
  test(`a blob that is ${what} is seen on reading`, async (context) => {
    const folder = await tempFolder(context);
    const store = createLayoutStore(folder);
    const descriptor = await store.put("text/plain", fromBytes("hello"));
    await writeFile(blobPath(folder, descriptor), damage("hello"));
    const chunks: string[] = [];
    const read = async () => {
      for await (const chunk of store.open(descriptor)) chunks.push(String(chunk));
    };
    await rejects(read(), "DIGEST_MISMATCH");
    assert.equal(chunks, []);
  });
}

test("a damaged blob of the right size in a layout of another tool is not there, and copy() replaces it", async (context) => {
  const from = createMemoryStore();
  const root = await putImage(from, [Buffer.from("layer")]);
  const folder = await writeLayout(context);
  const descriptor = describe(MEDIA_TYPE.layer, Buffer.from("layer"));
  await writeFile(blobPath(folder, descriptor), "LAYER");
  const to = createLayoutStore(folder);
  assert.not.ok(await to.has(descriptor));
  await copy(root, from, to);
  assert.is(await readFile(blobPath(folder, descriptor), "utf8"), "layer");
  assert.ok(await to.has(descriptor));
});

test("only a layout that lading made shares its files, and takes them", async (context) => {
  const own = createLayoutStore(await tempFolder(context), { shared: true });
  const descriptor = await own.put("text/plain", fromBytes("hello"));
  const file = await own.sharedFile?.(descriptor);
  assert.ok(file);
  assert.is(await own.sharedFile?.({ ...descriptor, size: 4 }), undefined);
  const folder = await writeLayout(context);
  const foreign = createLayoutStore(folder, { shared: true });
  assert.is(await foreign.link?.(descriptor, file ?? ""), false);
  await foreign.put("text/plain", fromBytes("hello"));
  assert.is(await foreign.sharedFile?.(descriptor), undefined);
});

test("a layout that is handed over shares nothing, whatever it says of itself", async (context) => {
  const folder = await writeLayout(context);
  await mkdir(join(folder, ".lading"));
  await writeFile(join(folder, ".lading/own"), "");
  const store = createLayoutStore(folder);
  assert.is(await store.sharedFile?.(await store.put("text/plain", fromBytes("hello"))), undefined);
});

test("stores that make one layout at almost the same time do not stand in each other's way", async (context) => {
  for (let round = 0; round < 20; round++) {
    const folder = join(await tempFolder(context), "layout");
    const names = ["a", "b", "c", "d", "e", "f"];
    const write = async (name: string) => {
      await sleep(Math.random() * 4);
      const store = createLayoutStore(folder);
      await store.tag([{ name, descriptor: await store.put("text/plain", fromBytes(name)) }]);
    };
    await Promise.all(names.map(write));
    assert.equal(
      (await createLayoutStore(folder).tags()).map(({ name }) => name),
      names,
    );
  }
});

test("tag() to what a name stands for already leaves index.json alone, and waits for nobody", async (context) => {
  const folder = await tempFolder(context);
  const store = createLayoutStore(folder);
  const [one, two] = [await store.put("text/plain", fromBytes("1")), await store.put("text/plain", fromBytes("2"))];
  const names = ["a", "b"];
  await store.tag([...names.map((name) => ({ name, descriptor: one })), { descriptor: two }]);
  const path = join(folder, "index.json");
  const before = await stat(path);
  await writeFile(join(folder, ".lading/lock"), "somebody");
  const hasty = createLayoutStore(folder, { deadlineMs: 1 });
  await hasty.tag([{ name: "a", descriptor: one }]);
  await hasty.tag([{ descriptor: one }]);
  await hasty.tag([{ name: "b", descriptor: one }, { descriptor: two }]);
  assert.equal((await stat(path)).ino, before.ino);
  for (const roots of [[{ name: "a", descriptor: two }], [{ name: "c", descriptor: one }]]) {
    await rejects(hasty.tag(roots), "EXISTS");
  }
});

test("a signal stops tag() at a lock", async (context) => {
  const folder = await tempFolder(context);
  const store = createLayoutStore(folder);
  const descriptor = await store.put("text/plain", fromBytes("x"));
  await writeFile(join(folder, ".lading/lock"), "");
  const signal = AbortSignal.timeout(50);
  const error = await store.tag([{ name: "x", descriptor }], { signal }).catch((caught: Error) => caught);
  assert.is((error as Error).name, "TimeoutError");
  const late = createLayoutStore(folder, { patienceMs: 60_000, deadlineMs: 50 });
  await rejects(late.tag([{ name: "x", descriptor }]), "EXISTS");
});

test.needs(missing("skopeo"), "skopeo's layout is read and extended, and skopeo reads it then", async (context) => {
  const folder = await tempFolder(context);
  const own = createLayoutStore(join(folder, "own"));
  const [first, second] = [await putImage(own, [Buffer.from("one")]), await putImage(own, [Buffer.from("two")])];
  await own.tag([
    { name: "first", descriptor: first },
    { name: "second", descriptor: second },
  ]);
  const skopeo = (...args: string[]) => output("skopeo", args, { cwd: folder });
  await skopeo("copy", "--preserve-digests", "oci:own:first", "oci:theirs:first");
  const theirs = createLayoutStore(join(folder, "theirs"));
  assert.is((await theirs.resolve("first")).digest, first.digest);
  await copy(second, own, theirs);
  await theirs.tag([{ name: "second", descriptor: second }]);
  await skopeo("copy", "--preserve-digests", "oci:theirs:second", "oci:theirs:third");
  const found = (await theirs.tags()).map(({ name, descriptor }) => [name, descriptor.digest]);
  assert.equal(found, [
    ["first", first.digest],
    ["second", second.digest],
    ["third", second.digest],
  ]);
  assert.match(await skopeo("inspect", "oci:theirs:second"), second.digest);
});

test.run();
