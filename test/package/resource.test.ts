import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { readFileList } from "../../src/package/file-list.js";
import type { ResourceClaims } from "../../src/package/package.js";
import { type ResourceOptions, storeResource } from "../../src/package/resource.js";
import { createMemoryStore } from "../../src/store/memory.js";
import type { Store } from "../../src/store/store.js";
import { collect } from "../../src/stream/bytes.js";
import { corpus, pieces, type Trace } from "../stream/pieces.js";
import { archive, directory, file, hardlink, member, pax, record, symlink } from "../support/hostile-tar.js";
import { missing } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { createPlace, tarGzWith, tarWith } from "./files.js";

const test = suite("package/resource");

const LIMIT = 1 << 26;

/** Bytes as a resource, whose chunks are of odd sizes and do not stay. */
function resourceOf(bytes: Uint8Array, claims: ResourceClaims = {}, trace?: Trace) {
  return { what: '"a"', claims, open: () => pieces(bytes, [1000, 7, 60_000], trace) };
}

const storeBytes = (store: Store, bytes: Uint8Array, options?: ResourceOptions) =>
  storeResource(store, resourceOf(bytes), options);

const read = (store: Store, descriptor: Parameters<Store["open"]>[0]) => collect(store.open(descriptor), LIMIT);

/** Packed by the program of that name. */
const packed = (program: string, bytes: Uint8Array) =>
  execFileSync(program, ["-c"], { input: bytes, maxBuffer: LIMIT, stdio: ["pipe", "pipe", "ignore"] });

const big = archive(directory("srv/"), file("srv/big", corpus(1_500_000).toString("latin1")), symlink("srv/l", "big"));

test("a clean gzip tar is kept byte for byte", async () => {
  const tar = tarWith("hello");
  const several = Buffer.concat([gzipSync(big.subarray(0, 700_001)), gzipSync(big.subarray(700_001))]);
  for (const [bytes, plain] of [
    [gzipSync(tar, { level: 1 }), tar],
    [gzipSync(big), big],
    [several, big],
  ] as const) {
    const store = createMemoryStore();
    const { layer, warnings } = await storeBytes(store, bytes);
    assert.equal(layer.descriptor, { mediaType: MEDIA_TYPE.layerGzip, digest: digestOf(bytes), size: bytes.length });
    assert.is(layer.diffId, digestOf(plain));
    assert.is(layer.uncompressedSize, plain.length);
    assert.equal([layer.normalized, warnings], [[], []]);
    assert.ok((await read(store, layer.descriptor)).equals(bytes));
  }
});

test("the list of files tells path, kind, mode, owner, size, and digest or target", async () => {
  const store = createMemoryStore();
  const tar = archive(directory("d/"), member({ name: "d/b", mode: 0o4755, uid: 7 }, "b"), hardlink("d/a", "d/b"));
  const { layer } = await storeBytes(store, gzipSync(tar));
  assert.is(layer.entries, 3);
  const common = { uid: 0, gid: 0 };
  assert.equal(await readFileList(store, layer.files), [
    { ...common, path: "d", type: "directory", mode: 0o755 },
    { ...common, path: "d/b", type: "file", mode: 0o4755, uid: 7, size: 1, digest: digestOf("b") },
    { ...common, path: "d/a", type: "hardlink", mode: 0o644, target: "d/b" },
  ]);
});

test("an uncompressed tar is compressed, the same each time", async () => {
  const digests = new Set<string>();
  for (let count = 0; count < 2; count++) {
    const store = createMemoryStore();
    const { layer } = await storeBytes(store, big);
    assert.is(layer.descriptor.mediaType, MEDIA_TYPE.layerGzip);
    assert.is(layer.diffId, digestOf(big));
    assert.equal(layer.normalized, ["it is not compressed: gzip is wanted"]);
    assert.ok(gunzipSync(await read(store, layer.descriptor)).equals(big));
    digests.add(layer.descriptor.digest);
  }
  assert.is(digests.size, 1);
});

for (const [program, reason] of [
  ["xz", "it is compressed with xz: gzip is wanted"],
  ["bzip2", "it is compressed with bzip2: gzip is wanted"],
  ["zstd", "it is compressed with zstd: gzip is wanted"],
] as const) {
  test.needs(missing(program), `a tar packed by ${program} is compressed anew`, async () => {
    const store = createMemoryStore();
    const { layer } = await storeBytes(store, packed(program, big));
    assert.is(layer.diffId, digestOf(big));
    assert.equal(layer.normalized, [reason]);
    assert.ok(gunzipSync(await read(store, layer.descriptor)).equals(big));
    const plain = await storeBytes(createMemoryStore(), big);
    assert.equal(plain.layer.descriptor, layer.descriptor);
  });
}

