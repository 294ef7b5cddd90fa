import { readdir } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { encodeIndex, encodeManifest } from "../../src/oci/manifest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { fromBytes } from "../../src/stream/bytes.js";
import { startDockerRegistry } from "../support/docker-registry.js";
import { startEmbeddedRegistry } from "../support/embedded-registry.js";
import { putImage, tarOf } from "../support/image.js";
import { missing } from "../support/programs.js";
import { suite } from "../support/suite.js";
import { createCommand } from "./command.js";

const test = suite("bin/list, delete, gc, copy of indexes and referrers", { deadlineMs: 180_000 });

type Digested = readonly { readonly name?: string; readonly descriptor: { readonly digest: string } }[];

/** An index of three platforms and an attestation, each image signed, in `oci:in:all`. */
async function fill(folder: string) {
  const store = createLayoutStore(join(folder, "in"));
  const manifests = [];
  for (const architecture of ["amd64", "arm64", "s390x"]) {
    const layers = [await tarOf("both", 1000), await tarOf(architecture, 1000)];
    const image = await putImage(store, layers, {}, architecture);
    manifests.push({ ...image, platform: { os: "linux", architecture } });
  }
  const about = manifests[1]?.digest ?? "";
  const put = (mediaType: string, bytes: Uint8Array) => store.put(mediaType, fromBytes(bytes));
  const empty = await put(MEDIA_TYPE.empty, Buffer.from("{}"));
  const attestation = encodeManifest({
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: empty,
    layers: [],
    artifactType: "x/attestation",
  });
  manifests.push({
    ...(await put(MEDIA_TYPE.manifest, attestation)),
    platform: { os: "unknown", architecture: "unknown" },
    annotations: { "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": about },
  });
  const index = await put(MEDIA_TYPE.index, encodeIndex({ schemaVersion: 2, mediaType: MEDIA_TYPE.index, manifests }));
  await store.tag([{ name: "all", descriptor: index }]);
  const refer = async (subject: typeof index, artifactType: string) => {
    const manifest = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.manifest,
      artifactType,
      config: empty,
      layers: [empty],
      subject,
    } as const;
    const descriptor = await put(MEDIA_TYPE.manifest, encodeManifest(manifest));
    await store.tag([{ descriptor }]);
    return descriptor;
  };
  const { platform: _platform, ...arm } = manifests[1] ?? { ...index, platform: undefined };
  const sbom = await refer(arm, "x/sbom");
  return { index, arm, sbom, signature: await refer(sbom, "x/signature"), store };
}

test("copy takes a whole index, one image of it, or some", async (context) => {
  const { folder, ok, fails, json } = await createCommand(context);
  const { index, arm } = await fill(folder);
  const { host } = await startEmbeddedRegistry(context);
  for (const target of ["oci:out:all", `docker://${host}/team/x:all`, "oci-archive:x.tar:all"]) {
    assert.equal(await ok("copy", "--all", "oci:in:all", target), [`${index.digest} ${target}`]);
    assert.match((await ok("copy", "oci:in:all", target))[0] ?? "", index.digest);
  }
  for (const target of ["oci:out:arm", "docker-archive:d.tar:x", `docker://${host}/team/x:arm`]) {
    const source = target.startsWith("docker:") ? `docker://${host}/team/x:all` : "oci-archive:x.tar:all";
    const [line = ""] = await ok("copy", "--platform", "linux/arm64", source, target);
    assert.match(line, arm.digest);
    await ok("verify", target);
  }
  const some = ["--platform", "linux/arm64", "--platform", "linux/s390x"];
  const [line = ""] = await ok("copy", ...some, "oci:in:all", "oci:some:x");
  assert.not.match(line, index.digest);
  const { images } = await json<{ images: readonly object[] }>("inspect", "oci:some:x");
  assert.is(images.length, 3, "two images, and what is attested of one of them");
  assert.equal(await ok("copy", ...some, "oci:in:all", `docker://${host}/team/y:some`), [
    line.replace("oci:some:x", `docker://${host}/team/y:some`),
  ]);
  assert.match(
    await fails(1, "copy", "--platform", "linux/riscv64", "oci:in:all", "oci:out:z"),
    /^NOT_FOUND: .*holds linux\/amd64, linux\/arm64/,
  );
  assert.match(await fails(1, "copy", "--platform", "linux/amd64", "oci:out:arm", "oci:out:z"), /^NOT_FOUND: /);
  assert.match(await fails(1, "copy", "-q", "oci:in:all", "docker-archive:i.tar:x"), /^UNSUPPORTED: .*--platform/);
  assert.match(
    await fails(2, "copy", "--all", "--platform", "linux/amd64", "oci:in:all", "oci:out:z"),
    /exclude each other/,
  );
  assert.not.ok((await readdir(folder)).some((name) => name.startsWith("i.tar") || name.startsWith("tmp-")));
});

