import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { type BuildOptions, build } from "../src/build.js";
import { buildFiles, EMPTY_RECIPE } from "../src/build-files.js";
import { deliver } from "../src/deliver.js";
import { inspectImage } from "../src/image/inspect.js";
import { verifyImage } from "../src/image/verify.js";
import { decodeIndex } from "../src/oci/manifest.js";
import { MEDIA_TYPE } from "../src/oci/media-type.js";
import { listPackages } from "../src/package/catalog.js";
import { importPackages } from "../src/package/import.js";
import type { Recipe } from "../src/recipe/recipe.js";
import { createLayoutStore } from "../src/store/layout.js";
import { openLocalStore } from "../src/store/local.js";
import { collect } from "../src/stream/bytes.js";
import { compress } from "../src/stream/codec.js";
import type { WriteEntry } from "../src/tar/entry.js";
import { writeTar } from "../src/tar/write.js";
import { openTransport } from "../src/transport.js";
import { addImage, directory, file, symlink, tarOf } from "./image/make.js";
import { controlOf, debOf } from "./support/deb.js";
import { missing, output, run } from "./support/programs.js";
import { rejects } from "./support/rejects.js";
import { suite, type TestContext } from "./support/suite.js";
import { tempFolder } from "./support/temp.js";

const test = suite("build");

/** Longer than a clock tick: files that changed later than that are not remembered. */
const TICK_MS = 150;

async function prepare(context: TestContext) {
  const folder = await tempFolder(context);
  const local = openLocalStore(join(folder, "store"));
  const write = async (name: string, bytes: Uint8Array | string) => {
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  };
  return {
    folder,
    local,
    write,
    /** A tarball of any name. */
    tarball: async (name: string, entries: readonly WriteEntry[]) =>
      await write(name, /gz$/.test(name) ? gzipSync(await tarOf(entries)) : await tarOf(entries)),
    document: (name: string, document: object) => write(name, JSON.stringify(document)),
    deb: (name: string, fields: Readonly<Record<string, string>> = {}, content = name) =>
      write(
        `${name}.deb`,
        debOf({ control: controlOf({ Package: name, ...fields }), files: [[`./usr/share/${name}`, content]] }),
      ),
    build: (recipe: Partial<Recipe>, options: Partial<BuildOptions> = {}) =>
      build({ ...EMPTY_RECIPE, ...recipe }, { local, folder, ...options }),
    files: (paths: readonly string[], options: Partial<BuildOptions> = {}, recipe?: Partial<Recipe>) =>
      buildFiles(paths, { local, ...options }, { ...EMPTY_RECIPE, ...recipe }),
  };
}

const layersOf = ({ images }: Awaited<ReturnType<typeof build>>) =>
  images.flatMap(({ layers }) => layers.map(({ createdBy }) => createdBy.replace("lading: ", "")));

const asked = (name: string) => ({ kind: "name", name }) as const;

/** Three packages, one needing the other, in the store. */
async function withPackages(context: TestContext) {
  const prepared = await prepare(context);
  const { tarball, document, local } = prepared;
  const paths: string[] = [];
  const add = async (name: string, entries: readonly WriteEntry[], more: object) => {
    paths.push(await tarball(`${name}.tar.gz`, entries));
    await document(`${name}.json`, { name, ...more });
  };
  await add("base", [directory("usr"), directory("usr/bin"), symlink("bin", "usr/bin")], { provides: ["os=linux"] });
  await add("node", [directory("bin"), file("bin/node", "node", 0o755)], {
    provides: ["runtime=node"],
    dependencies: ["os=linux"],
    environment: { PATH: "/opt/node/bin:$PATH", NODE_ENV: "production" },
  });
  await add("app", [file("srv/app.js")], { dependencies: ["runtime=node"], environment: { PATH: "/srv/bin:$PATH" } });
  await sleep(TICK_MS);
  await importPackages(local.store, paths, { cache: local.cache });
  return { ...prepared, paths };
}

