import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { openBase } from "../../src/image/base.js";
import { type BuildImageOptions, buildImage } from "../../src/image/build-image.js";
import type { Content } from "../../src/image/content.js";
import { missingRootFiles, toListedFile } from "../../src/image/root-files.js";
import { MAX_LAYERS } from "../../src/image/stack-layers.js";
import { createTree } from "../../src/image/tree.js";
import { verifyImage } from "../../src/image/verify.js";
import type { Descriptor } from "../../src/oci/descriptor.js";
import { createMemoryCache } from "../../src/store/cache.js";
import { copy } from "../../src/store/copy.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { createMemoryStore } from "../../src/store/memory.js";
import type { Store } from "../../src/store/store.js";
import type { WriteEntry } from "../../src/tar/entry.js";
import { missing } from "../support/programs.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import {
  AMD64,
  addPackage,
  addTarball,
  contentOf,
  directory,
  file,
  hardlink,
  listedFiles,
  NO_SETTINGS,
  symlink,
} from "./make.js";
import { listKinds, listTreeKinds, namesOf, unpack } from "./unpack.js";

const test = suite("image/build-image");

const OS = [directory("usr"), directory("usr/bin"), file("usr/bin/sh", "sh", 0o755), symlink("bin", "usr/bin")];
/** Digests that no machine, Node or day may change. */
const GOLDEN = {
  os: "sha256:5d8836ba5778548715c0809d6db7ff96c81cacc64c01f41c8ee8cbc62be9df70",
  variant: "sha256:3b3eb4d45a691207d39c92d9f1845796657ac1b7cbb843e7897520b704632f14",
  root: "sha256:571e4e54892e5e60a76efe6a4cb5838a97493f205911cac83d5f91df1d7480f7",
  image: "sha256:656ccd2b68efb172a8fb31c3d333e34675b78525ec2b25393dc999e7e461e618",
};
const TOOL = [directory("bin"), file("bin/foo", "foo", 0o755), hardlink("bin/foo2", "bin/foo")];

function buildOf(store: Store, contents: readonly Content[], options: BuildImageOptions = {}) {
  const input = { platform: AMD64, contents, files: [], folder: ".", settings: NO_SETTINGS };
  return buildImage(store, input, options);
}

async function osAndTool(store: Store): Promise<readonly Content[]> {
  const packages = [await addPackage(store, "os", OS), await addPackage(store, "tool", TOOL)];
  return packages.map(contentOf);
}

/** A store that counts the bytes of each blob that is opened. */
function counting(store: Store) {
  const opened = new Map<string, number>();
  const open: Store["open"] = (descriptor, options) => {
    opened.set(descriptor.digest, (opened.get(descriptor.digest) ?? 0) + 1);
    return store.open(descriptor, options);
  };
  return { opened, store: { ...store, open } };
}

test("a layer that leads through a lower symlink becomes a variant, the same everywhere", async () => {
  const store = createMemoryStore();
  const [os, tool] = await osAndTool(store);
  assert.ok(os?.kind === "package" && tool?.kind === "package");
  const { descriptor, layers } = await buildOf(store, [os, tool]);
  assert.equal(
    layers.map(({ createdBy }) => createdBy),
    ["lading: package::/::os", "lading: package::/::tool", "lading: root file system"],
  );
  assert.is(layers[0]?.descriptor.digest, os.package.layer.descriptor.digest);
  assert.is.not(layers[1]?.descriptor.digest, tool.package.layer.descriptor.digest);
  assert.equal(
    layers.map((layer) => layer.descriptor.digest),
    [GOLDEN.os, GOLDEN.variant, GOLDEN.root],
  );
  assert.is(descriptor.digest, GOLDEN.image);
  assert.is((await verifyImage(store, descriptor)).layers, 3);
});

test("without a symlink below, a package's layer is the stored one", async () => {
  const store = createMemoryStore();
  const [, tool] = await osAndTool(store);
  assert.ok(tool?.kind === "package");
  const { layers } = await buildOf(store, [tool]);
  assert.equal(layers[0]?.descriptor, tool.package.layer.descriptor);
});