for (const [what, start, need] of [
  ["lading's own registry", startEmbeddedRegistry, undefined],
  ["docker-registry", startDockerRegistry, missing("docker-registry")],
] as const) {
  test.needs(need, `what refers to an image comes along where that is wanted, through ${what}`, async (context) => {
    const { folder, ok, json } = await createCommand(context);
    const { index, arm, sbom, signature } = await fill(folder);
    const { host } = await start(context);
    const chain = [index, sbom, signature].map(({ digest }) => digest);
    type Found = { referrers: { subject: string; descriptor: { digest: string; artifactType: string } }[] };
    let from = "oci:in:all";
    for (const to of [`docker://${host}/team/x:all`, "oci-archive:x.tar:all", "oci:out:all"]) {
      await ok("copy", from, to);
      assert.equal((await json<Found>("inspect", "--referrers", to)).referrers, [], `${to}, without`);
      await ok("copy", "--referrers", from, to);
      const { referrers } = await json<Found>("inspect", "--referrers", to);
      assert.equal(
        referrers.map(({ descriptor }) => descriptor.digest),
        chain.slice(1),
        to,
      );
      assert.equal(
        referrers.map(({ descriptor }) => descriptor.artifactType),
        ["x/sbom", "x/signature"],
      );
      assert.equal(
        referrers.map(({ subject }) => subject),
        [arm.digest, sbom.digest],
      );
      from = to;
    }
    const text = (await ok("inspect", "--referrers", "oci:out:all")).join("\n");
    assert.match(text, new RegExp(`^referrer     ${sbom.digest} .*x/sbom$`, "m"));
  });
}

test("list shows names, what they mean, and repositories", async (context) => {
  const { folder, ok, json, fails } = await createCommand(context);
  const { index } = await fill(folder);
  const { host } = await startEmbeddedRegistry(context);
  assert.equal(await ok("list"), []);
  await ok("copy", "oci:in:all", "store:x:1");
  await ok("copy", "oci:in:all", "store:x");
  assert.equal(await ok("list"), ["x:1", "x:latest"]);
  assert.is((await ok("list", "oci:in"))[0], "all");
  const { images } = await json<{ images: Digested }>("list", "store:");
  assert.equal(
    images.map(({ name, descriptor }) => [name, descriptor.digest]),
    [
      ["x:1", index.digest],
      ["x:latest", index.digest],
    ],
  );
  assert.match(
    (await ok("list", "--digests", "store:"))[0] ?? "",
    /^x:1\tsha256:\w{64}\t[\d.]+ k?B\tapplication\/vnd\.oci\.image\.index/,
  );
  for (const name of ["team/x:b", "team/x:a", "y:1"]) await ok("push", "store:x", `docker://${host}/${name}`);
  assert.equal(await ok("list", `docker://${host}`), ["team/x", "y"]);
  assert.equal(await ok("list", `docker://${host}/team/x`), ["a", "b"]);
  assert.match((await ok("list", "--digests", `${host}/team/x`))[0] ?? "", `a\t${index.digest}`);
  assert.equal((await json<{ repositories: string[] }>("list", `docker://${host}`)).repositories, ["team/x", "y"]);
  assert.match(await fails(2, "list", "oci:in:all"), /leave "all" out/);
  assert.match(await fails(2, "list", `docker://${host}/team/x:a`), /leave "a" out/);
});

test.needs(missing("docker-registry"), "list tells the repositories of docker-registry", async (context) => {
  const { folder, ok } = await createCommand(context);
  await fill(folder);
  const { host } = await startDockerRegistry(context);
  for (const name of ["b/c", "a"]) await ok("copy", "oci:in:all", `docker://${host}/${name}:1`);
  assert.equal(await ok("list", `docker://${host}/`), ["a", "b/c"]);
});

test("delete takes a tag, or a manifest with all its tags, and says which", async (context) => {
  const { folder, ok, fails, json } = await createCommand(context);
  const { index } = await fill(folder);
  const { host } = await startEmbeddedRegistry(context);
  const { digest } = index;
  for (const [base, at] of [
    ["oci:out", ":"],
    ["oci-archive:x.tar", ":"],
    [`docker://${host}/x`, ":"],
  ] as const) {
    for (const tag of ["1", "2", "3"]) await ok("copy", "oci:in:all", `${base}${at}${tag}`);
    assert.equal(await ok("delete", `${base}:1`), [`deleted 1 ${digest}`], base);
    assert.equal(await ok("list", base), ["2", "3"]);
    const all = base.startsWith("docker:") ? `${base}@${digest}` : `${base}:${digest}`;
    assert.equal(
      (await json<{ names: string[] }[]>("delete", all)).map(({ names }) => names),
      [["2", "3"]],
    );
    assert.equal(await ok("list", base), []);
    assert.match(await fails(1, "delete", `${base}:2`), /^NOT_FOUND: /);
    assert.match(await fails(2, "delete", base), /names no image; add a tag or a digest/);
  }
});