test("what is wanted compressed otherwise is kept where it is so already, or gzip", async () => {
  const tar = tarWith("hello");
  const store = createMemoryStore();
  const none = await storeBytes(store, tar, { compression: { type: "none" } });
  assert.equal(none.layer.descriptor, { mediaType: MEDIA_TYPE.layer, digest: digestOf(tar), size: tar.length });
  assert.equal(none.layer.normalized, []);
  const gzip = await storeBytes(store, gzipSync(tar), { compression: { type: "zstd" } });
  assert.is(gzip.layer.descriptor.mediaType, MEDIA_TYPE.layerGzip);
  const zstd = await storeBytes(store, tar, { compression: { type: "zstd" } });
  assert.is(zstd.layer.descriptor.mediaType, MEDIA_TYPE.layerZstd);
  const again = await storeBytes(store, await read(store, zstd.layer.descriptor), { compression: { type: "zstd" } });
  assert.equal(again.layer.descriptor, zstd.layer.descriptor);
  assert.equal(again.layer.normalized, []);
});

const UNCLEAN: readonly (readonly [string, Buffer, RegExp])[] = [
  ["a path twice", archive(file("a", "1"), file("b", "2"), file("a", "3")), /^a path is there twice/],
  [
    "a global header",
    archive(pax(record("comment", "x"), "g"), file("a", "1")),
    /^the archive has global pax headers$/,
  ],
  ["no end", Buffer.concat([file("a", "1")]), /^the archive lacks its two closing blocks$/],
  ["something after the end", Buffer.concat([archive(file("a", "1")), Buffer.alloc(512, 1)]), /^something follows/],
  ["an absolute name", archive(file("/a", "1")), /^a name begins with a slash/],
  ["a large owner", archive(member({ name: "a", uid: 70_000 }, "1")), /^an owner is not between/],
];

for (const [what, tar, reason] of UNCLEAN) {
  test(`a tar with ${what} is rewritten once, says why, and is clean then`, async (context) => {
    const { store, list } = await createPlace(context);
    const { layer } = await storeBytes(store, gzipSync(tar));
    assert.is(layer.normalized.length, 1);
    assert.match(layer.normalized[0] ?? "", reason);
    const before = await list();
    assert.is(before.filter((line) => line.includes("sha256:")).length, 4, "layer, list, own, oci-layout");
    const again = await storeBytes(store, await read(store, layer.descriptor));
    assert.equal(again.layer, { ...layer, normalized: [] });
    assert.equal(await list(), before);
  });
}

test("the rewritten list of files is that of the rewritten layer", async () => {
  const store = createMemoryStore();
  const { layer } = await storeBytes(store, gzipSync(archive(file("a", "1"), file("b", "2"), file("a", "3"))));
  const files = await readFileList(store, layer.files);
  assert.equal(
    files.map(({ path, digest }) => [path, digest]),
    [
      ["b", digestOf("2")],
      ["a", digestOf("3")],
    ],
  );
  assert.is(layer.entries, 2);
});

test("bytes after the last gzip member are taken away, and the layer says so", async () => {
  for (const after of [Buffer.alloc(1000), Buffer.from("signature")]) {
    const store = createMemoryStore();
    const { layer } = await storeBytes(store, Buffer.concat([tarGzWith("x"), after]));
    assert.equal(layer.normalized, ["it has bytes after its last gzip member"]);
    assert.ok(gunzipSync(await read(store, layer.descriptor)).length > 0);
  }
});

const hash = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest("hex");

test("claims hold of the stored bytes, whatever becomes of them", async () => {
  for (const bytes of [tarGzWith("x"), tarWith("x"), gzipSync(UNCLEAN[0]?.[1] ?? tarWith(""))]) {
    const claims = {
      sha1: hash("sha1", bytes),
      sha256: hash("sha256", bytes),
      sha512: hash("sha512", bytes),
      length: bytes.length,
    };
    await storeResource(createMemoryStore(), resourceOf(bytes, claims));
  }
});

test("a claim that does not hold leaves the store as it was", async (context) => {
  const { store, list } = await createPlace(context);
  await storeBytes(store, tarGzWith("before"));
  const before = await list();
  const wrong: readonly (readonly [string, ResourceClaims])[] = [
    ["sha1", { sha1: hash("sha1", Buffer.from("other")) }],
    ["sha256", { sha256: hash("sha256", Buffer.from("other")) }],
    ["sha512", { sha512: hash("sha512", Buffer.from("other")) }],
    ["length", { length: 1 }],
  ];
  for (const bytes of [tarGzWith("x"), tarWith("x"), gzipSync(UNCLEAN[0]?.[1] ?? tarWith(""))]) {
    for (const [claim, claims] of wrong) {
      const error = await rejects(storeResource(store, resourceOf(bytes, claims)), "DIGEST_MISMATCH");
      assert.match(error.message, new RegExp(`^Cannot accept "a": its ${claim} is .*, its document claims `));
      assert.equal(await list(), before);
    }
  }
});