test("a variant is made once, and again when its blob is gone", async () => {
  const { store, opened } = counting(createMemoryStore());
  const contents = await osAndTool(store);
  const [, tool] = contents;
  assert.ok(tool?.kind === "package");
  const { digest } = tool.package.layer.descriptor;
  const cache = createMemoryCache();
  let bytes = 0;
  const onPackageBytes = (count: number) => {
    bytes += count;
  };
  const first = await buildOf(store, contents, { cache, onPackageBytes });
  assert.ok(bytes > 0);
  const count = opened.get(digest);
  bytes = 0;
  const second = await buildOf(store, contents, { cache, onPackageBytes });
  assert.equal([second.descriptor, opened.get(digest), bytes], [first.descriptor, count, 0]);
  const variant = first.layers[1]?.descriptor.digest;
  let isGone = true;
  const without: Store = {
    ...store,
    has: async (each, options) => !(isGone && each.digest === variant) && store.has(each, options),
    put: (...content) => {
      isGone = false;
      return store.put(...content);
    },
  };
  assert.equal((await buildOf(without, contents, { cache })).descriptor, first.descriptor);
  assert.ok((opened.get(digest) ?? 0) > (count ?? 0));
  const nonsense = { get: async () => ({ layers: 3, descriptor: "x" }), set: async () => {} };
  assert.equal((await buildOf(store, contents, { cache: nonsense })).descriptor, first.descriptor);
});

test.needs(
  missing("umoci"),
  "the unpacked image has the files behind the symlink, and the symlink",
  async (context) => {
    const folder = await tempFolder(context);
    const store = createLayoutStore(join(folder, "layout"));
    const { descriptor } = await buildOf(store, await osAndTool(store));
    await store.tag([{ name: "t", descriptor }]);
    const kinds = await listKinds(await unpack(join(folder, "layout"), "t", folder));
    for (const line of ["symlink bin -> usr/bin", "file usr/bin/foo", "file usr/bin/foo2", "file usr/bin/sh"]) {
      assert.ok(kinds.includes(line), `${line} in ${kinds.join(", ")}`);
    }
  },
);

test("two paths that become one keep the later", async () => {
  const store = createMemoryStore();
  const twice = [directory("bin"), file("bin/x", "1"), directory("usr"), directory("usr/bin"), file("usr/bin/x", "2")];
  const contents = [await addPackage(store, "os", OS), await addPackage(store, "twice", twice)].map(contentOf);
  const { layers } = await buildOf(store, contents);
  const clean = await addPackage(store, "clean", [directory("usr"), directory("usr/bin"), file("usr/bin/x", "2")]);
  assert.is(layers[1]?.descriptor.digest, clean.layer.descriptor.digest);
});

async function warningsOf(store: Store, contents: readonly Content[]): Promise<readonly string[]> {
  const warnings: string[] = [];
  await buildOf(store, contents, { onWarning: ({ code, message }) => warnings.push(`${code} ${message}`) });
  return warnings;
}

test("what later packages replace is reported in one line for each pair", async () => {
  const store = createMemoryStore();
  const names = ["a", "b\u001b", "c", "d", "e"];
  const files = (content: string) => names.map((name) => file(name, content));
  const one = contentOf(await addPackage(store, "one", files("1")));
  const two = contentOf(await addPackage(store, "two", files("2")));
  const three = await addTarball(store, "three.tar", [file("a", "2"), file("e", "3")]);
  assert.equal(await warningsOf(store, [one, two, three]), [
    "REPLACED two replaces /a, /b\\u{1b}, /c and 2 more of one",
    "REPLACED three.tar replaces /e of two",
  ]);
});

test("a layer that comes twice stays where it comes last", async () => {
  const store = createMemoryStore();
  const shared = await addPackage(store, "shared", [file("a", "1")]);
  const other = contentOf(await addPackage(store, "other", [file("a", "2")]));
  const tarball: Content = { kind: "tarball", name: "again.tar", layer: shared.layer };
  const { layers, config } = await buildOf(store, [contentOf(shared), other, tarball]);
  assert.equal(
    layers.map(({ createdBy }) => createdBy),
    ["lading: package::/::other", "lading: again.tar", "lading: root file system"],
  );
  assert.is(config.history?.length, 3);
  assert.equal(await warningsOf(store, [contentOf(shared), other, tarball]), [
    "REPLACED again.tar replaces /a of other",
  ]);
});

test("a path below a file of another package is refused by the name of the package", async () => {
  const store = createMemoryStore();
  const contents = [
    contentOf(await addPackage(store, "one", [file("etc")])),
    contentOf(await addPackage(store, "two", [file("etc/x")])),
  ];
  const { message } = await rejects(buildOf(store, contents), "UNSAFE_ENTRY");
  assert.match(message, /^Cannot add two to the image: cannot place "etc\/x": "etc" is a file/);
});