test("packages come in order, then the recipe's files, then what a root needs; environments fold", async (context) => {
  const { build: make, local, write } = await withPackages(context);
  await write("config", "1");
  const result = await make({
    packages: [asked("app")],
    files: [{ from: "config", to: "/etc/app/config", ignore: [] }],
    environment: { PATH: "/own:$PATH" },
  });
  assert.equal(layersOf(result), [
    "package::/::base",
    "package::/::node",
    "package::/::app",
    "files of the recipe",
    "root file system",
  ]);
  const image = await inspectImage(local.store, result.root);
  assert.equal(image.config?.config?.Env, [
    "PATH=/own:/srv/bin:/opt/node/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "NODE_ENV=production",
  ]);
  assert.equal(image.platform, { os: "linux", architecture: "amd64" });
  await verifyImage(local.store, result.root);
});

test("building again reads no package, and gives the same; a file that was edited is read", async (context) => {
  const { build: make, write } = await withPackages(context);
  await write("config", "1");
  await sleep(TICK_MS);
  const recipe = { packages: [asked("app")], files: [{ from: "config", to: "/c", ignore: [] }] };
  const first = await make(recipe);
  assert.ok(first.packageBytesRead > 0, "node's layer is written through the symlink of base");
  const second = await make(recipe);
  assert.equal([second.root, second.packageBytesRead, second.images[0]?.known], [first.root, 0, true]);
  await write("config", "2");
  const third = await make(recipe);
  assert.is.not(third.root.digest, first.root.digest);
  assert.equal([third.packageBytesRead, third.images[0]?.known], [0, false]);
});

test("a layer that is gone from the store is made again", async (context) => {
  const { build: make, local, folder } = await withPackages(context);
  const first = await make({ packages: [asked("app")] });
  const variant = first.images[0]?.layers[1]?.descriptor;
  assert.ok(variant);
  await rm(join(folder, "store/blobs", variant.digest.replace(":", "/")));
  const again = await build(
    { ...EMPTY_RECIPE, packages: [asked("app")] },
    { local: openLocalStore(join(folder, "store")) },
  );
  assert.equal(again.root, first.root);
  await verifyImage(local.store, again.root);
});

test("a package's own layer that is gone is an error that names it", async (context) => {
  const { build: make, folder } = await withPackages(context);
  const first = await make({ packages: [asked("base")] });
  const digest = first.images[0]?.layers[0]?.descriptor.digest ?? "";
  await rm(join(folder, "store/blobs", digest.replace(":", "/")));
  const { message } = await rejects(make({ packages: [asked("base")] }), "NOT_FOUND");
  assert.match(message, /^Cannot build with "lading: .*base": its layer .* import it again$/);
});

test("what cannot be resolved is an error, and nothing is built", async (context) => {
  const { build: make } = await withPackages(context);
  await rejects(make({ packages: [asked("none")] }), "MISSING");
});

test("the epoch is the time of what lading makes", async (context) => {
  const { build: make, local } = await withPackages(context);
  const { root } = await make({ packages: [asked("app")] }, { epoch: 86_400 });
  assert.is((await inspectImage(local.store, root)).config?.created, "1970-01-02T00:00:00Z");
});

test("several platforms become an index", async (context) => {
  const { build: make, local } = await withPackages(context);
  const platforms = [
    { os: "linux", architecture: "amd64" },
    { os: "linux", architecture: "arm64" },
  ];
  const { root, images } = await make({ packages: [asked("app")], platforms });
  assert.is(root.mediaType, MEDIA_TYPE.index);
  const index = decodeIndex(await collect(local.store.open(root), 1 << 20), root.mediaType);
  assert.equal(
    index.manifests.map(({ platform, digest }) => [platform, digest]),
    images.map(({ platform, descriptor }) => [platform, descriptor.digest]),
  );
  assert.equal(
    images.map(({ platform }) => platform),
    platforms,
  );
  await verifyImage(local.store, root);
  // What the caller says counts more.
  const one = await make({ packages: [asked("app")], platforms }, { platforms: platforms.slice(1) });
  assert.equal([one.root.mediaType, one.root.digest], [MEDIA_TYPE.manifest, images[1]?.descriptor.digest]);
});