const good = tarGzWith("x".repeat(5000));
const BROKEN: readonly (readonly [string, Uint8Array, "CORRUPT" | "UNSAFE_ENTRY" | "FORMAT"])[] = [
  ["cut short", good.subarray(0, good.length - 9), "CORRUPT"],
  ["flipped", Buffer.from(good).fill(0xff, good.length - 7, good.length - 5), "CORRUPT"],
  ["a tar cut short", big.subarray(0, 1_000_000), "CORRUPT"],
  ["a tar.gz of a tar cut short", gzipSync(big.subarray(0, 1_000_000)), "CORRUPT"],
  ["gzip of something else", gzipSync("hello"), "FORMAT"],
  ["something else", Buffer.from("hello"), "FORMAT"],
  ["nothing", Buffer.alloc(0), "FORMAT"],
  ["a path out of the root", gzipSync(archive(file("../x", "x"))), "UNSAFE_ENTRY"],
  ["a path out of the root, uncompressed", archive(file("../x", "x")), "UNSAFE_ENTRY"],
  ["a device", gzipSync(archive(member({ name: "null", typeflag: "3" }))), "UNSAFE_ENTRY"],
];

for (const [what, bytes, code] of BROKEN) {
  test(`a resource that is ${what} leaves the store as it was`, async (context) => {
    const { store, list } = await createPlace(context);
    await storeBytes(store, tarGzWith("before"));
    const before = await list();
    const trace = { closed: false, pulled: 0 };
    await rejects(storeResource(store, resourceOf(bytes, {}, trace)), code);
    assert.ok(trace.closed, "the source is closed");
    assert.equal(await list(), before);
  });
}

test("a bomb is refused, and the store is as it was", async (context) => {
  const { store, list } = await createPlace(context);
  await storeBytes(store, tarGzWith("before"));
  const before = await list();
  const zeros = gzipSync(archive(member({ name: "zeros", size: 40_000_000 }), Buffer.alloc(40_000_256)));
  assert.is((await rejects(storeBytes(store, zeros), "TOO_LARGE")).detail.what, "maxRatio");
  await rejects(storeBytes(store, tarGzWith("x"), { limits: { maxBytes: 100 } }), "TOO_LARGE");
  assert.equal(await list(), before);
  await storeBytes(store, zeros, { limits: { maxRatio: 5000 } });
});

/** A store that breaks before it reads anything, after a chunk, or at the end. */
function breakingStore(after: number): Store {
  return {
    ...createMemoryStore(),
    async put(_mediaType, content) {
      let count = 0;
      if (after > 0) for await (const _chunk of content) if (++count >= after) break;
      throw new Error("the disk broke");
    },
  };
}

test("a store that breaks ends the reading at once, with its own error", async () => {
  const bytes = gzipSync(big, { level: 1 });
  for (const [after, most] of [
    [0, 130_000],
    [1, 130_000],
    [4, 250_000],
    [1_000_000, bytes.length],
  ] as const) {
    const trace = { closed: false, pulled: 0 };
    const error = await storeResource(breakingStore(after), resourceOf(bytes, {}, trace)).catch(
      (caught: Error) => caught,
    );
    assert.is((error as Error).message, "the disk broke", `after ${after}`);
    assert.ok(trace.closed && trace.pulled <= most, `after ${after}: ${trace.pulled}`);
  }
  const error = await storeBytes(breakingStore(0), big).catch((caught: Error) => caught);
  assert.is((error as Error).message, "the disk broke");
});

test("a source that breaks gives its own error, and leaves the store as it was", async (context) => {
  const { store, list } = await createPlace(context);
  await storeBytes(store, tarGzWith("before"));
  const before = await list();
  for (const bytes of [gzipSync(big, { level: 1 }), big]) {
    async function* open() {
      yield* pieces(bytes.subarray(0, 200_000));
      throw new Error("the cable broke");
    }
    const error = await storeResource(store, { what: "a", claims: {}, open }).catch((caught: Error) => caught);
    assert.is((error as Error).message, "the cable broke");
    assert.equal(await list(), before);
  }
});

test("a signal stops it", async (context) => {
  const { store, list } = await createPlace(context);
  await storeBytes(store, tarGzWith("before"));
  const before = await list();
  for (const bytes of [gzipSync(big, { level: 1 }), big]) {
    const controller = new AbortController();
    async function* open() {
      yield* pieces(bytes.subarray(0, 100_000));
      controller.abort();
      yield* pieces(bytes.subarray(100_000));
    }
    const { signal } = controller;
    const error = await storeResource(store, { what: "a", claims: {}, open }, { signal }).catch((e: Error) => e);
    assert.is((error as Error).name, "AbortError");
    assert.equal(await list(), before);
  }
});