test("a layer that the store has lost is missed before there is an image", async () => {
  const store = createMemoryStore();
  const content = await addPackage(store, "tool", [file("a")]);
  const lost = { ...store, has: async ({ digest }: Descriptor) => digest !== content.layer.descriptor.digest };
  const { message } = await rejects(buildOf(lost, [contentOf(content)]), "NOT_FOUND");
  assert.match(message, /^Cannot build with "lading: package::\/::tool": its layer sha256:.* import it again$/);
});

/** That many tarballs of a file each, and one that all of them have. */
async function addMany(store: Store, count: number, changed = -1): Promise<readonly Content[]> {
  const contents: Content[] = [];
  for (let at = 0; at < count; at++) {
    const own = file(`f${at}`, at === changed ? "changed" : `${at}`);
    contents.push(await addTarball(store, `${at}.tar`, [own, file("last", `${at}`)]));
  }
  return contents;
}

test("packages share layers only where there are more than runtimes stack", async () => {
  const store = createMemoryStore();
  const contents = await addMany(store, MAX_LAYERS - 1);
  const { layers } = await buildOf(store, contents);
  assert.equal(
    layers.slice(0, -1).map(({ descriptor }) => descriptor.digest),
    contents.map((content) => content.kind === "tarball" && content.layer.descriptor.digest),
  );
  assert.is(layers.length, MAX_LAYERS);
});

test("300 packages make at most 127 layers, and one that changes changes one of them and its own", async () => {
  const store = createMemoryStore();
  const first = await buildOf(store, await addMany(store, 300));
  assert.ok(first.layers.length <= MAX_LAYERS && first.layers.length > MAX_LAYERS / 3, `${first.layers.length} layers`);
  assert.is((await verifyImage(store, first.descriptor)).layers, first.layers.length);
  const before = new Set(first.layers.map(({ descriptor }) => descriptor.digest));
  const second = await buildOf(store, await addMany(store, 300, 100));
  const changed = second.layers.filter(({ descriptor }) => !before.has(descriptor.digest));
  assert.is(changed.length, 1);
  assert.match(changed[0]?.createdBy ?? "", /\b100\.tar\b/);
});

test.needs(missing("umoci"), "what packages share a layer is what they are one on the other", async (context) => {
  const folder = await tempFolder(context);
  const store = createLayoutStore(join(folder, "layout"));
  const { descriptor } = await buildOf(store, await addMany(store, 20), { maxLayers: 5 });
  await store.tag([{ name: "t", descriptor }]);
  const root = await unpack(join(folder, "layout"), "t", folder);
  assert.is(await readFile(join(root, "last"), "utf8"), "19");
  for (let at = 0; at < 20; at++) assert.is(await readFile(join(root, `f${at}`), "utf8"), `${at}`);
});

test("where lading's own layers leave no room, the build is refused", async () => {
  const store = createMemoryStore();
  const contents = await addMany(store, 2);
  const { detail } = await rejects(buildOf(store, contents, { maxLayers: 1 }), "TOO_LARGE");
  assert.equal(detail, { what: "count of layers", limit: 1, actual: 2 });
  assert.is((await buildOf(store, contents, { maxLayers: 2 })).layers.length, 2);
});

test("zstd and plain layers are made where they are asked for", async () => {
  const store = createMemoryStore();
  const contents = await osAndTool(store);
  for (const [type, suffix] of [
    ["zstd", "+zstd"],
    ["none", ""],
  ] as const) {
    const { layers, descriptor } = await buildOf(store, contents, { compression: { type } });
    const types = layers.slice(1).map((layer) => layer.descriptor.mediaType);
    assert.equal(
      types,
      [1, 2].map(() => `application/vnd.oci.image.layer.v1.tar${suffix}`),
    );
    await verifyImage(store, descriptor);
  }
});

test("the time is the epoch's, for what lading makes", async () => {
  const store = createMemoryStore();
  const contents = await osAndTool(store);
  const [old, now] = [await buildOf(store, contents), await buildOf(store, contents, { epoch: 1_700_000_000 })];
  assert.equal([old.config.created, now.config.created], ["1970-01-01T00:00:00Z", "2023-11-14T22:13:20Z"]);
  const same = [0, 1, 2].map((at) => old.layers[at]?.diffId === now.layers[at]?.diffId);
  assert.equal(same, [true, true, false], "packages stay as they are, the generated layer has the new time");
});

