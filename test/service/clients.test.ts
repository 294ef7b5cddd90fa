import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { createLayoutStore } from "../../src/store/layout.js";
import { putImage } from "../support/image.js";
import { missing, output, run } from "../support/programs.js";
import { type ServedRegistry, startServe } from "../support/serve.js";
import { folder as directory, file, layerOf } from "../support/stack.js";
import { suite, type TestContext } from "../support/suite.js";
import { tempFolder } from "../support/temp.js";

const test = suite("service: real clients", { deadlineMs: 120_000 });

interface Scene {
  readonly served: ServedRegistry;
  readonly folder: string;
  /** The manifest of an image that stands in the layout `from`, tagged `1`. */
  readonly digest: string;
  readonly sh: (program: string, ...args: readonly string[]) => Promise<string>;
}

/** A registry, and beside it a layout with an image. Programs run in a folder with a home of their own. */
async function setUp(context: TestContext): Promise<Scene> {
  const served = await startServe(context);
  const folder = await tempFolder(context);
  const local = createLayoutStore(join(folder, "from"));
  const layers = [
    await layerOf([directory("etc"), file("etc/hello", "hello\n")]),
    await layerOf([file("data", "d".repeat(600_000))]),
  ];
  const root = await putImage(local, layers, { annotations: { note: "kept" } });
  await local.tag([{ name: "1", descriptor: root }]);
  const env = { HOME: folder, XDG_CONFIG_HOME: undefined, DOCKER_CONFIG: undefined, REGISTRY_AUTH_FILE: undefined };
  const sh = async (program: string, ...args: readonly string[]) =>
    (await output(program, args, { cwd: folder, env })).trim();
  return { served, folder, digest: root.digest, sh };
}

const status = async (url: string) => (await fetch(url, { method: "HEAD" })).status;
const lines = (text: string) => text.split("\n").filter((line) => line !== "");

test.needs(missing("crane"), "crane pushes, pulls, lists, copies, mounts and deletes", async (context) => {
  const { served, digest, folder, sh } = await setUp(context);
  const crane = (...args: readonly string[]) => sh("crane", "--insecure", ...args);
  const name = `${served.host}/team/app`;
  await crane("push", "from", `${name}:1`);
  assert.is(await crane("digest", `${name}:1`), digest);
  await crane("tag", `${name}:1`, "2");
  assert.equal(lines(await crane("ls", name)), ["1", "2"]);
  assert.equal(lines(await crane("catalog", served.host)), ["team/app"]);
  await crane("copy", `${name}:1`, `${served.host}/team/other:1`);
  assert.is(await crane("digest", `${served.host}/team/other:1`), digest);
  await crane("pull", "--format=oci", `${name}:1`, "back");
  assert.match(await readFile(join(folder, "back/index.json"), "utf8"), digest);
  await crane("validate", "--fast", "--remote", `${name}:1`);
  await crane("delete", `${name}:2`);
  assert.equal(lines(await crane("ls", name)), ["1"]);
  await crane("delete", `${name}@${digest}`);
  assert.is(await status(`${served.url}/v2/team/app/manifests/${digest}`), 404);
  assert.is(await crane("digest", `${served.host}/team/other:1`), digest);
});

test.needs(missing("regctl"), "regctl copies, reads ranges, refers, lists and deletes", async (context) => {
  const { served, digest, folder, sh } = await setUp(context);
  const regctl = (...args: readonly string[]) => sh("regctl", "--host", `reg=${served.host},tls=disabled`, ...args);
  const name = `${served.host}/team/app`;
  await regctl("image", "copy", "ocidir://from:1", `${name}:1`);
  assert.is(await regctl("image", "digest", `${name}:1`), digest);
  await writeFile(join(folder, "sbom.json"), '{"sbom":true}');
  const sbom = ["--artifact-type", "application/spdx+json", "--file", "sbom.json"];
  await regctl("artifact", "put", "--subject", `${name}:1`, ...sbom);
  const referrers = await regctl("artifact", "list", `${name}:1`, "--format", "{{json .}}");
  assert.equal(
    JSON.parse(referrers).descriptors.map((each: { artifactType: string }) => each.artifactType),
    ["application/spdx+json"],
  );
  assert.match(await regctl("artifact", "get", "--subject", `${name}:1`), /sbom/);
  // Only by the registry's own endpoint: no fallback tag.
  assert.equal(lines(await regctl("tag", "ls", name)), ["1"]);
  await regctl("image", "copy", "--referrers", `${name}:1`, `${served.host}/team/other:1`);
  assert.equal(lines(await regctl("repo", "ls", served.host)), ["team/app", "team/other"]);
  assert.match(await regctl("artifact", "list", `${served.host}/team/other:1`), /spdx/);
  await regctl("tag", "delete", `${name}:1`);
  assert.equal(lines(await regctl("tag", "ls", name)), []);
  assert.is(await status(`${served.url}/v2/team/app/manifests/${digest}`), 200);
  await regctl("manifest", "delete", `${name}@${digest}`);
  assert.is(await status(`${served.url}/v2/team/app/manifests/${digest}`), 404);
});