test("checksums of single files are held against them", async () => {
  const md5 = (text: string) => createHash("md5").update(text).digest("hex");
  const bytes = tarGzWith("x");
  const storeWith = (checksum: string) => {
    const fileChecksums = new Map([["srv/data", checksum]]);
    return storeResource(createMemoryStore(), { ...resourceOf(bytes), fileChecksums });
  };
  await storeWith(md5("x"));
  const error = await rejects(storeWith(md5("y")), "DIGEST_MISMATCH");
  assert.equal(error.detail, { what: "srv/data", expected: md5("y"), actual: md5("x") });
});

/** Paths, modes and owners of a layer as it was stored, and what was said of it. */
async function transformed(bytes: Uint8Array, options: ResourceOptions, claims: ResourceClaims = {}) {
  const store = createMemoryStore();
  const { layer } = await storeResource(store, resourceOf(bytes, claims), options);
  const files = await readFileList(store, layer.files);
  const lines = files.map(({ path, mode, uid, target }) => [path, mode.toString(8), uid, target].join(" ").trim());
  return { layer, lines, bytes: await read(store, layer.descriptor) };
}

const APP = archive(
  directory("bin/"),
  member({ name: "bin/app", mode: 0o4750, uid: 70_000 }, "app"),
  hardlink("bin/link", "bin/app"),
  file("doc", "d"),
);

test("a resource is moved, chosen from and flattened in one rewrite, and says so", async () => {
  const transform = { at: "/opt/app", include: ["bin"], exclude: ["app"], singleId: true };
  const sha256 = createHash("sha256").update(gzipSync(APP)).digest("hex");
  const { layer, lines, bytes } = await transformed(gzipSync(APP), { transform }, { sha256 });
  assert.equal(lines, ["opt 755 0", "opt/app 755 0", "opt/app/bin 755 0", "opt/app/bin/link 755 0"]);
  assert.equal(layer.normalized, [
    'an owner is not between 0 and 65535: "bin/app"',
    'its files go below "/opt/app"',
    "2 of its entries are left out",
    "its owners and permissions are flattened",
  ]);
  assert.is(layer.diffId, digestOf(gunzipSync(bytes)));
  assert.is(layer.descriptor.digest, "sha256:536a66033440d2c59ef88b0ff8ea93561720f80b02d3e35e2cc276f82a11b62d");
  assert.equal((await transformed(APP, { transform })).layer.descriptor, layer.descriptor);
});

test("what comes twice is gone before a transform is planned", async () => {
  const tar = archive(file("a", "1"), file("b", "2"), file("a", "3"));
  const { lines } = await transformed(gzipSync(tar), { transform: { at: "x" } });
  assert.equal(lines, ["x 755 0", "x/b 644 0", "x/a 644 0"]);
});

test("a transform that changes nothing leaves the bytes alone", async () => {
  const bytes = gzipSync(tarWith("hello"));
  const { layer } = await transformed(bytes, { transform: { at: "/", include: [], singleId: false } });
  assert.equal([layer.descriptor.digest, layer.normalized], [digestOf(bytes), []]);
});

test("claims are of the bytes as they are, transformed or not", async () => {
  const claims = { sha256: "0".repeat(64) };
  await rejects(transformed(APP, { transform: { at: "x" } }, claims), "DIGEST_MISMATCH");
  await rejects(transformed(archive(file("../a", "1")), { transform: { at: "x/y" } }), "UNSAFE_ENTRY");
  await rejects(transformed(APP, { transform: { include: ["nothing"] } }), "NOT_FOUND");
});

for (const type of ["estargz", "zstd:chunked"] as const) {
  test(`what has to be made may be ${type}, an unclean archive too`, async () => {
    const twice = archive(file("a", "1"), file("b", "2"), file("a", "3"));
    for (const tar of [big, twice, archive(pax(record("comment", "x"), "g"), file("a", "1"))]) {
      const { layer } = await transformed(tar, { compression: { type } });
      assert.ok(layer.descriptor.annotations !== undefined);
      const { layer: again } = await transformed(tar, { compression: { type } });
      assert.equal(again, layer);
    }
    const { layer } = await transformed(gzipSync(big), { compression: { type } });
    assert.is(layer.descriptor.digest, digestOf(gzipSync(big)));
    const odd = transformed(archive(file("\xff", "1")), { compression: { type } });
    assert.match((await rejects(odd, "UNSAFE_ENTRY")).message, /not UTF-8/);
    const claims = { sha256: "0".repeat(64) };
    await rejects(transformed(twice, { compression: { type } }, claims), "DIGEST_MISMATCH");
  });
}

test.run();
