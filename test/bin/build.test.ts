import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import type { BuildResult } from "../../src/build.js";
import type { ImageConfig } from "../../src/oci/config.js";
import { file, tarOf } from "../image/make.js";
import { debOf } from "../support/deb.js";
import { startEmbeddedRegistry } from "../support/embedded-registry.js";
import { suite } from "../support/suite.js";
import { createCommand, createFilledCommand } from "./command.js";

const test = suite("bin/build");

type Place = { readonly label: string; readonly bytes: { readonly copied: number } };
type Built = BuildResult & { readonly digest: string; readonly places: readonly Place[] };
const DIGEST = /^sha256:[0-9a-f]{64} (.*)$/;
const placesOf = (lines: readonly string[]) => lines.map((line) => DIGEST.exec(line)?.[1]);

test("a recipe's image gets the name of its folder in the local store; what it took goes to stderr", async (context) => {
  const { lading, ok, folder } = await createFilledCommand(context);
  await mkdir(join(folder, "My App"));
  await writeFile(join(folder, "My App/lading.yaml"), "packages: [greeting]\n");
  for (const args of [["My App"], ["My App/"], ["My App/lading.yaml"]]) {
    assert.equal(placesOf(await ok("build", ...args)), ["store:my-app:latest"]);
  }
  const inside = await lading(["build"], { cwd: join(folder, "My App") });
  assert.equal(placesOf(inside.stdout.split("\n").slice(0, 1)), ["store:my-app:latest"]);
  assert.match(inside.stderr, /^4 layers, [\d.]+ k?B; nothing read again\n$/);
  const quiet = await lading(["build", "-q", "My App"]);
  assert.is(quiet.stderr, "");
});

const NAMES: readonly (readonly [file: string, name: string])[] = [
  ["App_1.tar.gz", "app-1"],
  ["app.tgz", "app"],
  ["app.tar", "app"],
  ["app.tar.zst", "app"],
  ["___.tar", "image"],
];

test("an image of files gets the name of the first", async (context) => {
  const { ok, write } = await createCommand(context);
  const tar = await tarOf([file("a")]);
  for (const [path, name] of NAMES) {
    await write(path, tar);
    assert.equal(placesOf(await ok("build", path)), [`store:${name}:latest`]);
  }
  await write("demo_1.0-1_amd64.deb", debOf());
  assert.equal(placesOf(await ok("build", "demo_1.0-1_amd64.deb", "app.tar")), ["store:demo-1-0-1-amd64:latest"]);
});

test("-t and -o may come again and again, and --push pushes under the names of -t", async (context) => {
  const { host } = await startEmbeddedRegistry(context);
  const { ok } = await createFilledCommand(context);
  const lines = await ok("build", "-t", "a:1", "-t", "b", "-o", "oci:out:x", "-o", `docker://${host}/team/c:1`);
  assert.equal(placesOf(lines), ["store:a:1", "store:b:latest", "oci:out:x", `docker://${host}/team/c:1`]);
  const pushed = await ok("build", "--push", "-t", `${host}/team/d:1`, "-t", `docker://${host}/team/d:2`);
  assert.equal(placesOf(pushed), [`docker://${host}/team/d:1`, `docker://${host}/team/d:2`]);
  const digests = new Set([...lines, ...pushed].map((line) => line.split(" ")[0]));
  assert.is(digests.size, 1);
  assert.match((await ok("verify", `${host}/team/d:2`)).join(), /every byte is right/);
});

test("files pushed under two tags are sent once, and a build that fails names nothing", async (context) => {
  const { host } = await startEmbeddedRegistry(context);
  const { lading, ok, json, write } = await createCommand(context);
  await write("a.tar", await tarOf([file("a")]));
  const name = `${host}/team/files`;
  const { places } = await json<Built>("build", "a.tar", "--push", "-t", `${name}:1`, "-t", `${name}:2`);
  assert.equal(
    places.map(({ bytes }) => bytes.copied > 0),
    [true, false],
  );
  assert.match((await ok("verify", `${name}:2`)).join(), /every byte is right/);
  await write("b.tar", await tarOf([file("b")]));
  await write("cut.tar.gz", gzipSync(await tarOf([file("c")])).subarray(0, -9));
  const { code } = await lading(["build", "b.tar", "cut.tar.gz", "--push", "-t", `${name}:3`]);
  assert.is(code, 1);
  assert.is((await lading(["verify", `${name}:3`])).code, 1);
});

test("--json tells the image, its layers, the places and what was read", async (context) => {
  const { json } = await createFilledCommand(context);
  const first = await json<Built>("build", "-o", "oci:out:x");
  assert.is(first.digest, first.root.digest);
  assert.is(first.images[0]?.layers.length, 4);
  assert.equal(
    first.places.map(({ label }) => label),
    ["oci:out:x"],
  );
  assert.ok(first.packageBytesRead > 0);
  const second = await json<Built>("build", "-o", "oci:out:x");
  assert.equal([second.digest, second.packageBytesRead, second.images[0]?.known], [first.digest, 0, true]);
});

test("flags say what a recipe may say, and count more", async (context) => {
  const { ok, json, write } = await createFilledCommand(context);
  await write("lading.yaml", "user: joe\nenvironment: {A: '1'}\nlabels: {a: recipe, b: recipe}\n");
  const flags = ["--user", "ann", "-e", "B=2=3", "--label", "a=flag", "--workdir", "/srv", "--cmd", "x", "y"];
  await ok("build", "-t", "x:1", ...flags);
  const { config } = await json<{ config: ImageConfig }>("inspect", "store:x:1");
  assert.equal(config.config?.Env?.slice(0, 2), ["A=1", "B=2=3"]);
  assert.equal(config.config?.Labels, { a: "flag", b: "recipe" });
  assert.equal([config.config?.User, config.config?.WorkingDir, config.config?.Cmd], ["ann", "/srv", ["x", "y"]]);
});

