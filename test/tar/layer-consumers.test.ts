/**
 * What programs that know nothing of tables of contents, and those that do, make of such layers.
 */

import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { Annotations } from "../../src/oci/descriptor.js";
import type { Digest } from "../../src/oci/digest.js";
import { MEDIA_TYPE } from "../../src/oci/media-type.js";
import { createLayoutStore } from "../../src/store/layout.js";
import { fromBytes } from "../../src/stream/bytes.js";
import type { WriteEntry } from "../../src/tar/entry.js";
import { estargzAnnotations, writeEstargz } from "../../src/tar/estargz.js";
import { writeZstdChunked, zstdChunkedAnnotations } from "../../src/tar/zstd-chunked.js";
import { missing, output, run } from "../support/programs.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";
import { fileEntry, gather, inPieces, noise, otherEntry, SAMPLE, tarOf } from "./layers.js";
import { scan } from "./read.js";

const test = suite("tar/layer-consumers", { deadlineMs: 180_000 });

/** What an ordinary user can unpack anywhere: no extended attributes, no owners without a subordinate id. */
const TREE: readonly WriteEntry[] = [
  ...SAMPLE.filter(({ path }) => path !== "xattr").map(({ uid: _, gid: __, ...entry }) => ({
    ...entry,
    uid: 0,
    gid: 0,
  })),
  otherEntry("large", "directory", { mode: 0o755 }),
  fileEntry("large/file", Buffer.concat([noise(3_000_000), Buffer.alloc(2_000_000)])),
];

interface Made {
  readonly blob: Buffer;
  readonly annotations: Annotations;
  readonly diffId: Digest;
}

async function estargz(): Promise<Made> {
  const made: Omit<Made, "blob">[] = [];
  const tar = inPieces(await tarOf(TREE));
  const stream = writeEstargz(tar, (end) => made.push({ annotations: estargzAnnotations(end), diffId: end.diffId }));
  return complete(await gather(stream), made);
}

async function zstdChunked(): Promise<Made> {
  const made: Omit<Made, "blob">[] = [];
  const tar = inPieces(await tarOf(TREE));
  const stream = writeZstdChunked(tar, (end) =>
    made.push({ annotations: zstdChunkedAnnotations(end), diffId: end.diffId }),
  );
  return complete(await gather(stream), made);
}

function complete(blob: Buffer, [made]: readonly Omit<Made, "blob">[]): Made {
  if (made === undefined) throw new Error("No result");
  return { blob, ...made };
}

/** An image of that one layer, `oci:out:1` in the folder. */
async function putImage(folder: string, mediaType: string, { blob, annotations, diffId }: Made): Promise<void> {
  const store = createLayoutStore(join(folder, "out"));
  const put = (type: string, value: object) => store.put(type, fromBytes(JSON.stringify(value)));
  const layer = await store.put(mediaType, fromBytes(blob));
  const config = { architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [diffId] } };
  const descriptor = await put(MEDIA_TYPE.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: await put(MEDIA_TYPE.config, config),
    layers: [{ ...layer, annotations }],
  });
  await store.tag([{ name: "1", descriptor }]);
}

const LANDMARK = ".no.prefetch.landmark";
const TOC = "stargz.index.json";

/** Path, kind, mode and content of everything, in order of paths. */
function listing(tar: Buffer): readonly string[] {
  const { entries, contents } = scan(tar);
  const own = new Map(entries.map((entry, index) => [entry.path, contents[index] ?? ""]));
  return entries
    .filter(({ path }) => path !== "" && path !== "long" && path !== LANDMARK && path !== TOC)
    .map(({ path, mode, type, linkpath = "" }) => {
      const content = type === "hardlink" ? own.get(linkpath) : own.get(path);
      const target = type === "symlink" ? linkpath : "";
      return [path, type === "hardlink" ? "file" : type, type === "symlink" ? "" : mode, target, content].join("|");
    })
    .sort();
}

/** The file system of `oci:out:1`, as podman exports it. */
async function podmanExport(context: TestContext, folder: string): Promise<Buffer> {
  const storage = ["--root", join(folder, "storage"), "--runroot", join(folder, "run"), "--storage-driver", "vfs"];
  context.defer(async () => {
    await run("podman", ["unshare", "rm", "-rf", join(folder, "storage"), join(folder, "run")], { cwd: folder });
    await run("rm", ["-rf", join(folder, "storage"), join(folder, "run")]);
  });
  const image = (await output("podman", [...storage, "pull", "-q", "oci:out:1"], { cwd: folder })).trim();
  const container = (await output("podman", [...storage, "create", image, "/bin/tool"], { cwd: folder })).trim();
  await output("podman", [...storage, "export", "-o", join(folder, "export.tar"), container], { cwd: folder });
  return readFile(join(folder, "export.tar"));
}

const KINDS = [
  ["eStargz", MEDIA_TYPE.layerGzip, estargz],
  ["zstd:chunked", MEDIA_TYPE.layerZstd, zstdChunked],
] as const;

const PROGRAMS = { gzip: ["gzip", "-dc"], zstd: ["zstd", "-dc"] } as const;

for (const [kind, mediaType, make] of KINDS) {
  const program = kind === "eStargz" ? "gzip" : "zstd";
  test.needs(missing(program, "tar"), `${program} and tar list an ${kind} layer without a word`, async (context) => {
    const folder = await tempFolder(context);
    await writeFile(join(folder, "layer"), (await make()).blob);
    const [command, ...args] = PROGRAMS[program];
    const tar = execFileSync(command, [...args, join(folder, "layer")], { maxBuffer: 64 * 1024 * 1024, stdio: "pipe" });
    assert.equal(listing(tar), listing(await tarOf(TREE)));
    const names = execFileSync("tar", ["-t"], { input: tar, encoding: "utf8", stdio: "pipe" }).split("\n").slice(0, -1);
    assert.is(names.length, TREE.length + (kind === "eStargz" ? 2 : 0));
  });

  test.needs(missing("skopeo"), `skopeo copies an image with an ${kind} layer`, async (context) => {
    const folder = await tempFolder(context);
    await putImage(folder, mediaType, await make());
    await output("skopeo", ["copy", "-q", "oci:out:1", "oci:back:1"], { cwd: folder });
    const [there, back] = await Promise.all(["out", "back"].map((name) => readFile(join(folder, name, "index.json"))));
    const digest = (json = Buffer.of()) => JSON.parse(json.toString()).manifests[0].digest;
    assert.is(digest(back), digest(there));
  });

  test.needs(missing("podman", "newuidmap"), `podman pulls an image with an ${kind} layer`, async (context) => {
    const folder = await tempFolder(context);
    await putImage(folder, mediaType, await make());
    const found = listing(await podmanExport(context, folder));
    const wanted = listing(await tarOf(TREE));
    assert.equal(
      found.filter((line) => wanted.includes(line)),
      wanted,
    );
  });
}

test.needs(missing("umoci"), "umoci unpacks an image with an eStargz layer", async (context) => {
  const folder = await tempFolder(context);
  await putImage(folder, MEDIA_TYPE.layerGzip, await estargz());
  await output("umoci", ["unpack", "--rootless", "--image", "out:1", "bundle"], { cwd: folder });
  const tar = execFileSync("tar", ["-C", join(folder, "bundle/rootfs"), "--format=gnu", "-c", "."], {
    maxBuffer: 64 * 1024 * 1024,
  });
  assert.equal(listing(tar), listing(await tarOf(TREE)));
});

test.run();