/** An image of these contents on a base image made of those. */
async function onBase(store: Store, base: readonly Content[], contents: readonly Content[]) {
  const { descriptor, layers } = await buildOf(store, base);
  const opened = await openBase(store, "oci:base:1", descriptor, AMD64);
  const warnings: string[] = [];
  const input = { platform: AMD64, base: opened, contents, files: [], folder: ".", settings: NO_SETTINGS };
  const image = await buildImage(store, input, { onWarning: ({ message }) => warnings.push(message) });
  return { base: layers, image, warnings };
}

test("what the base image has is not put on it again", async () => {
  const store = createMemoryStore();
  const [os, tool] = await osAndTool(store);
  assert.ok(os && tool);
  const app = contentOf(await addPackage(store, "app", [file("srv/app")]));
  const { base, image, warnings } = await onBase(store, [os, tool], [os, tool, app]);
  assert.equal(
    image.layers.map(({ descriptor }) => descriptor.digest).slice(0, 3),
    base.map(({ descriptor }) => descriptor.digest),
  );
  assert.equal(
    image.layers.slice(3).map(({ createdBy }) => createdBy),
    ["lading: package::/::app"],
  );
  assert.equal(warnings, []);
});

test("a package that mends what the base image changed is put on it again", async () => {
  const store = createMemoryStore();
  const one = contentOf(await addPackage(store, "one", [file("a", "1")]));
  const two = contentOf(await addPackage(store, "two", [file("a", "2")]));
  const { image, warnings } = await onBase(store, [one, two], [one]);
  assert.is(image.layers.at(-1)?.createdBy, "lading: package::/::one");
  assert.equal(warnings, ["one replaces /a of base image oci:base:1"]);
});

test("a package goes through a symlink of the base image", async () => {
  const store = createMemoryStore();
  const [os, tool] = await osAndTool(store);
  assert.ok(os && tool);
  const { image } = await onBase(store, [os], [tool]);
  assert.is(image.layers.at(-1)?.descriptor.digest, GOLDEN.variant);
});

const name = fc.constantFrom("a", "b", "c", "usr");
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const target = fc.oneof(
  path,
  path.map((to) => `/${to}`),
  fc.constantFrom("a", "usr"),
);
const anyEntry = fc.oneof(
  path.map((at) => directory(at)),
  fc.tuple(path, fc.constantFrom("1", "2")).map(([at, content]) => file(at, content)),
  fc.tuple(name, target).map(([at, to]) => symlink(at, to)),
);
/** The first layer has folders, and symlinks at the top that lead to them or nowhere; the others have anything. */
const anyLinks = fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.constantFrom("usr", "/usr/a", "b", "none/x")), {
  minLength: 1,
  maxLength: 3,
});
const firstLayer = anyLinks.map((links) => [
  directory("usr"),
  directory("usr/a"),
  ...links.map(([at, to]) => symlink(at, to)),
]);
const anyLayer = fc.array(anyEntry, { minLength: 1, maxLength: 5 });
const anyStack = fc
  .tuple(firstLayer, fc.array(anyLayer, { minLength: 1, maxLength: 2 }))
  .map(([first, others]) => [first, ...others]);

test.needs(missing("umoci"), "the image of any packages is what their tree says", async (context) => {
  const folder = await tempFolder(context);
  const store = createLayoutStore(join(folder, "layout"));
  let compared = 0;
  let rewritten = 0;
  await fc.assert(
    fc.asyncProperty(anyStack, async (stack) => {
      const byPath = (a: WriteEntry, b: WriteEntry) => (a.path < b.path ? -1 : 1);
      const layers = stack.map((each) => [...new Map(each.map((entry) => [entry.path, entry])).values()].sort(byPath));
      const contents: Content[] = [];
      const tree = createTree();
      const memory = createMemoryStore();
      let root: readonly WriteEntry[] = [];
      try {
        for (const [at, entries] of layers.entries()) {
          contents.push(await addTarball(memory, `${at}.tar`, entries));
          const { through } = tree.apply(await listedFiles(entries));
          rewritten += through.length;
        }
        root = missingRootFiles(tree, 0);
        tree.apply(root.map(toListedFile));
      } catch {
        // An archive that lading refuses, or a path below a file.
        return;
      }
      const { descriptor } = await buildOf(memory, contents);
      await copy(descriptor, memory, store);
      await store.tag([{ name: "t", descriptor }]);
      const names = namesOf([...layers.flat(), ...root]);
      assert.equal(await listKinds(await unpack(join(folder, "layout"), "t", folder)), listTreeKinds(tree, names));
      compared++;
    }),
    { numRuns: 60, seed: 7 },
  );
  assert.ok(compared > 20 && rewritten > 20, `${compared} stacks were compared, ${rewritten} symlinks led elsewhere`);
});

test.run();