test("--platform may come again and again, and gives an index", async (context) => {
  const { json, write } = await createCommand(context);
  await write("lading.yaml", "labels: {a: b}\n");
  const { root, images } = await json<Built>("build", "--platform", "linux/amd64", "--platform", "linux/aarch64");
  assert.match(root.mediaType, /index/);
  assert.equal(
    images.map(({ platform }) => platform.architecture),
    ["amd64", "arm64"],
  );
});

test("warnings go to stderr, one line each, and --quiet keeps them", async (context) => {
  const { lading, write } = await createCommand(context);
  await write("one.tar", await tarOf([file("a", "1")]));
  await write("two.tar", await tarOf([file("a", "2")]));
  const { stderr } = await lading(["build", "one.tar", "two.tar"]);
  assert.match(stderr, /^warning: two\.tar replaces \/a of one\.tar\n3 layers, /);
  assert.is((await lading(["build", "-q", "one.tar", "two.tar"])).stderr, "");
});

const FAILURES: readonly (readonly [args: readonly string[], words: RegExp])[] = [
  [["none.yaml"], /^IO: Cannot read the recipe "none.yaml": ENOENT/],
  [["folder"], /^IO: Cannot read the recipe "folder\/lading.yaml": ENOENT/],
  [["none.deb"], /^IO: .*none\.deb.*ENOENT/],
  [["page.deb"], /^FORMAT: Cannot build from "page.deb": it is .*HTML/],
  [["bad.yaml"], /^SYNTAX: .*bad\.yaml:1:1.*did you mean "packages"/],
  [["unknown.yaml"], /^MISSING: .*runtime:none/],
  [["files.yaml"], /^IO: Cannot take files from ".*none": ENOENT/],
  [["base.yaml"], /^NOT_FOUND: .*oci:none/],
  [["good.yaml", "-o", "oci:page.deb:x"], /^[A-Z]+: .*page\.deb/],
  [["good.yaml", "-o", "oci:folder:x"], /^EXISTS: .*folder.*holds something else/],
  [["good.yaml", "-o", "docker://127.0.0.1:1/x"], /^NETWORK: .*127\.0\.0\.1:1/],
];

test("what fails is one line that names it, exit status 1", async (context) => {
  const { fails, write, folder } = await createCommand(context);
  await mkdir(join(folder, "folder"));
  await write("folder/other", "");
  await write("page.deb", "<!doctype html><html>");
  await write("bad.yaml", "pakages: []\n");
  await write("unknown.yaml", "packages: [{runtime: none}]\n");
  await write("files.yaml", "files: [{from: none, to: /x}]\n");
  await write("base.yaml", "base: oci:none:x\n");
  await write("good.yaml", "labels: {}\n");
  for (const [args, words] of FAILURES) assert.match(await fails(1, "build", ...args), words);
});

test("--compression is that of every layer, and verify agrees", async (context) => {
  const { ok, lading } = await createFilledCommand(context);
  for (const [type, mediaType, annotation] of [
    ["zstd:19", "zstd", undefined],
    ["estargz", "gzip", "containerd.io/snapshot/stargz/toc.digest"],
    ["zstd:chunked:5", "zstd", "io.github.containers.zstd-chunked.manifest-checksum"],
  ] as const) {
    const built: Built = JSON.parse((await ok("build", "--json", "--compression", type, "-t", "a")).join("\n"));
    const layers = built.images.flatMap((image) => image.layers);
    assert.is(layers.length, 4);
    for (const { descriptor } of layers) {
      assert.ok(descriptor.mediaType.endsWith(`+${mediaType}`));
      if (annotation !== undefined) assert.ok(descriptor.annotations?.[annotation] !== undefined);
    }
    assert.match((await ok("verify", "store:a")).join(), /every byte is right/);
  }
  for (const wrong of ["lzma", "estargz:13", "zstd:chunked:23", "none:1", "zstd:"]) {
    assert.is((await lading(["build", "--compression", wrong])).code, 2, wrong);
  }
});

test("--at, --include and --exclude change files; --single-id and --squash the image", async (context) => {
  const { ok, lading, write } = await createCommand(context);
  await write("app.tar", await tarOf([file("bin/app", "a", 0o4700), file("bin/other", "o"), file("doc", "d")]));
  const flags = ["--at", "/opt/app", "--include", "bin", "--exclude", "other", "--single-id", "--squash"];
  const built: Built = JSON.parse((await ok("build", "--json", "app.tar", "-t", "app", ...flags)).join("\n"));
  assert.is(built.images[0]?.layers.length, 1);
  const files = await ok("inspect", "store:app", "--files");
  assert.ok(files.some((line) => line.includes("opt/app/bin/app")));
  assert.not(files.some((line) => /other|doc$/.test(line)));
  const from = await ok("build", "--json", "app.tar", "--squash-from", "2");
  assert.is((JSON.parse(from.join("\n")) as Built).images[0]?.layers.length, 2);
  await write("lading.yaml", "packages: []\n");
  assert.match((await lading(["build", "--at", "/x"])).stderr, /name such files/);
  for (const wrong of ["0", "-1", "x"]) assert.is((await lading(["build", "--squash-from", wrong])).code, 2);
});

test.run();
