import fc from "fast-check";
import * as assert from "uvu/assert";
import { digestOf } from "../../src/oci/digest.js";
import { decodeManifest } from "../../src/oci/manifest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { isRefName } from "../../src/oci/ref-name.js";
import { listPackage, packageTag, putPackage, readCatalogLine, readPackage } from "../../src/package/artifact.js";
import { isPackageDescriptor } from "../../src/package/listed.js";
import type { PackageLayer, PackageMetadata } from "../../src/package/package.js";
import { createMemoryStore } from "../../src/store/memory.js";
import type { Store } from "../../src/store/store.js";
import { collect, fromBytes } from "../../src/stream/bytes.js";
import { putImage } from "../support/image.js";
import { rejects } from "../support/rejects.js";
import { suite } from "../support/suite.js";

const test = suite("package/artifact");

const METADATA: PackageMetadata = {
  fqn: "package::/lang::ruby",
  name: "ruby",
  version: "3.2",
  ecosystem: "apcera",
  architecture: "amd64",
  provides: [{ type: "runtime", name: "ruby", version: "3.2" }],
  dependencies: [{ anyOf: [{ type: "os", name: "linux" }] }],
  conflicts: [],
  environment: { PATH: "/opt/ruby/bin:$PATH" },
  tags: {},
  description: "the language\nand its library",
  control: "Package: ruby\n",
};

async function putLayer(store: Store): Promise<PackageLayer> {
  const descriptor = await store.put(MEDIA_TYPE.layerGzip, fromBytes("layer"));
  const files = await store.put(MEDIA_TYPE.packageFiles, fromBytes("files"));
  return { descriptor, files, diffId: digestOf("tar"), uncompressedSize: 3, entries: 1, normalized: ["why"] };
}

async function putDemo(store: Store) {
  const layer = await putLayer(store);
  return await putPackage(store, METADATA, layer, {});
}

test("putPackage() writes a manifest whose first layer is mountable; readPackage() gives it back", async () => {
  const store = createMemoryStore();
  const pkg = await putDemo(store);
  assert.equal(await readPackage(store, pkg.manifest), pkg);
  const manifest = decodeManifest(await collect(store.open(pkg.manifest), 10_000));
  assert.is(manifest.artifactType, "application/vnd.lading.package.v1");
  assert.is(manifest.config.mediaType, "application/vnd.lading.package.v1+json");
  assert.equal(
    manifest.layers.map(({ mediaType }) => mediaType),
    [MEDIA_TYPE.layerGzip, "application/vnd.lading.files.v1"],
  );
  const config = JSON.parse((await collect(store.open(manifest.config), 10_000)).toString());
  const facts = { diffId: digestOf("tar"), uncompressedSize: 3, entries: 1, normalized: ["why"] };
  assert.equal(config, { ...METADATA, layer: facts });
  assert.is(pkg.manifest.digest, (await putDemo(createMemoryStore())).manifest.digest);
});

test("listPackage() puts all that resolving needs into the descriptor", async () => {
  const store = createMemoryStore();
  const pkg = await putDemo(store);
  const listed = listPackage(pkg);
  assert.ok(isPackageDescriptor(listed) && !isPackageDescriptor(pkg.manifest));
  const { control: _control, ...line } = pkg;
  assert.equal(readCatalogLine(listed), { ...line, description: "the language" });
  assert.is(readCatalogLine(pkg.manifest), undefined);
});

test("readPackage() refuses what is no package", async () => {
  const store = createMemoryStore();
  await rejects(readPackage(store, await putImage(store, [])), "FORMAT");
  const other = await putImage(store, [Buffer.from("x")], { artifactType: "application/vnd.example" });
  assert.is((await rejects(readPackage(store, other), "FORMAT")).detail.found, "application/vnd.example");
  const layers = [Buffer.from("layer"), Buffer.from("files")];
  const empty = await putImage(store, layers, { artifactType: MEDIA_TYPE.package });
  assert.match((await rejects(readPackage(store, empty), "CORRUPT")).message, /lacks what every package has/);
});

test("readPackage() refuses a config that is no package's", async () => {
  const layer = await putLayer(createMemoryStore());
  const good = { ...METADATA, layer };
  for (const config of [
    null,
    [],
    "x",
    { ...good, fqn: "ruby" },
    { ...good, name: "python" },
    { ...good, provides: {} },
    { ...good, environment: null },
    { ...good, layer: { ...layer, diffId: "sha256:x" } },
    { ...good, layer: undefined },
  ]) {
    const store = createMemoryStore();
    const put = (mediaType: string, value: unknown) => store.put(mediaType, fromBytes(JSON.stringify(value)));
    const manifest = await put(MEDIA_TYPE.manifest, {
      schemaVersion: 2,
      artifactType: MEDIA_TYPE.package,
      config: await put(MEDIA_TYPE.packageConfig, config),
      layers: [layer.descriptor, layer.files],
    });
    await rejects(readPackage(store, manifest), "CORRUPT");
  }
});

test("packageTag() is readable, valid everywhere, and another for another name, version or architecture", () => {
  assert.is(packageTag(METADATA), "ruby-3-2-amd64-52600508363f");
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 150 });
  const property = fc.property(text, fc.option(text, { nil: undefined }), (name, version) => {
    const metadata = { ...METADATA, fqn: `package::/::${name}`, name };
    const { version: _version, ...bare } = metadata;
    const tag = packageTag(version === undefined ? bare : { ...metadata, version });
    assert.ok(isRefName(tag), tag);
    assert.match(tag, /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);
  });
  fc.assert(property);
  const tags = ["", "::x", "/a"].map((more) => packageTag({ ...METADATA, fqn: `package::/lang${more}::ruby` }));
  assert.is(new Set(tags).size, 3);
});

test.run();