test.needs(missing("oras"), "oras pushes artifacts, attaches, discovers, pulls and deletes", async (context) => {
  const { served, digest, folder, sh } = await setUp(context);
  const oras = (command: string, ...args: readonly string[]) =>
    sh("oras", ...command.split(" "), "--plain-http", ...args);
  const name = `${served.host}/team/app`;
  await sh("oras", "cp", "--from-oci-layout", "--to-plain-http", "from:1", `${name}:1`);
  assert.is(await oras("resolve", `${name}:1`), digest);
  await writeFile(join(folder, "note.txt"), "a note\n");
  await oras("attach", "--artifact-type", "text/x-note", "--annotation", "who=me", `${name}:1`, "note.txt");
  const found = JSON.parse(await oras("discover", "--format", "json", `${name}:1`));
  const [referrer] = found.manifests ?? found.referrers;
  assert.equal([referrer.artifactType, referrer.annotations.who], ["text/x-note", "me"]);
  assert.equal(lines(await oras("repo tags", name)), ["1"]);
  await oras("push", "--artifact-type", "text/x-note", `${name}:note`, "note.txt");
  await oras("pull", "-o", "pulled", `${name}:note`);
  assert.is(await readFile(join(folder, "pulled/note.txt"), "utf8"), "a note\n");
  assert.equal(lines(await oras("repo ls", served.host)), ["team/app"]);
  await oras("cp -r", "--to-oci-layout", `${name}:1`, "back:1").catch(() =>
    sh("oras", "cp", "-r", "--from-plain-http", "--to-oci-layout", `${name}:1`, "back:1"),
  );
  assert.match(await readFile(join(folder, "back/index.json"), "utf8"), digest);
  await oras("manifest delete", "--force", `${name}@${referrer.digest}`);
  assert.equal(JSON.parse(await oras("discover", "--format", "json", `${name}:1`)).manifests ?? [], []);
});

test.needs(missing("skopeo", "umoci"), "umoci makes a layer, skopeo brings it, back and away", async (context) => {
  const { served, folder, sh } = await setUp(context);
  await sh("umoci", "unpack", "--rootless", "--image", "from:1", "bundle");
  await writeFile(join(folder, "bundle/rootfs/added"), "added");
  await sh("umoci", "repack", "--image", "from:2", "bundle");
  const skopeo = (...args: readonly string[]) => sh("skopeo", "--insecure-policy", ...args);
  const place = `docker://${served.host}/team/app`;
  await skopeo("copy", "-q", "--dest-tls-verify=false", "oci:from:2", `${place}:2`);
  await skopeo("copy", "-q", "--src-tls-verify=false", `${place}:2`, "oci:back:2");
  await sh("umoci", "unpack", "--rootless", "--image", "back:2", "again");
  assert.is(await readFile(join(folder, "again/rootfs/added"), "utf8"), "added");
  assert.equal(JSON.parse(await skopeo("list-tags", "--tls-verify=false", place)).Tags, ["2"]);
  await skopeo("delete", "--tls-verify=false", `${place}:2`);
  assert.not.ok((await run("skopeo", ["inspect", "--tls-verify=false", `${place}:2`])).code === 0);
});

test.needs(
  missing("podman", "buildah", "newuidmap"),
  "podman and buildah push, pull, search and run what they made",
  async (context) => {
    const { served, folder, sh } = await setUp(context);
    // podman takes no more than 50 characters here.
    const running = await mkdtemp("/tmp/lading-");
    const storage = ["--root", join(folder, "storage"), "--runroot", running, "--storage-driver", "vfs"];
    context.defer(async () => {
      await run("podman", ["unshare", "rm", "-rf", join(folder, "storage"), running], { cwd: folder });
    });
    await writeFile(join(folder, "policy.json"), '{"default":[{"type":"insecureAcceptAnything"}]}');
    const policy = ["--signature-policy", "policy.json"];
    const buildah = (...args: readonly string[]) => sh("buildah", ...storage, ...args);
    const name = `${served.host}/team/made`;
    const container = await buildah("from", "scratch");
    await buildah("copy", "-q", container, "from/oci-layout", "/here");
    await buildah("commit", "-q", ...policy, container, "made");
    await buildah("push", "-q", ...policy, "--tls-verify=false", "made", `docker://${name}:1`);
    const podman = (...args: readonly string[]) => sh("podman", ...storage, ...args);
    await podman("pull", "-q", ...policy, "--tls-verify=false", `${name}:1`);
    await podman("push", "-q", "--tls-verify=false", `${name}:1`, `${name}:2`);
    const tags = (await (await fetch(`${served.url}/v2/team/made/tags/list`)).json()) as { tags: string[] };
    assert.equal(tags.tags, ["1", "2"]);
    assert.match(await podman("search", "--tls-verify=false", "--list-tags", name), /\b2\b/);
    const made = await podman("create", `${name}:1`, "/here");
    await podman("export", "-o", join(folder, "export.tar"), made);
    assert.ok((await readdir(folder)).includes("export.tar"));
  },
);

test.needs(missing("skopeo", "openssl"), "skopeo trusts it over TLS, and only with its authority", async (context) => {
  const folder = await tempFolder(context);
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const files = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "ca.crt")];
  await output("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...subject, ...files]);
  const flags = ["--cert", join(folder, "ca.crt"), "--key", join(folder, "key.pem")];
  const { url, host } = await startServe(context, { flags });
  assert.match(url, /^https:/);
  const local = createLayoutStore(join(folder, "from"));
  await local.tag([{ name: "1", descriptor: await putImage(local, [Buffer.from("layer")]) }]);
  const copy = (...more: readonly string[]) =>
    run("skopeo", [
      "--insecure-policy",
      "copy",
      "-q",
      ...more,
      `oci:${join(folder, "from")}:1`,
      `docker://${host}/a:1`,
    ]);
  assert.match((await copy()).stderr, /certificate/);
  const trusted = await copy("--dest-cert-dir", folder);
  assert.is(trusted.code, 0, trusted.stderr);
});

test.run();