test("a base image's layers are reused, of any transport; what it has is not put on it again", async (context) => {
  const { build: make, local, folder } = await withPackages(context);
  const below = await make({ packages: [asked("node")], environment: { BASE: "1" }, cmd: ["node"] });
  await deliver(below.root, local.store, await openTransport(`oci:${folder}/base:1`, { local }));
  await deliver(below.root, local.store, await openTransport("store:base:1", { local }));
  for (const base of [`oci:${folder}/base:1`, "store:base:1"]) {
    const { root, images } = await make({ packages: [asked("app")], base });
    const digests = images[0]?.layers.map(({ descriptor }) => descriptor.digest) ?? [];
    assert.equal(
      digests.slice(0, 3),
      below.images[0]?.layers.map(({ descriptor }) => descriptor.digest),
    );
    assert.is(digests.length, 4);
    const { config, annotations } = await inspectImage(local.store, root);
    assert.equal(config?.config?.Cmd, ["node"]);
    assert.ok(config?.config?.Env?.includes("BASE=1"));
    assert.is(annotations["org.opencontainers.image.base.name"], base);
    await verifyImage(local.store, root);
  }
  await rejects(make({ base: `oci:${folder}/base:2` }), "NOT_FOUND");
  await rejects(make({ base: `oci:${folder}/none:1` }), "NOT_FOUND");
});

test("a base image of Docker's types becomes one of the OCI's", async (context) => {
  const { build: make, local, folder } = await prepare(context);
  const docker = createLayoutStore(join(folder, "docker"));
  await docker.tag([{ name: "1", descriptor: await addImage(docker, [[file("a")]], { docker: true }) }]);
  const { root } = await make({ base: `oci:${folder}/docker:1` });
  const { layers } = await inspectImage(local.store, root);
  assert.ok(layers.every(({ descriptor }) => descriptor.mediaType === MEDIA_TYPE.layerGzip));
  await verifyImage(local.store, root);
});

test("buildFiles(): packages are resolved, bare tarballs lie where they were named", async (context) => {
  const { files, tarball, paths, deb } = await withPackages(context);
  const [, , app = ""] = paths;
  const one = await tarball("one.tar", [file("one")]);
  const two = await tarball("two.tar.gz", [file("two")]);
  const demo = await deb("demo");
  const result = await files([one, app, two, demo]);
  assert.equal(layersOf(result), [
    "one.tar",
    "package::/::base",
    // Nothing needs it and it needs nothing, so it lies where the resolver puts it.
    "package::/debian::demo 1.0-1",
    "package::/::node",
    "package::/::app",
    "two.tar.gz",
    "root file system",
  ]);
});

test("buildFiles() lists new packages, so that later builds find them, and reads no file twice", async (context) => {
  const { files, local, deb, tarball } = await prepare(context);
  const paths = [await deb("b", { Depends: "a (>= 1)" }), await deb("a"), await tarball("x.tar.gz", [file("x")])];
  await sleep(TICK_MS);
  const first = await files(paths);
  assert.ok(first.packageBytesRead > 0);
  assert.equal(
    (await listPackages(local.store)).map(({ name }) => name),
    ["a", "b"],
  );
  const second = await files(paths);
  assert.equal([second.root, second.packageBytesRead], [first.root, 0]);
  // In another order, and from the store: the same.
  const other = await files([paths[1] ?? "", paths[0] ?? "", paths[2] ?? ""]);
  assert.equal(other.root, first.root);
  const { packageBytesRead } = await files([paths[0] ?? ""]);
  assert.is(packageBytesRead, 0);
});

test("a file's content counts, not its name", async (context) => {
  const { files, write, local } = await prepare(context);
  const entries = [file("a")];
  const plain = await write("plain.tar.gz", await tarOf(entries));
  const packed = await write("packed.tar", gzipSync(await tarOf(entries)));
  const zstd = await write("zstd.txt", await collect(compress(writeTar(entries), { type: "zstd" }), 1 << 20));
  for (const path of [plain, packed, zstd]) await verifyImage(local.store, (await files([path])).root);
  const [one, other] = [await files([plain]), await files([zstd])];
  assert.equal(one.images[0]?.layers[0]?.descriptor, other.images[0]?.layers[0]?.descriptor);
});

