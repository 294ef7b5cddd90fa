import { mkdir, readdir, readFile, rename, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { deliver } from "../../src/deliver.js";
import { verifyImage } from "../../src/image/verify.js";
import { digestOf } from "../../src/oci/digest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { copy } from "../../src/store/copy.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { createMemoryStore } from "../../src/store/memory.js";
import { createOciArchiveStore } from "../../src/store/oci-archive.js";
import type { Store } from "../../src/store/store.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { testStore } from "../contract/store.js";
import { putTarImage } from "../support/image.js";
import { missing, output } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const newFile = async (context: TestContext) => join(await tempFolder(context), "x.tar");

testStore("oci-archive", async (context) => {
  const store = createOciArchiveStore(await newFile(context));
  context.defer(async () => await store.release?.());
  return store;
});

const test = suite("store/oci-archive", { deadlineMs: 120_000 });

const place = (store: Store, name: string) => ({ store, name, label: name });

test("an archive holds what was put once it has a name, and leaves nothing beside it", async (context) => {
  const file = await newFile(context);
  const from = createMemoryStore();
  const root = await putTarImage(from, ["one", "two"]);
  await deliver(root, from, place(createOciArchiveStore(file), "py"));
  assert.equal(await readdir(join(file, "..")), ["x.tar"]);
  const store = createOciArchiveStore(file);
  assert.equal(await store.resolve("py"), { ...root, annotations: { "org.opencontainers.image.ref.name": "py" } });
  assert.is((await verifyImage(store, root)).layers, 2);
});

test("the same image gives the same bytes, from wherever and however many at once", async (context) => {
  const folder = await tempFolder(context);
  const [memory, layout] = [createMemoryStore(), createLayoutStore(join(folder, "layout"))];
  const root = await putTarImage(memory, ["one", "two", "three", "four", "five"]);
  await copy(root, memory, layout);
  const digests = [];
  for (const [at, [from, jobs]] of (
    [
      [memory, 1],
      [layout, 4],
      [memory, 3],
    ] as const
  ).entries()) {
    const file = join(folder, `${at}.tar`);
    await deliver(root, from, place(createOciArchiveStore(file), "x"), { jobs });
    digests.push(digestOf(await readFile(file)));
  }
  assert.equal(digests, Array(3).fill(digests[0]));
});

test("an archive grows by images, and keeps what names lead to alone", async (context) => {
  const file = await newFile(context);
  const from = createMemoryStore();
  const [one, two] = [await putTarImage(from, ["both", "one"]), await putTarImage(from, ["both", "two"])];
  await deliver(one, from, place(createOciArchiveStore(file), "one"));
  const first = await stat(file);
  const { bytes } = await deliver(two, from, place(createOciArchiveStore(file), "two"));
  assert.ok(bytes.skipped > 0, "the layer that both have was there");
  const store = createOciArchiveStore(file);
  for (const root of [one, two]) await verifyImage(store, root);
  await store.untag(["two"]);
  assert.is((await stat(file)).size, first.size);
  assert.not.ok(await store.has(two));
  await deliver(two, from, place(createOciArchiveStore(file), "one"));
  assert.equal(
    (await createOciArchiveStore(file).tags()).map(({ name }) => name),
    ["one"],
  );
  assert.not.ok(await createOciArchiveStore(file).has(one));
});

test("a name that means the image already leaves the file alone", async (context) => {
  const file = await newFile(context);
  const from = createMemoryStore();
  const root = await putTarImage(from, ["one"]);
  await deliver(root, from, place(createOciArchiveStore(file), "one"));
  const before = await stat(file);
  await deliver(root, from, place(createOciArchiveStore(file), "one"));
  assert.is((await stat(file)).ino, before.ino);
});

test("eight writers at once, eight names", async (context) => {
  const file = await newFile(context);
  const from = createMemoryStore();
  const roots = [];
  for (let at = 0; at < 8; at++) roots.push(await putTarImage(from, ["all", `own ${at}`]));
  await Promise.all(roots.map((root, at) => deliver(root, from, place(createOciArchiveStore(file), `n${at}`))));
  const store = createOciArchiveStore(file);
  for (const [at, root] of roots.entries()) {
    assert.is((await store.resolve(`n${at}`)).digest, root.digest);
    await verifyImage(store, root);
  }
  assert.equal(await readdir(join(file, "..")), ["x.tar"]);
});

test("a writing that fails leaves the archive and its folder as they were", async (context) => {
  const file = await newFile(context);
  const from = createMemoryStore();
  const good = await putTarImage(from, ["good"]);
  await deliver(good, from, place(createOciArchiveStore(file), "good"));
  const before = await readFile(file);
  const bad = await putTarImage(from, ["bad", "worse"]);
  const open: Store["open"] = (descriptor, io) =>
    descriptor.mediaType === MEDIA_TYPE.layer ? fromBytes("something else") : from.open(descriptor, io);
  await rejects(deliver(bad, { ...from, open }, place(createOciArchiveStore(file), "bad")), "DIGEST_MISMATCH");
  assert.equal(await readdir(join(file, "..")), ["x.tar"]);
  assert.equal(await readFile(file), before);
});

test("content that fails part-way leaves no hole", async (context) => {
  const file = await newFile(context);
  const store = createOciArchiveStore(file);
  const size = 3000;
  const promise = (text: string) => ({ digest: digestOf(text.repeat(size)), size });
  async function* slow(text: string, fails: boolean) {
    yield Buffer.from(text.repeat(1000));
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (fails) throw new Error("the source broke");
    yield Buffer.from(text.repeat(2000));
  }
  const puts = await Promise.allSettled([
    store.put("text/plain", slow("a", true), promise("a")),
    store.put("text/plain", slow("b", false), promise("b")),
  ]);
  assert.equal(
    puts.map(({ status }) => status),
    ["rejected", "fulfilled"],
  );
  const descriptor = { mediaType: "text/plain", ...promise("b") };
  await store.tag([{ name: "b", descriptor }]);
  const again = createOciArchiveStore(file);
  assert.is((await collect(again.open(descriptor), 10_000)).toString(), "b".repeat(size));
  assert.not.ok((await readFile(file)).includes("a".repeat(600)));
});

test("a name for half an image is refused", async (context) => {
  const file = await newFile(context);
  const from = createMemoryStore();
  const root = await putTarImage(from, ["one", "two"]);
  const store = createOciArchiveStore(file);
  context.defer(async () => await store.release?.());
  await store.put(root.mediaType, from.open(root));
  const error = await rejects(store.tag([{ name: "half", descriptor: root }]), "NOT_FOUND");
  assert.is(error.detail.what, "blob");
  assert.equal(await store.tags(), []);
});

test("a compressed archive is known by its content, read, and not written to", async (context) => {
  const file = await newFile(context);
  const from = createMemoryStore();
  const root = await putTarImage(from, ["one", "two", "three"], 3_000_000);
  await deliver(root, from, place(createOciArchiveStore(file), "x"));
  const packed = join(file, "../packed");
  await writeFile(packed, gzipSync(await readFile(file)));
  const store = createOciArchiveStore(packed);
  assert.is((await verifyImage(store, root)).layers, 3);
  const to = createMemoryStore();
  await copy(root, store, to);
  await verifyImage(to, root);
  const error = await rejects(deliver(await putTarImage(from, ["four"]), from, place(store, "y")), "UNSUPPORTED");
  assert.match(error.message, /decompress it, or name another file/);
});

test("an archive that is replaced between two questions is read anew; one that is replaced while it is read is not mixed", async (context) => {
  const file = await newFile(context);
  const from = createMemoryStore();
  const [one, two] = [await putTarImage(from, ["one"], 2_000_000), await putTarImage(from, ["two"])];
  await deliver(one, from, place(createOciArchiveStore(file), "x"));
  await deliver(two, from, place(createOciArchiveStore(`${file}.new`), "x"));
  const store = createOciArchiveStore(file);
  assert.is((await store.resolve("x")).digest, one.digest);
  await rename(`${file}.new`, file);
  assert.is((await store.resolve("x")).digest, two.digest);
  await rejects(collect(store.open(one), 1 << 24), "NOT_FOUND");
});

test("what is no archive is neither read nor written over", async (context) => {
  const folder = await tempFolder(context);
  const from = createMemoryStore();
  const root = await putTarImage(from, ["one"]);
  await writeFile(join(folder, "notes.txt"), "my notes\n".repeat(100));
  await mkdir(join(folder, "folder"));
  await writeFile(join(folder, "empty"), "");
  for (const name of ["notes.txt", "folder", "/dev/null"]) {
    const store = createOciArchiveStore(name.startsWith("/") ? name : join(folder, name));
    await rejects(store.resolve("x"), "FORMAT");
    await rejects(deliver(root, from, place(store, "x")), "FORMAT");
  }
  assert.is((await readFile(join(folder, "notes.txt"), "utf8")).slice(0, 8), "my notes");
  await deliver(root, from, place(createOciArchiveStore(join(folder, "empty")), "x"));
  await symlink("empty", join(folder, "link"));
  await deliver(root, from, place(createOciArchiveStore(join(folder, "link")), "y"));
  assert.is((await createOciArchiveStore(join(folder, "empty")).tags()).length, 2);
  await rejects(createOciArchiveStore(join(folder, "none")).resolve("x"), "NOT_FOUND");
});

test.needs(missing("skopeo", "tar"), "skopeo and tar read it, and lading reads skopeo's", async (context) => {
  const folder = await tempFolder(context);
  const file = join(folder, "x.tar");
  const from = createMemoryStore();
  const root = await putTarImage(from, ["one", "two"]);
  await deliver(root, from, place(createOciArchiveStore(file), "py"));
  const skopeo = (...args: string[]) => output("skopeo", ["--insecure-policy", ...args]);
  assert.is(JSON.parse(await skopeo("inspect", `oci-archive:${file}:py`)).Digest, root.digest);
  await skopeo(
    "copy",
    "-q",
    "--preserve-digests",
    `oci-archive:${file}:py`,
    `oci-archive:${join(folder, "back.tar")}:z`,
  );
  const back = createOciArchiveStore(join(folder, "back.tar"));
  assert.is((await back.resolve("z")).digest, root.digest);
  await verifyImage(back, root);
  await deliver(await putTarImage(from, ["three"]), from, place(back, "w"));
  assert.equal(
    (await back.tags()).map(({ name }) => name),
    ["w", "z"],
  );
  assert.match(await output("tar", ["tf", file]), /^blobs\/\nblobs\/sha256\/\nblobs\/sha256\/[0-9a-f]{64}\n/);
});

test.run();