test("of several to delete, one that is not there keeps the others", async (context) => {
  const { folder, ok, fails } = await createCommand(context);
  await fill(folder);
  await ok("copy", "oci:in:all", "oci:out:1");
  assert.match(await fails(1, "delete", "oci:out:1", "oci:out:none"), /^NOT_FOUND: Cannot find "none"/);
  assert.equal(await ok("list", "oci:out"), ["1"]);
});

test("a place that is none is no empty one", async (context) => {
  const { fails, write, ok } = await createCommand(context);
  await write("file", "hello");
  for (const place of ["oci:none", "oci-archive:none.tar", "docker-archive:none.tar"]) {
    assert.match(await fails(1, "list", place), /^NOT_FOUND: .*there is no .*; check the path$/, place);
  }
  assert.match(await fails(1, "list", "oci:file"), /^(NOT_FOUND|IO): /);
  assert.equal(await ok("list"), []);
});

test("gc reclaims what a delete left, says how much, and keeps what is young", async (context) => {
  const { folder, ok, lading, json, fails } = await createCommand(context);
  const { index } = await fill(folder);
  const blobs = async () => (await readdir(join(folder, "out/blobs/sha256"))).length;
  await ok("copy", "--platform", "linux/s390x", "oci:in:all", "oci:out:one");
  const few = await blobs();
  await ok("copy", "oci:in:all", "oci:out:all");
  const { stderr } = await lading(["delete", "oci:out:all"]);
  assert.is(stderr, "`lading gc oci:out` reclaims what nothing names now\n");
  const all = await blobs();
  const young = await lading(["gc", "oci:out"]);
  assert.is(young.stdout, "oci:out 0 blobs: 0 B reclaimed\n");
  assert.match(
    young.stderr,
    /^oci:out \d+ blobs \([\d.]+ k?B\) that nothing names may belong to a build or push under way/,
  );
  assert.match((await ok("gc", "--dry-run", "--grace", "0", "oci:out"))[0] ?? "", /would be reclaimed$/);
  assert.is(await blobs(), all);
  const { freed, collected } = await json<{ freed: number; collected: { blobs: { count: number; bytes: number } }[] }>(
    "gc",
    "--grace",
    "0s",
    "oci:out",
  );
  assert.equal([collected[0]?.blobs.count, collected[0]?.blobs.bytes], [all - few, freed]);
  assert.is(await blobs(), few);
  await ok("verify", "oci:out:one");
  await ok("copy", "oci:in:all", "store:x");
  await ok("delete", "store:x:latest");
  assert.match((await ok("gc", "--grace", "0"))[0] ?? "", /^store: 1\d blobs: [\d.]+ kB reclaimed$/);
  assert.ok(index.size > 0);
  assert.match(await fails(2, "gc", "oci:out:one"), /leave the tag out/);
  assert.match(await fails(2, "gc", "docker://h.example/x"), /registries collect their own/);
  assert.match(await fails(2, "gc", "--grace", "soon"), /no duration/);
  assert.match(await fails(1, "gc", "oci:none"), /^NOT_FOUND: /);
});

test("gc of a served folder, while it is served", async (context) => {
  const { folder, ok, json } = await createCommand(context);
  const { index } = await fill(folder);
  const { host, folder: root } = await startEmbeddedRegistry(context);
  for (const name of ["a", "b/c"]) await ok("copy", "oci:in:all", `docker://${host}/${name}:1`);
  await ok("delete", `docker://${host}/a@${index.digest}`);
  const { collected } = await json<{ collected: { repository: string; blobs: { count: number } }[] }>(
    "gc",
    "--untagged",
    "--root",
    root,
    "--grace",
    "0",
  );
  assert.equal(
    collected.map(({ repository, blobs }) => [repository, blobs.count > 0]),
    [
      ["a", true],
      ["b/c", false],
    ],
  );
  await ok("verify", `docker://${host}/b/c:1`);
  assert.match((await ok("push", "oci:in:all", `docker://${host}/a:2`))[0] ?? "", index.digest);
  await ok("verify", `docker://${host}/a:2`);
});

test.run();