const NEITHER: readonly (readonly [name: string, bytes: Uint8Array | string, found: RegExp])[] = [
  ["page.deb", "<!doctype html><html>404", /page\.deb": it is an? HTML/],
  ["empty.tar", "", /empty\.tar": it is an? empty/],
  ["image.zip", "PK\u0003\u0004", /image\.zip": it is a zip/],
  ["notes.txt", "notes\n", /notes\.txt": it is .*text/],
];

for (const [name, bytes, found] of NEITHER) {
  test(`buildFiles() refuses ${name}, saying what it is`, async (context) => {
    const { files, write } = await prepare(context);
    const { message, detail } = await rejects(files([await write(name, bytes)]), "FORMAT");
    assert.match(message, found);
    assert.match(message, /wanted a tarball or a Debian package/);
    assert.match(detail.path ?? "", new RegExp(name));
  });
}

test("a compressed file that holds no tar is refused by its name", async (context) => {
  const { files, write } = await prepare(context);
  const { message } = await rejects(files([await write("x.tar.gz", gzipSync("notes"))]), "FORMAT");
  assert.match(message, /x\.tar\.gz/);
});

test("a damaged package is refused by its name, and nothing is listed", async (context) => {
  const { files, write, deb, local } = await prepare(context);
  const bad = await write("bad.deb", (await readFile(await deb("demo"))).subarray(0, -20));
  const { message } = await rejects(files([await deb("good"), bad]), "CORRUPT");
  assert.match(message, /bad\.deb/);
  assert.equal(await listPackages(local.store), []);
});

test("a file that is not there, or a folder", async (context) => {
  const { files, folder } = await prepare(context);
  assert.is((await rejects(files([join(folder, "none.deb")]), "IO")).detail.errno, "ENOENT");
  await mkdir(join(folder, "d"));
  assert.match((await rejects(files([join(folder, "d")]), "FORMAT")).message, /it is a folder/);
});

test("two versions of one package conflict, the same file twice does not", async (context) => {
  const { files, deb, folder } = await prepare(context);
  const one = await deb("demo");
  await rename(one, join(folder, "one.deb"));
  const two = await deb("demo", { Version: "2.0" });
  const { message } = await rejects(files([join(folder, "one.deb"), two]), "CONFLICT");
  assert.match(message, /demo 1\.0-1 is named too/);
  await files([two, two]);
});

test("packages for several architectures: each goes to its platform, and none is left out in silence", async (context) => {
  const { files, deb, folder } = await prepare(context);
  const amd = join(folder, "amd.deb");
  await rename(await deb("demo"), amd);
  const arm = await deb("demo", { Architecture: "arm64" });
  const platforms = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));
  assert.is((await files([amd, arm], { platforms })).images.length, 2);
  assert.is((await files([arm])).images[0]?.platform.architecture, "arm64");
  const { message } = await rejects(files([amd, arm]), "CONFLICT");
  assert.match(message, /demo\.deb": it is for arm64, expected a package for linux\/amd64/);
});

test("a recipe goes with files", async (context) => {
  const { files, deb, local } = await prepare(context);
  const { root } = await files([await deb("demo")], {}, { user: "joe", labels: { a: "b" } });
  const { config } = await inspectImage(local.store, root);
  assert.equal([config?.config?.User, config?.config?.Labels], ["joe", { a: "b" }]);
});

test("warnings tell what was replaced and what an import saw", async (context) => {
  const { files, tarball } = await prepare(context);
  const paths = [
    await tarball("one.tar", [file("a", "1"), file("setuid", "", 0o4755)]),
    await tarball("two.tar", [file("a", "2")]),
  ];
  const { warnings } = await files(paths);
  assert.equal(
    warnings.map(({ code }) => code),
    ["IMPORT", "REPLACED"],
  );
  assert.match(warnings[0]?.message ?? "", /one\.tar: .*setuid/);
  assert.is(warnings[1]?.message, "two.tar replaces /a of one.tar");
});

test("a signal stops a build, and leaves no temporary", async (context) => {
  const { files, deb, folder } = await prepare(context);
  const stop = new AbortController();
  const path = await deb("demo", {}, "x".repeat(5_000_000));
  const ended = files([path], { signal: stop.signal, onStep: () => setTimeout(() => stop.abort(), 3) });
  assert.is(await ended.catch((error: Error) => error.name), "AbortError");
  const left = await readdir(join(folder, "store"), { recursive: true }).catch(() => []);
  assert.equal(
    left.filter((name) => /tmp|temp/.test(name)),
    [],
  );
});

/** An image of packages with everything that a recipe can say, in a layout. */
async function fullImage(context: TestContext) {
  const prepared = await withPackages(context);
  const { build: make, local, folder, write } = prepared;
  await write("config", "1");
  const { root } = await make({
    packages: [asked("app")],
    files: [{ from: "config", to: "/etc/app/", ignore: [] }],
    entrypoint: ["/bin/node"],
    cmd: ["/srv/app.js"],
    user: "1000:1000",
    workdir: "/srv",
    labels: { "org.example.team": "tools" },
    ports: ["8080", "53/udp"],
    volumes: ["/data"],
    annotations: { "org.opencontainers.image.title": "app" },
  });
  const single = await make({ packages: [asked("base")] });
  const layout = join(folder, "out");
  await deliver(root, local.store, await openTransport(`oci:${layout}:full`, { local }));
  await deliver(single.root, local.store, await openTransport(`oci:${layout}:single`, { local }));
  return { folder, layout, digests: { full: root.digest, single: single.root.digest } };
}

test.needs(missing("skopeo"), "skopeo copies images with their digest", async (context) => {
  const { layout, folder, digests } = await fullImage(context);
  for (const [tag, digest] of Object.entries(digests)) {
    await output("skopeo", ["copy", "-q", `oci:${layout}:${tag}`, `oci:${folder}/copy:${tag}`]);
    const text = await output("skopeo", ["inspect", `oci:${folder}/copy:${tag}`]);
    assert.is(JSON.parse(text).Digest, digest);
  }
  const text = await output("skopeo", ["inspect", "--config", `oci:${layout}:full`]);
  const { config } = JSON.parse(text) as { config: Record<string, unknown> };
  assert.equal(config.ExposedPorts, { "53/udp": {}, "8080/tcp": {} });
  assert.equal([config.User, config.WorkingDir, config.Labels], ["1000:1000", "/srv", { "org.example.team": "tools" }]);
});

test.needs(missing("umoci"), "umoci unpacks them", async (context) => {
  const { layout, folder } = await fullImage(context);
  for (const tag of ["full", "single"]) {
    await output("umoci", ["unpack", "--rootless", "--image", `${layout}:${tag}`, join(folder, tag)]);
  }
  assert.is(await readFile(join(folder, "full/rootfs/usr/bin/node"), "utf8"), "node");
  assert.is(await readFile(join(folder, "full/rootfs/etc/app/config"), "utf8"), "1");
});

test.needs(missing("podman", "newuidmap"), "podman pulls them", async (context) => {
  const { folder, digests } = await fullImage(context);
  const storage = ["--root", join(folder, "storage"), "--runroot", join(folder, "run"), "--storage-driver", "vfs"];
  context.defer(async () => {
    const paths = [join(folder, "storage"), join(folder, "run")];
    // Files of subordinate users are no one else's to remove.
    if (process.getuid?.() !== 0) await run("podman", ["unshare", "rm", "-rf", ...paths]);
  });
  // podman makes the path a name, which must be in lower case.
  for (const tag of Object.keys(digests)) {
    await output("podman", [...storage, "pull", "-q", `oci:out:${tag}`], { cwd: folder });
  }
  const pulled = await output("podman", [...storage, "images", "--format", "{{.Digest}}"]);
  assert.equal(pulled.trim().split("\n").sort(), Object.values(digests).sort());
});

test.run();
